//! What is on the other end: the watch hears everything, its decisions go on the record, and what was
//! said while nobody listened is not lost.

use std::time::Duration;

use media::{Mono, circuit, ear::Change};

use super::{parts::Parts, words::Record};
use crate::{
    line::{self, Carrier, Conduct, State, Watch},
    turn::Step,
};

/// What the recogniser is given from before somebody seems to be there, in samples: 2 s.
const PRE_ROLL: u64 = 16_000;
/// By the time somebody seems to be there they have spoken for about so long.
const SUSPECTED_FOR: Duration = Duration::from_millis(600);
/// Speech that ended so long ago is not listened to any more.
const TOO_OLD: Duration = Duration::from_secs(2);

/// What is believed of the line changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shift {
    pub(super) was: State,
    pub(super) state: State,
}

/// The watch over the line. It begins with the first thing the circuit senses: without, everything is
/// allowed that words allow.
#[derive(Debug, Default)]
pub(super) struct Watching {
    watch: Option<Watch>,
    shift: Option<Shift>,
    /// Speech while nobody was to listen.
    unheard: Option<Unheard>,
    /// What sounds was heard before on this call.
    pub(super) repeats: bool,
}

#[derive(Clone, Copy, Debug)]
struct Unheard {
    at: Mono,
    from_sample: u64,
    ended: Option<(Mono, u64)>,
}

impl Parts {
    /// What is on the line, once something was sensed.
    pub(super) fn line(&self) -> Option<State> {
        self.watching.watch.as_ref().map(Watch::state)
    }

    /// Whether they talk at this moment, whoever they are.
    pub(super) fn they_talk(&self) -> bool {
        self.watching.watch.as_ref().is_some_and(Watch::hears_talk)
    }

    fn conduct(&self) -> Option<Conduct> {
        self.line().map(State::conduct)
    }

    /// Whether it is proper to speak.
    pub(super) fn may_speak(&self) -> bool {
        self.conduct().is_none_or(|conduct| conduct.may_speak)
    }

    /// Whether what they say may stop us.
    pub(super) fn may_be_interrupted(&self) -> bool {
        self.conduct().is_none_or(|conduct| conduct.may_be_interrupted)
    }

    /// Whether what is said goes to the recogniser.
    pub(super) fn listens(&self) -> bool {
        self.conduct().is_none_or(|conduct| conduct.stt)
    }

    /// When the watch wants to look again.
    pub(super) fn watch_deadline(&self) -> Option<Mono> {
        self.watching.watch.as_ref().and_then(Watch::deadline)
    }

    /// Something the circuit senses.
    pub(super) fn sensed(&mut self, now: Mono, event: &circuit::Event) {
        let answered = self.answered_at.unwrap_or(now);
        self.watching.watch.get_or_insert_with(|| {
            let mut watch = Watch::new();
            watch.handle(answered, line::Input::Carrier(Carrier::Answered));
            watch.poll();
            watch
        });
        match event {
            circuit::Event::Sounds(Change::Repeats { .. }) => self.watching.repeats = true,
            circuit::Event::Sounds(Change::New) => self.watching.repeats = false,
            _ => {}
        }
        if let Some(input) = line::Input::sensed(event) {
            self.watch(now, input);
        }
    }

    /// The watch hears, and its decisions go on the record. Without a watch nothing happens.
    pub(super) fn watch(&mut self, now: Mono, input: line::Input<'_>) {
        let Some(watch) = &mut self.watching.watch else { return };
        watch.handle(now, input);
        let mut decisions = Vec::new();
        while let Some(decision) = watch.poll() {
            let was = self.watching.shift.map_or(decision.was, |shift| shift.was);
            self.watching.shift = Some(Shift { was, state: decision.state });
            decisions.push(Record::LineState {
                state: decision.state,
                was: decision.was,
                confidence: decision.confidence,
                evidence: decision.evidence.iter().map(ToString::to_string).collect(),
            });
        }
        for record in decisions {
            self.record(record);
        }
    }

    /// What changed since this was asked last.
    pub(super) fn take_shift(&mut self) -> Option<Shift> {
        self.watching.shift.take().filter(|shift| shift.was != shift.state)
    }

    /// An edge of speech that nobody is to listen to.
    pub(super) fn leave_unheard(&mut self, event: &circuit::Event) {
        match *event {
            circuit::Event::SpeechStarted { at, from_sample } => {
                self.watching.unheard = Some(Unheard { at, from_sample, ended: None });
            }
            circuit::Event::SpeechEnded { at, to_sample } => {
                if let Some(unheard) = &mut self.watching.unheard {
                    unheard.ended = Some((at, to_sample));
                }
            }
            _ => {}
        }
    }

    /// Listens from now on, and to what was just said.
    pub(super) fn listen_back(&mut self, now: Mono) -> Vec<Step> {
        let Some(Unheard { at, from_sample, ended }) = self.watching.unheard.take() else {
            return Vec::new();
        };
        if ended.is_some_and(|(ended, _)| ended + TOO_OLD < now) {
            return Vec::new();
        }
        let here = from_sample + now.since(at).as_micros() as u64 / 125;
        let from = here.saturating_sub(PRE_ROLL);
        // What sounded before, a tone or music, is no part of what is being said.
        let began = at.max(now - SUSPECTED_FOR);
        let mut steps = self.turn.speech_started(began, from).unwrap_or_default();
        if let Some((ended, to_sample)) = ended {
            steps.extend(self.turn.speech_ended(ended, to_sample).unwrap_or_default());
        }
        self.listen(steps)
    }
}
