//! The carrier's buffer in front of a callee who only listens: counts of samples, not samples.
//!
//! The same account as `sim::line` keeps (a test holds one against the other), at a hundredth of
//! its cost: nobody looks at what these callees hear, only at when.

use std::collections::VecDeque;

/// Samples in a millisecond.
const SAMPLES_PER_MS: u64 = 8;
/// A dry buffer holds this much back before it plays, in samples.
const PREBUFFER: u64 = 20 * SAMPLES_PER_MS;
/// Holes in the sound up to this long are the buffer running dry; longer ones are pauses.
const GAP_MAX: u64 = 400 * SAMPLES_PER_MS;
/// Most audio a carrier buffers; what does not fit is dropped.
const BUFFER_MAX: u64 = 120_000 * SAMPLES_PER_MS;
/// Most marks waiting.
const MARKS_MAX: usize = 10_000;

/// The buffer and what became of it. Positions are samples since the stream began.
#[derive(Debug, Default)]
pub(crate) struct Playout {
    position: u64,
    plays_from: u64,
    queued: u64,
    gone: u64,
    running: bool,
    /// End of the last unbroken stretch of sound, unless a clear ended it.
    dried_at: Option<u64>,
    marks: VecDeque<(u64, String)>,
    /// Samples accepted.
    pub(crate) received: u64,
    /// Times the buffer ran dry in the middle of sound.
    pub(crate) gaps: u64,
}

impl Playout {
    /// Plays up to `to`.
    pub(crate) fn advance(&mut self, to: u64) {
        if to <= self.position {
            return;
        }
        let from = self.position.max(self.plays_from);
        if self.queued == 0 || from >= to {
            self.running = false;
            self.position = to;
            return;
        }
        if from > self.position {
            self.running = false;
        }
        if !self.running && self.dried_at.is_some_and(|end| from - end <= GAP_MAX) {
            self.gaps += 1;
        }
        let played = self.queued.min(to - from);
        self.queued -= played;
        self.gone += played;
        self.dried_at = Some(from + played);
        self.running = from + played == to;
        self.position = to;
    }

    /// Queues sound. A buffer that was dry waits for its prebuffer first.
    pub(crate) fn push(&mut self, samples: u64) {
        if self.queued == 0 && samples > 0 {
            self.plays_from = self.position + if self.running { 0 } else { PREBUFFER };
        }
        let fits = samples.min(BUFFER_MAX - self.queued);
        self.queued += fits;
        self.received += fits;
    }

    /// Queues a mark behind what is queued; `false` when there are too many.
    pub(crate) fn mark(&mut self, name: String) -> bool {
        let fits = self.marks.len() < MARKS_MAX;
        if fits {
            self.marks.push_back((self.received, name));
        }
        fits
    }

    /// Drops what has not played; every mark comes back.
    pub(crate) fn clear(&mut self) {
        self.gone += self.queued;
        self.queued = 0;
        if self.running {
            self.dried_at = None;
        }
        self.running = false;
    }

    /// A mark that comes back now.
    pub(crate) fn poll_mark(&mut self) -> Option<String> {
        let (at, _) = self.marks.front()?;
        if *at > self.gone {
            return None;
        }
        self.marks.pop_front().map(|(_, name)| name)
    }

    /// Where the next mark comes back, if nothing changes.
    pub(crate) fn next_mark(&self) -> Option<u64> {
        let (at, _) = self.marks.front()?;
        Some(self.position.max(self.plays_from) + at.saturating_sub(self.gone))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fastrand::Rng;
    use media::Mono;
    use sim::callee::Script;
    use sim::line::{Line, LineConfig, LineInput, LineOutput};
    use telephony::{conformance::Wire, stream::Message};

    use super::*;

    const GAP_MS_MAX: u32 = (GAP_MAX / SAMPLES_PER_MS) as u32;

    /// The emulator of `sim`, which plays every sample.
    fn emulator() -> Line {
        let script = Script {
            name: "listener".to_owned(),
            answer: sim::callee::Answer::After { ring_ms: 0 },
            jitter_ms: 0,
            background: None,
            steps: Vec::new(),
        };
        let score = sim::callee::Score::mumbled(&script).expect("no sound to make");
        let mut config = LineConfig::new(score.into());
        config.attach_ms = 0;
        let mut line = Line::new(config, Mono::ZERO);
        line.handle(Mono::ZERO, LineInput::Tick);
        while line.poll().is_some() {}
        line
    }

    fn marks_of(line: &mut Line) -> usize {
        std::iter::from_fn(|| line.poll())
            .filter(
                |out| matches!(out, LineOutput::Message(Wire::Text(t)) if t.contains("\"mark\"")),
            )
            .count()
    }

    #[test]
    fn the_account_is_the_emulators() {
        let stream = format!("MZ{:032x}", 1);
        for seed in 0..40 {
            let mut rng = Rng::with_seed(seed);
            let (mut line, mut playout) = (emulator(), Playout::default());
            let mut now = Mono::ZERO;
            for step in 0..400 {
                now = now + Duration::from_micros(125 * rng.u64(0..500));
                playout.advance(line.position_at(now));
                let text = match rng.u8(0..20) {
                    0 => {
                        playout.clear();
                        format!(r#"{{"event":"clear","streamSid":"{stream}"}}"#)
                    }
                    1..4 => {
                        assert!(playout.mark(step.to_string()));
                        format!(
                            r#"{{"event":"mark","streamSid":"{stream}","mark":{{"name":"{step}"}}}}"#
                        )
                    }
                    _ => {
                        let samples = rng.usize(0..600);
                        playout.push(samples as u64);
                        let payload = base64_simd::STANDARD.encode_to_string(vec![0x10; samples]);
                        format!(
                            r#"{{"event":"media","streamSid":"{stream}","media":{{"payload":"{payload}"}}}}"#
                        )
                    }
                };
                line.handle(now, LineInput::Message(Message::Text(&text)));
                let returned = std::iter::from_fn(|| playout.poll_mark()).count();
                assert_eq!(marks_of(&mut line), returned, "seed {seed}, step {step}");
            }
            let counts = line.counts();
            assert_eq!(playout.received, counts.received, "seed {seed}");
            assert_eq!(playout.queued, counts.queued, "seed {seed}");
            assert_eq!(playout.gone, counts.played + counts.cleared, "seed {seed}");
            assert_eq!(playout.gaps, line.underruns(GAP_MS_MAX).len() as u64, "seed {seed}");
        }
    }

    #[test]
    fn a_mark_is_due_when_what_came_before_it_has_played() {
        let mut playout = Playout::default();
        playout.push(160);
        assert!(playout.mark("a".to_owned()));
        assert_eq!(playout.next_mark(), Some(PREBUFFER + 160));
        playout.advance(PREBUFFER + 159);
        assert_eq!(playout.poll_mark(), None);
        playout.advance(PREBUFFER + 160);
        assert_eq!(playout.poll_mark().as_deref(), Some("a"));
        assert_eq!(playout.next_mark(), None);
    }
}
