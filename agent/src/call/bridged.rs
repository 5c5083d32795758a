//! The user talks with the callee; we are silent and write nothing down. Either side's end ends both.

use media::{Mono, circuit::Command};
use telephony::{Cause, Control, Signal};

use super::{
    Next, State,
    closing::Closing,
    parts::Parts,
    words::{EndedBy, Input, Output},
};

/// The two legs are joined.
#[derive(Debug)]
pub(super) struct Bridged;

impl Bridged {
    pub(super) fn enter(parts: &mut Parts, now: Mono) -> Self {
        parts.forget();
        parts.hush(now, true);
        parts.sound(Command::Clear);
        for step in parts.turn.abandon(now) {
            if let crate::turn::Step::Listen(listen) = step {
                parts.put(Output::Listen(listen));
            }
        }
        parts.quiet.stop();
        parts.end_waterfall();
        parts.bridging_until = None;
        parts.put(Output::Control(Control::Bridge));
        Self
    }

    pub(super) fn handle(&mut self, parts: &mut Parts, now: Mono, input: &Input) -> Next {
        match input {
            Input::Signal(Signal::BridgeEnded { .. }) => {
                let closing = Closing::hang_up(parts, now, Cause::NormalClearing, EndedBy::Network);
                Next::Go(State::Closing(closing))
            }
            // Sound flows between the two; what the circuit and the voices say of it is not ours.
            Input::Sound(_) | Input::Stt(_) | Input::Llm(_) | Input::Tts(_) | Input::Tick => {
                Next::Stay
            }
            Input::Signal(Signal::MediaStopped | Signal::MediaStarted { .. }) => Next::Stay,
            _ => Next::Ignore,
        }
    }
}
