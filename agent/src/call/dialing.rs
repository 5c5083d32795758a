//! It rings, or is about to. Ends with an answer, the carrier's refusal, or when it has rung enough.

use std::time::Duration;

use media::Mono;
use telephony::{Cause, Control, Signal};

use super::{
    Next, State,
    closing::Closing,
    connecting::Connecting,
    conversing::Conversing,
    parts::Parts,
    words::{EndedBy, Input, Output},
};

/// More than the carrier was told, so that its own word comes first, in ms.
const CARRIER_GRACE_MS: u64 = 10_000;

/// The callee's telephone rings.
#[derive(Debug)]
pub(super) struct Dialing {
    pub(super) until: Mono,
}

impl Dialing {
    /// Asks the carrier to dial. `None` when there is no number.
    pub(super) fn enter(parts: &mut Parts, now: Mono) -> Option<Self> {
        let to = parts.config.to.clone()?;
        let ring_seconds_max = parts.config.policy.ring_seconds_max;
        let from = parts.config.from.clone();
        parts.put(Output::Control(Control::Dial { to, from, ring_seconds_max }));
        let ring = Duration::from_secs(u64::from(ring_seconds_max));
        Some(Self { until: now + ring + Duration::from_millis(CARRIER_GRACE_MS) })
    }

    pub(super) fn handle(&mut self, parts: &mut Parts, now: Mono, input: &Input) -> Next {
        match input {
            Input::Signal(Signal::Ringing) => Next::Stay,
            Input::Signal(Signal::Answered) => {
                parts.answered_at = Some(now);
                Next::Go(State::Connecting(Connecting::enter(parts, now)))
            }
            Input::Signal(Signal::MediaStarted { capabilities }) => {
                parts.answered_at = Some(now);
                parts.capabilities = Some(*capabilities);
                Next::Go(State::Conversing(Conversing::enter(parts, now)))
            }
            Input::Tick if now >= self.until => {
                let closing = Closing::hang_up(parts, now, Cause::NoAnswer, EndedBy::Network);
                Next::Go(State::Closing(closing))
            }
            Input::Tick => Next::Stay,
            _ => Next::Ignore,
        }
    }
}
