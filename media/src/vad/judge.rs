//! When the neural judge is asked, and about what: 32 ms at a time, while the gate is open or was
//! open a moment ago, with the sound from just before it opened.

use std::collections::VecDeque;

use super::VadConfig;
use crate::{
    Mono,
    circuit::{JUDGE_SAMPLES, Verdict},
};

/// Sound kept, in samples: half a second.
const HISTORY: usize = 4096;
/// Asked about at once when the gate opens: three chunks from before it, and the one it opened in.
const PRE_ROLL: u64 = 4 * JUDGE_SAMPLES as u64;
/// After the gate shut the judge is still asked for so long, in samples.
const AFTER: u64 = 2400;
/// Most chunks under way; when more are, the oldest verdict is no longer waited for.
const CHUNKS_MAX: usize = 32;

/// What a verdict says, with its place in the stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Judged {
    pub(super) to_sample: u64,
    pub(super) probability: f32,
}

pub(super) struct Judge {
    history: Vec<i16>,
    /// Samples heard so far.
    total: u64,
    /// First sample of the next chunk.
    cursor: u64,
    /// Chunks are asked for while they begin before this.
    until: u64,
    reset: bool,
    next_chunk: u32,
    asked: VecDeque<Asked>,
    wait_us: u64,
    chunk: [i16; JUDGE_SAMPLES],
}

#[derive(Clone, Copy)]
struct Asked {
    chunk: u32,
    to_sample: u64,
    at: Mono,
}

impl Judge {
    pub(super) fn new(config: &VadConfig) -> Self {
        Self {
            history: vec![0; HISTORY],
            total: 0,
            cursor: 0,
            until: 0,
            reset: true,
            next_chunk: 0,
            asked: VecDeque::with_capacity(CHUNKS_MAX),
            wait_us: u64::from(config.verdict_wait_ms) * 1000,
            chunk: [0; JUDGE_SAMPLES],
        }
    }

    pub(super) fn hop(&mut self, samples: &[i16], open: bool) {
        // Around the end of the history if need be.
        let (_, room) = self.history.split_at_mut((self.total % HISTORY as u64) as usize);
        let (now, later) = samples.split_at(samples.len().min(room.len()));
        room[..now.len()].copy_from_slice(now);
        self.history[..later.len()].copy_from_slice(later);
        self.total += samples.len() as u64;
        if open {
            if self.cursor >= self.until {
                let start = self.total.saturating_sub(PRE_ROLL);
                self.reset |= start > self.cursor;
                self.cursor = self.cursor.max(start);
            }
            self.until = self.total + AFTER;
        }
    }

    /// The next chunk to ask about, if one is complete: its number and whether there is a gap
    /// before it. Its samples are in [`Self::chunk`].
    pub(super) fn ask(&mut self, now: Mono) -> Option<(u32, bool)> {
        let to_sample = self.cursor + JUDGE_SAMPLES as u64;
        if self.cursor >= self.until || to_sample > self.total {
            return None;
        }
        let (start, first) = self.history.split_at((self.cursor % HISTORY as u64) as usize);
        let (begin, end) = self.chunk.split_at_mut(first.len().min(JUDGE_SAMPLES));
        begin.copy_from_slice(&first[..begin.len()]);
        end.copy_from_slice(&start[..end.len()]);
        self.cursor = to_sample;
        let chunk = self.next_chunk;
        self.next_chunk = self.next_chunk.wrapping_add(1);
        if self.asked.len() == CHUNKS_MAX {
            self.asked.pop_front();
        }
        self.asked.push_back(Asked { chunk, to_sample, at: now });
        Some((chunk, std::mem::take(&mut self.reset)))
    }

    pub(super) fn chunk(&self) -> &[i16; JUDGE_SAMPLES] {
        &self.chunk
    }

    /// A verdict came; `None` when it is not waited for. Those asked for before it are given up.
    pub(super) fn verdict(&mut self, verdict: Verdict) -> Option<Judged> {
        let at = self.asked.iter().position(|asked| asked.chunk == verdict.chunk)?;
        let to_sample = self.asked[at].to_sample;
        self.asked.drain(..=at);
        let probability =
            if verdict.probability.is_nan() { 0.0 } else { verdict.probability.clamp(0.0, 1.0) };
        Some(Judged { to_sample, probability })
    }

    /// A question has waited too long for its answer.
    pub(super) fn is_silent(&self, now: Mono) -> bool {
        self.asked
            .front()
            .is_some_and(|asked| now.since(asked.at).as_micros() as u64 > self.wait_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hops(judge: &mut Judge, open: &[bool]) -> Vec<(u32, bool, i16)> {
        let mut asked = Vec::new();
        for &open in open {
            let from = judge.total as i16;
            let hop: Vec<i16> = (from..from + 80).collect();
            judge.hop(&hop, open);
            while let Some((chunk, reset)) = judge.ask(Mono::ZERO) {
                asked.push((chunk, reset, judge.chunk()[0]));
            }
        }
        asked
    }

    #[test]
    fn asked_with_pre_roll_then_without_gap_then_no_more() {
        let mut judge = Judge::new(&VadConfig::default());
        assert!(hops(&mut judge, &[false; 20]).is_empty());
        let asked = hops(&mut judge, &[true]);
        let start = 21 * 80 - 1024;
        let expected: Vec<_> = (0..4).map(|n| (n, n == 0, start + 256 * n as i16)).collect();
        assert_eq!(asked, expected);
        let asked = hops(&mut judge, &[false; 40]);
        assert_eq!(asked.len(), 10, "300 ms more: {asked:?}");
        assert!(asked.iter().all(|(_, reset, _)| !reset));
        // Soon again: no gap. Much later: a gap.
        assert_eq!(hops(&mut judge, &[true])[0], (14, false, asked[9].2 + 256));
        hops(&mut judge, &[false; 100]);
        assert!(hops(&mut judge, &[true])[0].1);
    }

    #[test]
    fn verdicts_are_taken_once_and_in_order() {
        let mut judge = Judge::new(&VadConfig::default());
        hops(&mut judge, &[false; 20]);
        hops(&mut judge, &[true]);
        let verdict = |chunk, probability| Verdict { chunk, probability };
        assert!(judge.is_silent(Mono::from_millis(251)));
        assert_eq!(judge.verdict(verdict(9, 1.0)), None);
        assert!(judge.verdict(verdict(1, 7.0)).is_some_and(|judged| judged.probability == 1.0));
        assert_eq!(judge.verdict(verdict(0, 1.0)), None, "given up");
        assert!(
            judge.verdict(verdict(2, f32::NAN)).is_some_and(|judged| judged.probability == 0.0)
        );
        assert_eq!(judge.verdict(verdict(2, 1.0)), None, "twice");
    }
}
