//! Answered, and no sound yet; or the stream was lost and may come back.

use std::time::Duration;

use media::Mono;
use telephony::{Cause, DigitPath, Signal};

use super::{
    Next, State,
    bridged::Bridged,
    closing::Closing,
    conversing::Conversing,
    parts::Parts,
    words::{EndedBy, Input},
};

/// A carrier that does not reattach says within this time that the call is over, in ms.
pub(super) const HANGUP_SIGNAL_MS: u32 = 1_500;

/// Waiting for the media stream.
#[derive(Debug)]
pub(super) struct Connecting {
    pub(super) until: Mono,
    /// The conversation had begun before.
    is_reattach: bool,
}

impl Connecting {
    /// After the answer.
    pub(super) fn enter(parts: &Parts, now: Mono) -> Self {
        let wait = Duration::from_millis(u64::from(parts.config.policy.media_wait_ms_max));
        Self { until: now + wait, is_reattach: false }
    }

    /// The stream is gone: what was being said is cut off and said again should it come back.
    pub(super) fn lost(parts: &mut Parts, now: Mono) -> Self {
        let unsaid = parts.unsaid();
        parts.forget();
        parts.hush(now, false);
        parts.rest.extend(unsaid);
        parts.quiet.stop();
        let comes_back = parts
            .capabilities
            .is_some_and(|leg| leg.reattach || leg.digits == DigitPath::PlayAndReattach);
        let wait_ms =
            if comes_back { parts.config.policy.reattach_ms_max } else { HANGUP_SIGNAL_MS };
        Self { until: now + Duration::from_millis(u64::from(wait_ms)), is_reattach: true }
    }

    /// The stream was lost in mid-conversation.
    pub(super) fn is_reattach(&self) -> bool {
        self.is_reattach
    }

    pub(super) fn handle(&mut self, parts: &mut Parts, now: Mono, input: &Input) -> Next {
        match input {
            Input::Signal(Signal::MediaStarted { capabilities }) => {
                parts.answered_at.get_or_insert(now);
                parts.capabilities = Some(*capabilities);
                Next::Go(if !self.is_reattach {
                    State::Conversing(Conversing::enter(parts, now))
                } else if parts.user_answered() {
                    State::Bridged(Bridged::enter(parts, now))
                } else {
                    State::Conversing(Conversing::resume(parts, now))
                })
            }
            Input::Signal(Signal::Answered) if parts.answered_at.is_none() => {
                parts.answered_at = Some(now);
                Next::Stay
            }
            Input::Signal(Signal::DigitsSent) => Next::Stay,
            Input::Signal(Signal::BridgeAnswered) if parts.has_user_leg() => {
                parts.user_answers();
                Next::Stay
            }
            Input::Signal(Signal::BridgeEnded { .. }) if parts.has_user_leg() => {
                parts.user_absent();
                Next::Stay
            }
            Input::Tick if now >= self.until => {
                parts.notice("media_lost", "the media stream did not come in time");
                let closing = Closing::hang_up(parts, now, Cause::MediaLost, EndedBy::Network);
                Next::Go(State::Closing(closing))
            }
            Input::Tick => Next::Stay,
            _ => Next::Ignore,
        }
    }
}
