//! The user is told in private who waits, then the two talk with each other: we are silent and write
//! nothing down. Either side's end ends both. A machine that answers the user's telephone, heard as such
//! while it is told, is not the user.

use std::time::Duration;

use media::{
    Mono,
    circuit::{Command, Event, UtteranceId},
};
use telephony::{Bridging, Cause, Control, Signal};

use super::{
    Next, State,
    closing::Closing,
    config::Timer,
    connecting::{Connecting, HANGUP_SIGNAL_MS},
    conversing::Conversing,
    parts::Parts,
    words::{EndedBy, Input, Output},
};
use crate::{
    line::{self, Carrier, Watch},
    tts,
    turn::Step,
};

/// What the callee hears meanwhile.
const CONNECTING: &str = "They're here. I'm connecting you now.";
/// Longest that the announcement may take, in ms; then they are joined without its end.
const ANNOUNCE_MS_MAX: u64 = 12_000;
/// A leg without a packet for so long is lost, in ms.
const DEAF_MS_MAX: u32 = 30_000;

/// The user is there, or a machine of theirs.
#[derive(Debug)]
pub(super) struct Bridged(Phase);

#[derive(Debug)]
enum Phase {
    /// The user is told who waits, at most until then, and their line is watched.
    Announces { utterance: UtteranceId, until: Mono, user: Box<Watch> },
    /// They talk. The callee's stream is gone: the carrier says until then what of the call.
    Joined { lost: Option<Mono> },
}

impl Bridged {
    /// The user answered. What is being said to the callee is said to its end: it tells them of this.
    pub(super) fn enter(parts: &mut Parts, now: Mono) -> Self {
        parts.forget();
        parts.rest.clear();
        parts.quiet.stop();
        parts.owed = false;
        if !mixes_here(parts) {
            parts.hush(now, true);
            parts.put(Output::Control(Control::Bridge));
            return Self::joined(parts, now);
        }
        parts.say_all(now, CONNECTING, false);
        let utterance = parts.whisper(&announcement(parts));
        let until = now + Duration::from_millis(ANNOUNCE_MS_MAX);
        let mut user = Box::new(Watch::new());
        user.handle(now, line::Input::Carrier(Carrier::Answered));
        Self(Phase::Announces { utterance, until, user })
    }

    pub(super) fn is_joined(&self) -> bool {
        matches!(self.0, Phase::Joined { .. })
    }

    pub(super) fn deadlines(&self, parts: &Parts) -> [Option<(Mono, Timer)>; 2] {
        match &self.0 {
            Phase::Announces { until, user, .. } => [
                Some((user.deadline().map_or(*until, |at| at.min(*until)), Timer::Bridge)),
                parts.turn.deadline().map(|at| (at, Timer::Endpoint)),
            ],
            Phase::Joined { lost } => [lost.map(|at| (at, Timer::Media)), None],
        }
    }

    pub(super) fn handle(&mut self, parts: &mut Parts, now: Mono, input: &Input) -> Next {
        match &mut self.0 {
            Phase::Announces { utterance, until, user } => {
                hear_user(user, now, input);
                if !is_announced(*utterance, *until, now, input) {
                    return announces(parts, now, input);
                }
                if is_machine(user.state()) {
                    parts.notice("user_machine", "a machine answered the user's telephone");
                    parts.let_user_go();
                    parts.user_absent();
                    return Next::Go(State::Conversing(Conversing::resume(parts, now)));
                }
                parts.sound(Command::Bridge);
                parts.user_sound(Command::Bridge);
                *self = Self::joined(parts, now);
                Next::Stay
            }
            Phase::Joined { lost } => talks(parts, now, lost, input),
        }
    }

    /// Nothing is taken down any more; a last sentence of ours is heard over the two.
    fn joined(parts: &mut Parts, now: Mono) -> Self {
        parts.abandon_turn(now);
        parts.owed = false;
        parts.end_waterfall();
        parts.watch(now, line::Input::Carrier(Carrier::Bridged));
        Self(Phase::Joined { lost: None })
    }
}

fn hear_user(user: &mut Watch, now: Mono, input: &Input) {
    let sensed = match input {
        Input::UserSound(event) => line::Input::sensed(event),
        Input::Tick => Some(line::Input::Tick),
        _ => None,
    };
    if let Some(sensed) = sensed {
        user.handle(now, sensed);
    }
}

/// Whoever answered talked on and on while they were told who waits, or beeped.
fn is_machine(user: line::State) -> bool {
    use line::State::{Beep, Ended, Fax, Ivr, VoicemailGreeting};
    matches!(user, VoicemailGreeting | Beep | Ivr | Fax | Ended)
}

/// Whether we join the legs ourselves.
fn mixes_here(parts: &Parts) -> bool {
    parts.capabilities.is_some_and(|leg| leg.bridging == Bridging::LocalMix)
}

/// Who waits, by number: what they say of themselves is not for us to pass on.
fn announcement(parts: &Parts) -> String {
    let config = &parts.config;
    let number = if parts.is_inbound() { &config.from } else { &config.to };
    let number = number.as_ref().map(|number| {
        let digits: Vec<String> = number.as_str().chars().skip(1).map(String::from).collect();
        let groups: Vec<String> = digits.chunks(3).map(|group| group.join(" ")).collect();
        format!(", at {}", groups.join(", "))
    });
    let number = number.unwrap_or_default();
    format!(
        "Hello, this is your assistant. The other side of your call waits for you{number}. I'm connecting you."
    )
}

/// The user has heard who waits, or will not.
fn is_announced(whisper: UtteranceId, until: Mono, now: Mono, input: &Input) -> bool {
    match input {
        Input::UserSound(
            Event::Finished { utterance, .. } | Event::Interrupted { utterance, .. },
        ) => *utterance == whisper,
        Input::Tts(tts::Event::Failed { utterance, .. }) => *utterance == Some(whisper),
        Input::Tick => until <= now,
        _ => false,
    }
}

/// The callee still waits; what they say goes on the record.
fn announces(parts: &mut Parts, now: Mono, input: &Input) -> Next {
    let steps = match input {
        Input::Sound(event @ (Event::SpeechStarted { .. } | Event::SpeechEnded { .. })) => {
            parts.edge(event)
        }
        Input::Stt(event) => parts.recognised(now, event),
        Input::Tick => Some(parts.endpoint(now)),
        Input::Sound(event) => {
            parts.playout(now, event);
            return Next::Stay;
        }
        Input::Tts(event) => {
            parts.voice(now, event);
            return Next::Stay;
        }
        Input::Signal(Signal::BridgeEnded { .. }) => {
            parts.user_absent();
            return Next::Go(State::Conversing(Conversing::resume(parts, now)));
        }
        Input::Signal(Signal::MediaStopped) => {
            parts.let_user_go();
            return Next::Go(State::Connecting(Connecting::lost(parts, now)));
        }
        Input::UserSound(_) | Input::Llm(_) => return Next::Stay,
        _ => return Next::Ignore,
    };
    let Some(steps) = steps else { return Next::Ignore };
    for step in steps {
        if let Step::Taken(taken) = step
            && !taken.text.is_empty()
        {
            parts.take(now, &taken);
        }
    }
    Next::Stay
}

/// Sound flows between the two; what circuits and voices say of it is not ours.
fn talks(parts: &mut Parts, now: Mono, lost: &mut Option<Mono>, input: &Input) -> Next {
    let ends = |parts: &mut Parts, cause, by| {
        Next::Go(State::Closing(Closing::hang_up(parts, now, cause, by)))
    };
    match input {
        Input::Sound(Event::Deaf { for_ms }) | Input::UserSound(Event::Deaf { for_ms })
            if *for_ms >= DEAF_MS_MAX =>
        {
            ends(parts, Cause::MediaLost, EndedBy::Network)
        }
        Input::Sound(event) => {
            parts.playout(now, event);
            Next::Stay
        }
        Input::Signal(Signal::BridgeEnded { .. }) => {
            ends(parts, Cause::NormalClearing, EndedBy::User)
        }
        // Who joins the legs elsewhere needs no stream to us.
        Input::Signal(Signal::MediaStopped) if mixes_here(parts) => {
            let wait = Duration::from_millis(u64::from(HANGUP_SIGNAL_MS));
            *lost = Some(now + wait);
            Next::Stay
        }
        Input::Signal(Signal::MediaStarted { .. }) if mixes_here(parts) => {
            *lost = None;
            parts.sound(Command::Bridge);
            Next::Stay
        }
        Input::Tick if lost.is_some_and(|at| at <= now) => {
            parts.notice("media_lost", "the callee's stream was lost in the bridge");
            ends(parts, Cause::MediaLost, EndedBy::Network)
        }
        Input::UserSound(_) | Input::Stt(_) | Input::Llm(_) | Input::Tts(_) | Input::Tick => {
            Next::Stay
        }
        Input::Signal(Signal::MediaStopped | Signal::MediaStarted { .. }) => Next::Stay,
        _ => Next::Ignore,
    }
}
