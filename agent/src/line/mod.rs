//! The line state: what is on the other end at this moment, judged all the time and taken back when it was wrong.
//!
//! ```text
//!   ear::Change, Tone, Words, Carrier ─▶ facts (what sounds, who talked how long, what was said)
//!                                          └▶ rules of the present state ─▶ Decision (state, confidence, reasons)
//! ```
//!
//! Sound decides where it can: music, silence and tones are heard, and a person is somebody who stops talking and waits.
//! Words decide between machines that sound alike, and hurry what sound would decide later. Without a recogniser all of
//! it works, only less finely. Rooms: `state` (states and what is proper in each), `evidence`, `facts`, `tone`, `words`,
//! and the rules: `opening` (who answered), `machine` (mailbox, menu, screening), `hold`, `person`.

mod evidence;
mod facts;
mod hold;
mod machine;
mod opening;
mod person;
mod state;
mod tone;
mod words;

use std::{collections::VecDeque, time::Duration};

use dtmf::tone_detector::Kind as ToneKind;
use media::{Mono, circuit, ear};
use serde::Serialize;

pub use evidence::{Evidence, REASONS_MAX, Reasons};
pub use state::{Conduct, Patience, State};
pub use tone::Tone;
pub use words::{Cue, cue};

use facts::Facts;

/// Most decisions that wait to be polled; of more, the oldest go.
pub const DECISIONS_MAX: usize = 8;
/// Moments of a sound at which rules look again, in ms since it began: every threshold of theirs is one of these.
const MARKS_MS: [u64; 16] = [
    300, 400, 500, 600, 700, 800, 900, 1_000, 1_300, 1_500, 2_000, 2_500, 3_000, 4_000, 5_000,
    8_000,
];
/// Moments of a talk at which they do.
const TALK_MARKS_MS: [u64; 4] = [3_500, 4_500, 6_000, 14_000];

/// Something that says what is on the line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Input<'a> {
    /// The ear heard a change.
    Sound(&'a ear::Change),
    /// A tone was recognised; only its beginning, of tones that last.
    Tone(ToneKind),
    /// The recogniser understood, whole or so far.
    Words {
        /// The text of one stretch of talk.
        text: &'a str,
        /// When that began.
        from: Mono,
    },
    /// The carrier knows.
    Carrier(Carrier),
    /// We pressed a key, or answered a machine.
    Pressed,
    /// Whoever follows what is said in a menu or a queue knows that a person said the last of it.
    Person,
    /// A deadline came.
    Tick,
}

impl<'a> Input<'a> {
    /// What a circuit senses of the line; of a tone that lasts, its end says nothing new.
    pub fn sensed(event: &'a circuit::Event) -> Option<Self> {
        match event {
            circuit::Event::Sounds(change) => Some(Self::Sound(change)),
            circuit::Event::Tone(tone) if tone.is_news() => Some(Self::Tone(tone.kind)),
            _ => None,
        }
    }
}

/// What a carrier tells of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// It rings there.
    Ringing,
    /// It was answered.
    Answered,
    /// The user was connected.
    Bridged,
    /// It is over.
    Ended,
}

/// The state changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Decision {
    /// When it was decided.
    #[serde(skip)]
    pub at: Mono,
    /// What is there.
    pub state: State,
    /// What was believed before.
    pub was: State,
    /// 0 to 1.
    pub confidence: f32,
    /// Why, the best reason first.
    pub evidence: Reasons,
}

/// What a rule found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Finding {
    state: State,
    confidence: f32,
    reasons: Reasons,
}

impl Finding {
    fn of(state: State, confidence: f32, reasons: impl Into<Reasons>) -> Self {
        Self { state, confidence, reasons: reasons.into() }
    }
}

/// Judges one line from dialling to its end.
#[derive(Clone, Debug)]
pub struct Watch {
    facts: Facts,
    state: State,
    /// The carrier says that it is over.
    hung_up: bool,
    decisions: VecDeque<Decision>,
}

impl Default for Watch {
    fn default() -> Self {
        Self::new()
    }
}

impl Watch {
    /// Of a number being dialled.
    pub fn new() -> Self {
        Self {
            facts: Facts::new(),
            state: State::Dialing,
            hung_up: false,
            decisions: VecDeque::with_capacity(DECISIONS_MAX),
        }
    }

    /// What is there.
    pub fn state(&self) -> State {
        self.state
    }

    /// Something happened.
    pub fn handle(&mut self, now: Mono, input: Input<'_>) {
        self.facts.now = self.facts.now.max(now);
        match input {
            Input::Sound(change) => self.facts.hear(change),
            Input::Tone(tone) => self.facts.hear_tone(tone),
            Input::Words { text, from } => self.facts.understand(text, from),
            Input::Carrier(carrier) => return self.carrier(carrier),
            Input::Pressed => return self.pressed(),
            Input::Person => {
                return self.decide(Finding::of(State::Human, 0.7, Evidence::Words("to us")));
            }
            Input::Tick => {}
        }
        // What is known may say more in the state that follows.
        for _ in 0..2 {
            let found = self.judge();
            self.facts.tone = None;
            if let Some(finding) = found {
                self.decide(finding);
            }
        }
    }

    /// The next decision, oldest first.
    pub fn poll(&mut self) -> Option<Decision> {
        self.decisions.pop_front()
    }

    /// Somebody or something talks at this moment.
    pub fn hears_talk(&self) -> bool {
        self.facts.talking()
    }

    /// When rules want to look again although nothing happened.
    pub fn deadline(&self) -> Option<Mono> {
        if matches!(self.state, State::Bridged | State::Ended | State::Fax) {
            return None;
        }
        let next = |from: Mono, marks: &[u64]| {
            let mut moments = marks.iter().map(|ms| from + Duration::from_millis(*ms));
            moments.find(|moment| *moment > self.facts.now)
        };
        let sound = next(self.facts.sound_from, &MARKS_MS);
        let talk = self.facts.talk.filter(|_| self.facts.talking());
        let talk = talk.and_then(|talk| next(talk.from, &TALK_MARKS_MS));
        let failing = self.facts.failing.map(|(at, _)| at + opening::ENDED_CONFIRMED);
        let failing = failing.filter(|at| *at > self.facts.now);
        [sound, talk, failing].into_iter().flatten().min()
    }

    fn carrier(&mut self, carrier: Carrier) {
        let (state, what) = match carrier {
            Carrier::Ringing => (State::Ringback, "ringing"),
            Carrier::Answered => {
                self.facts.answered_now();
                (State::AnsweredUndecided, "answered")
            }
            Carrier::Bridged => (State::Bridged, "bridged"),
            Carrier::Ended => {
                self.hung_up = true;
                (State::Ended, "ended")
            }
        };
        self.decide(Finding::of(state, 1.0, Evidence::Carrier(what)));
    }

    /// What is said next is said to us, by a menu or by whom it passed us on to, and is no announcement.
    fn pressed(&mut self) {
        if matches!(self.state, State::HoldMessage | State::HoldSilence) {
            self.facts.talk = None;
            self.decide(Finding::of(State::Ivr, 0.7, Evidence::Pressed));
        }
    }

    fn judge(&self) -> Option<Finding> {
        let facts = &self.facts;
        match self.state {
            State::Dialing => opening::before_answer(facts),
            State::Ringback => {
                opening::before_answer(facts).or_else(|| opening::ring_stopped(facts))
            }
            State::AnsweredUndecided | State::Silence => opening::answered(facts),
            State::Screening => machine::screening(facts),
            State::VoicemailGreeting => machine::greeting(facts),
            State::Beep => machine::recording(facts),
            State::Ivr => machine::menu(facts),
            State::HoldMusic | State::HoldMessage | State::HoldSilence | State::TransferPending => {
                hold::waiting(self.state, facts)
            }
            State::PickupSuspected => hold::suspected(facts),
            State::Human => person::present(facts),
            State::Ended if !self.hung_up => opening::revived(facts),
            State::Bridged | State::Fax | State::Ended => None,
        }
    }

    fn decide(&mut self, finding: Finding) {
        let Finding { state, confidence, reasons } = finding;
        if state == self.state {
            return;
        }
        let was = std::mem::replace(&mut self.state, state);
        self.facts.since = self.facts.now;
        if state == State::AnsweredUndecided && self.facts.answered.is_none() {
            self.facts.answered = Some(self.facts.now);
        }
        if state == State::TransferPending {
            // Whoever answers next is somebody else.
            self.facts.talk = None;
            self.facts.talks = 0;
            self.facts.mailbox = false;
        }
        if state == State::Human {
            self.facts.recordings = 0;
        }
        if self.decisions.len() == DECISIONS_MAX {
            self.decisions.pop_front();
        }
        let at = self.facts.now;
        self.decisions.push_back(Decision { at, state, was, confidence, evidence: reasons });
    }
}
