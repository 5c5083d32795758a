//! The connection: when to dial again, and the sound that waits for it.

use std::{collections::VecDeque, time::Duration};

use media::{Mono, codec::g711};

use super::Encoding;
use crate::fault::Fault;

/// Samples (8 kHz) that wait for a connection: 10 s. When more come, the oldest are lost.
const SOUND_MAX: usize = 10 * 8000;
/// Samples in one message: 1 s. A frame of 20 ms goes out as it comes.
const MESSAGE_MAX: usize = 8000;
/// The first wait before dialling again; it doubles up to the last.
const WAIT_FIRST: Duration = Duration::from_millis(250);
const WAIT_LAST: Duration = Duration::from_secs(5);
/// When the vendor asks us to wait longer than this, a call cannot.
const RETRY_AFTER_MS_MAX: u32 = 30_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    New,
    Dialling,
    Open {
        last_sent: Mono,
    },
    Waiting {
        until: Mono,
    },
    GivenUp,
}

/// One stream's connections, one after another.
#[derive(Default)]
pub(super) struct Link {
    state: State,
    /// Failures in a row.
    failures: u32,
    waiting: VecDeque<i16>,
    /// Position of the first sample that waits.
    waiting_from: u64,
    /// Position of this connection's first sample.
    base: u64,
}

impl Link {
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.state == State::GivenUp
    }

    /// A connection stands or is being made.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self.state, State::Open { .. } | State::Dialling)
    }

    /// Position of this connection's first sample: Deepgram counts seconds from there.
    pub(super) fn base(&self) -> u64 {
        self.base
    }

    pub(super) fn sound(&mut self, samples: &[i16]) {
        self.waiting.extend(samples);
        // Nobody will ask for it any more, but positions go on.
        let room = if self.is_given_up() { 0 } else { SOUND_MAX };
        let lost = self.waiting.len().saturating_sub(room);
        self.waiting.drain(..lost);
        self.waiting_from += lost as u64;
    }

    /// The next message of sound that waits.
    pub(super) fn take_sound(&mut self, encoding: Encoding) -> Option<Vec<u8>> {
        if self.waiting.is_empty() {
            return None;
        }
        let count = self.waiting.len().min(MESSAGE_MAX);
        self.waiting_from += count as u64;
        let samples = self.waiting.drain(..count);
        Some(match encoding {
            Encoding::Mulaw => samples.map(g711::mulaw_encode).collect(),
            Encoding::Linear16 => samples.flat_map(i16::to_le_bytes).collect(),
        })
    }

    /// Whether to connect now; if so, it counts as done.
    pub(super) fn dial(&mut self, now: Mono) -> bool {
        let due = match self.state {
            State::New => true,
            State::Waiting { until } => until <= now,
            State::Dialling | State::Open { .. } | State::GivenUp => false,
        };
        if due {
            self.state = State::Dialling;
        }
        due
    }

    pub(super) fn dial_at(&self) -> Option<Mono> {
        match self.state {
            State::Waiting { until } => Some(until),
            _ => None,
        }
    }

    pub(super) fn opened(&mut self, now: Mono) {
        if self.state == State::Dialling {
            self.state = State::Open { last_sent: now };
            self.base = self.waiting_from;
        }
    }

    pub(super) fn sent(&mut self, now: Mono) {
        if let State::Open { last_sent } = &mut self.state {
            *last_sent = now;
        }
    }

    pub(super) fn keepalive_at(&self, period: Duration) -> Option<Mono> {
        match self.state {
            State::Open { last_sent } => Some(last_sent + period),
            _ => None,
        }
    }

    /// The vendor does its work: failures before do not count any more.
    pub(super) fn works(&mut self) {
        self.failures = 0;
    }

    /// The connection is gone; says whether another is made.
    pub(super) fn lost(&mut self, now: Mono, fault: &Fault, retries_max: u32) -> bool {
        let too_long = fault.retry_after_ms.is_some_and(|ms| ms > RETRY_AFTER_MS_MAX);
        if !fault.class.may_retry() || too_long || self.failures >= retries_max {
            self.give_up();
            return false;
        }
        let doubled = WAIT_FIRST.saturating_mul(1 << self.failures.min(8)).min(WAIT_LAST);
        let asked = fault.retry_after_ms.map(|ms| Duration::from_millis(u64::from(ms)));
        self.failures += 1;
        self.state = State::Waiting { until: now + asked.map_or(doubled, |ms| ms.max(doubled)) };
        true
    }

    pub(super) fn give_up(&mut self) {
        self.state = State::GivenUp;
        self.waiting_from += self.waiting.len() as u64;
        self.waiting.clear();
    }
}
