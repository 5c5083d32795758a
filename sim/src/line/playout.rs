//! The carrier's buffer and the callee's loudspeaker: plays in order at 8 kHz, returns marks when
//! what was queued before them has played **or at once on clear**, and keeps the truth of it.

use std::collections::VecDeque;

use media::codec::g711::mulaw_decode;
use serde::Serialize;

use crate::sound::{FRAME_SAMPLES, samples_in};

/// Most audio a carrier buffers, in samples: 120 s. What does not fit is dropped and counted.
pub const BUFFER_SAMPLES_MAX: usize = samples_in(120_000);
/// Most of the truth that is kept, in samples: 30 min. Later sound is played and counted only.
pub const HEARD_SAMPLES_MAX: usize = samples_in(1_800_000);
/// Most runs and clears kept.
const NOTES_MAX: usize = 100_000;

/// A stretch of the agent's sound that played without a break. Positions are samples since answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Run {
    /// First sample.
    pub from_sample: u64,
    /// Just after the last sample (so far).
    pub to_sample: u64,
    /// It ended because the agent cleared the buffer, not because the buffer ran dry.
    pub cleared: bool,
}

/// A clear of the agent's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Clear {
    /// When, in samples since answer.
    pub at_sample: u64,
    /// How many samples it dropped.
    pub dropped_samples: u64,
}

/// Where the agent's samples are. `received = played + cleared + queued`; `refused` never got in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Accepted into the buffer.
    pub received: u64,
    /// Heard by the callee.
    pub played: u64,
    /// Dropped by clears.
    pub cleared: u64,
    /// Still waiting.
    pub queued: u64,
    /// Dropped because the buffer was full.
    pub refused: u64,
    /// Samples of the buffer left when the call ended.
    pub lost_at_end: u64,
}

/// The buffer and its truth.
#[derive(Clone, Debug)]
pub(super) struct Playout {
    queue: VecDeque<i16>,
    marks: VecDeque<(u64, String)>,
    returned: VecDeque<String>,
    prebuffer_samples: u64,
    position: u64,
    plays_from: u64,
    running: bool,
    frame: Vec<i16>,
    pub(super) counts: Counts,
    pub(super) keep: bool,
    pub(super) heard: Vec<i16>,
    pub(super) runs: Vec<Run>,
    pub(super) clears: Vec<Clear>,
}

impl Playout {
    pub(super) fn new(prebuffer_ms: u32, keep: bool) -> Self {
        Self {
            queue: VecDeque::new(),
            marks: VecDeque::new(),
            returned: VecDeque::new(),
            prebuffer_samples: samples_in(prebuffer_ms) as u64,
            position: 0,
            plays_from: 0,
            running: false,
            frame: Vec::with_capacity(FRAME_SAMPLES),
            counts: Counts::default(),
            keep,
            heard: Vec::new(),
            runs: Vec::new(),
            clears: Vec::new(),
        }
    }

    /// Plays up to a position, at most to the end of the frame under way.
    pub(super) fn advance(&mut self, to_position: u64) {
        while self.position < to_position && self.frame.len() < FRAME_SAMPLES {
            let speaks = self.position >= self.plays_from && !self.queue.is_empty();
            if !speaks {
                self.running = false;
            }
            let sample = if speaks { self.queue.pop_front().unwrap_or(0) } else { 0 };
            if speaks {
                self.played_one();
            }
            self.frame.push(sample);
            if self.keep && self.heard.len() < HEARD_SAMPLES_MAX {
                self.heard.push(sample);
            }
            self.position += 1;
        }
    }

    fn played_one(&mut self) {
        let next = self.position + 1;
        if let Some(run) = self.runs.last_mut().filter(|_| self.running) {
            run.to_sample = next;
        } else if self.runs.len() < NOTES_MAX {
            let from_sample = self.position;
            self.runs.push(Run { from_sample, to_sample: next, cleared: false });
        }
        self.running = true;
        self.counts.played += 1;
        self.counts.queued -= 1;
        self.return_marks();
    }

    /// The frame that has just been heard, once it is whole.
    pub(super) fn take_frame(&mut self) -> Option<[i16; FRAME_SAMPLES]> {
        let frame = self.frame.as_slice().try_into().ok()?;
        self.frame.clear();
        Some(frame)
    }

    /// Queues audio. A buffer that was dry waits for its prebuffer first.
    pub(super) fn push(&mut self, mulaw: &[u8]) {
        if self.queue.is_empty() && !mulaw.is_empty() {
            let dry = !self.running;
            self.plays_from = self.position + if dry { self.prebuffer_samples } else { 0 };
        }
        let fits = mulaw.len().min(BUFFER_SAMPLES_MAX - self.queue.len().min(BUFFER_SAMPLES_MAX));
        self.queue.extend(mulaw[..fits].iter().map(|&byte| mulaw_decode(byte)));
        self.counts.received += fits as u64;
        self.counts.queued += fits as u64;
        self.counts.refused += (mulaw.len() - fits) as u64;
    }

    /// Queues a mark behind what is queued.
    pub(super) fn mark(&mut self, name: String) {
        self.marks.push_back((self.counts.received, name));
        self.return_marks();
    }

    /// Drops what has not played; every mark comes back.
    pub(super) fn clear(&mut self) {
        let dropped = self.queue.len() as u64;
        self.queue.clear();
        self.counts.cleared += dropped;
        self.counts.queued = 0;
        if self.clears.len() < NOTES_MAX {
            self.clears.push(Clear { at_sample: self.position, dropped_samples: dropped });
        }
        if self.running
            && let Some(run) = self.runs.last_mut()
        {
            run.cleared = true;
        }
        self.running = false;
        self.return_marks();
    }

    /// The call is over: what is queued was never heard.
    pub(super) fn end(&mut self) {
        self.counts.lost_at_end += self.counts.queued;
        self.counts.queued = 0;
        self.queue.clear();
        self.marks.clear();
    }

    /// How far the line has played.
    pub(super) fn heard_until(&self) -> u64 {
        self.position
    }

    /// A mark that comes back now.
    pub(super) fn poll_mark(&mut self) -> Option<String> {
        self.returned.pop_front()
    }

    /// Position at which the next mark comes back, if nothing changes.
    pub(super) fn next_mark(&self) -> Option<u64> {
        let (at, _) = self.marks.front()?;
        let left = at.saturating_sub(self.counts.played + self.counts.cleared);
        Some(self.position.max(self.plays_from) + left)
    }

    fn return_marks(&mut self) {
        let gone = self.counts.played + self.counts.cleared;
        while self.marks.front().is_some_and(|(at, _)| *at <= gone) {
            self.returned.extend(self.marks.pop_front().map(|(_, name)| name));
        }
    }
}
