//! The farewell is heard, then we hang up, then the carrier says that the call is over. Each of the
//! three has its bound.

use std::time::Duration;

use media::{
    Mono,
    circuit::{Event, Heard},
};
use telephony::{Cause, Control, Signal};

use super::{
    Next, State,
    config::Timer,
    conversing::Conversing,
    parts::Parts,
    speaking::Voice,
    words::{EndedBy, Input, Output},
};
use crate::{
    llm::Role,
    transcript::line,
    turn::{Step, Taken, is_parting},
};

/// On the way out.
#[derive(Debug)]
pub(super) struct Closing {
    phase: Phase,
    cause: Cause,
    by: EndedBy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The farewell is being said, at most until then. Unless it is firm, a callee who has more to
    /// say takes us back.
    Farewell { until: Mono, is_firm: bool },
    /// We hung up; the carrier confirms, at most until then.
    HungUp { until: Mono },
}

impl Closing {
    /// Everything to say was handed to the voice: it is heard, then we hang up.
    pub(super) fn farewell(parts: &mut Parts, now: Mono, by: EndedBy, is_firm: bool) -> Self {
        parts.quiet.stop();
        parts.owed = false;
        parts.let_user_go();
        let wait = Duration::from_millis(u64::from(parts.config.policy.farewell_ms_max));
        let phase = Phase::Farewell { until: now + wait, is_firm };
        let mut me = Self { phase, cause: Cause::NormalClearing, by };
        me.leave_when_heard(parts, now);
        me
    }

    /// Hang up now.
    pub(super) fn hang_up(parts: &mut Parts, now: Mono, cause: Cause, by: EndedBy) -> Self {
        parts.forget();
        parts.hush(now, true);
        parts.rest.clear();
        parts.let_user_go();
        parts.put(Output::Control(Control::Hangup));
        let wait = Duration::from_millis(u64::from(parts.config.policy.hangup_ms_max));
        Self { phase: Phase::HungUp { until: now + wait }, cause, by }
    }

    /// Nothing takes us back any more.
    pub(super) fn is_final(&self) -> bool {
        !matches!(self.phase, Phase::Farewell { is_firm: false, .. })
    }

    /// How the call ended, once we hung up.
    pub(super) fn verdict(&self) -> Option<(Cause, EndedBy)> {
        matches!(self.phase, Phase::HungUp { .. }).then_some((self.cause, self.by))
    }

    pub(super) fn deadlines(&self, parts: &Parts) -> [Option<(Mono, Timer)>; 3] {
        match self.phase {
            Phase::Farewell { until, .. } => [
                Some((until, Timer::Farewell)),
                parts.turn.deadline().map(|at| (at, Timer::Endpoint)),
                parts.mouth.deadline(&parts.config.policy).map(|(at, _)| (at, Timer::Speech)),
            ],
            Phase::HungUp { until } => [Some((until, Timer::Hangup)), None, None],
        }
    }

    pub(super) fn handle(&mut self, parts: &mut Parts, now: Mono, input: &Input) -> Next {
        match self.phase {
            Phase::HungUp { until } => match input {
                Input::Tick if now >= until => Next::End(self.cause, self.by),
                // The stream dies; what it still says changes nothing.
                Input::Tick
                | Input::Sound(_)
                | Input::UserSound(_)
                | Input::Stt(_)
                | Input::Llm(_)
                | Input::Tts(_)
                | Input::Signal(Signal::MediaStopped | Signal::BridgeEnded { .. }) => Next::Stay,
                _ => Next::Ignore,
            },
            Phase::Farewell { until, is_firm } => {
                let next = self.farewell_goes_on(parts, now, input, until, is_firm);
                if !matches!(next, Next::Go(_)) {
                    self.leave_when_heard(parts, now);
                }
                next
            }
        }
    }

    fn farewell_goes_on(
        &mut self,
        parts: &mut Parts,
        now: Mono,
        input: &Input,
        until: Mono,
        is_firm: bool,
    ) -> Next {
        match input {
            Input::Sound(event @ (Event::SpeechStarted { .. } | Event::SpeechEnded { .. })) => {
                match parts.edge(event) {
                    Some(steps) => self.steps(parts, now, steps, is_firm),
                    None => Next::Ignore,
                }
            }
            Input::Sound(Event::KeysPlayed | Event::KeysCancelled) => Next::Stay,
            Input::Sound(event) => {
                let known = parts.playout(now, event);
                let cut = matches!(event, Event::Interrupted { .. });
                if cut && (is_firm || !parts.turn.is_open()) {
                    parts.rest.clear();
                }
                if known { Next::Stay } else { Next::Ignore }
            }
            Input::Stt(event) => match parts.recognised(now, event) {
                Some(steps) => self.steps(parts, now, steps, is_firm),
                None => Next::Ignore,
            },
            Input::Tts(event) => match parts.voice(now, event) {
                Voice::Fine => Next::Stay,
                Voice::Stale => Next::Ignore,
                Voice::Lost(_) => self.give_up(parts, now),
            },
            Input::Signal(Signal::MediaStopped) => self.give_up(parts, now),
            Input::Signal(Signal::DigitsSent | Signal::BridgeEnded { .. }) => Next::Stay,
            Input::Tick if now >= until => self.give_up(parts, now),
            Input::Tick => self.tick(parts, now, is_firm),
            _ => Next::Ignore,
        }
    }

    fn tick(&mut self, parts: &mut Parts, now: Mono, is_firm: bool) -> Next {
        match parts.mouth.deadline(&parts.config.policy) {
            Some((at, false)) if at <= now => return self.give_up(parts, now),
            Some((at, true)) if at <= now => {
                if let Some(utterance) = parts.mouth.front() {
                    parts.playout(now, &Event::Finished { utterance, heard: Heard::default() });
                }
            }
            _ => {}
        }
        let steps = parts.endpoint(now);
        self.steps(parts, now, steps, is_firm)
    }

    fn steps(&mut self, parts: &mut Parts, now: Mono, steps: Vec<Step>, is_firm: bool) -> Next {
        let taken = steps.into_iter().find_map(|step| match step {
            Step::Taken(taken) => Some(taken),
            _ => None,
        });
        match taken {
            Some(taken) => self.taken(parts, now, &taken, is_firm),
            None => Next::Stay,
        }
    }

    fn taken(&mut self, parts: &mut Parts, now: Mono, taken: &Taken, is_firm: bool) -> Next {
        if taken.text.is_empty() {
            parts.say_rest(now);
            return Next::Stay;
        }
        if is_firm || is_parting(&taken.text) {
            parts.rest.clear();
            parts.write(line(Role::User, &taken.text, taken.began));
            return Next::Stay;
        }
        parts.take(now, taken);
        Next::Go(State::Conversing(Conversing::resume(parts, now)))
    }

    /// Hangs up once all was heard and the callee is not in the middle of something.
    fn leave_when_heard(&mut self, parts: &mut Parts, now: Mono) {
        let Phase::Farewell { is_firm, .. } = self.phase else { return };
        let callee_done = is_firm || !parts.turn.is_open();
        if parts.mouth.is_idle() && parts.rest.is_empty() && callee_done {
            *self = Self::hang_up(parts, now, self.cause, self.by);
        }
    }

    fn give_up(&mut self, parts: &mut Parts, now: Mono) -> Next {
        *self = Self::hang_up(parts, now, self.cause, self.by);
        Next::Stay
    }
}
