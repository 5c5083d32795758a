//! Who answers: people in many ways, mailboxes, screening, menus, fax, nobody, busy.

use super::{
    line::{at_level, carry, pick, within},
    phrases::Book,
    studio::{Making, Speaker},
};
use crate::evaluate::label::{Is, Label};

/// Somebody or something that answers.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    who: Who,
    speaker: usize,
    parts: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Person,
    /// Somebody who speaks again after a while.
    TwoPart,
    /// Says a whole sentence or two before they wait.
    Talkative,
    /// Takes the call while the mailbox greets.
    InGreeting,
    /// One word of a real person, by its number.
    Word(usize),
    Mailbox {
        beeps: bool,
    },
    Screener,
    Menu,
    FaxCalling,
    FaxAnswer,
    Silence,
    Busy,
}

/// One of each that the speakers can say.
pub(super) fn plans(book: &Book, speakers: &[Speaker<'_>]) -> Vec<Answer> {
    let phrases = &book.phrases;
    let mut plans = Vec::new();
    let mut add = |who, parts: &[String], turns: &[usize]| {
        for turn in turns {
            // Whoever cannot say it passes it on.
            let able = |speaker: &usize| parts.iter().all(|part| speakers[*speaker].can_say(part));
            let mut order = (0..speakers.len()).map(|by| (turn + by) % speakers.len());
            if let Some(speaker) = order.find(able) {
                plans.push(Answer { who, speaker, parts: parts.to_vec() });
            }
        }
    };
    let one = std::slice::from_ref::<String>;
    for (at, text) in phrases.people.iter().enumerate() {
        add(Who::Person, one(text), &[at, at + 2]);
    }
    for (at, text) in phrases.people.iter().take(6).enumerate() {
        add(Who::TwoPart, one(text), &[at]);
    }
    for text in &phrases.talkative {
        add(Who::Talkative, one(text), &[0, 1]);
    }
    for (at, parts) in phrases.mailboxes.iter().enumerate() {
        add(Who::InGreeting, parts, &[at]);
        for (turn, beeps) in [(0, true), (1, false), (2, true)] {
            add(Who::Mailbox { beeps }, parts, &[turn]);
        }
    }
    for parts in &phrases.screeners {
        add(Who::Screener, parts, &[0, 1, 2, 3]);
    }
    for parts in &phrases.menus {
        add(Who::Menu, parts, &[0, 1, 2]);
    }
    for word in 0..book.words.len() {
        add(Who::Word(word), &[], &[0]);
    }
    for who in [Who::FaxCalling, Who::FaxAnswer, Who::Silence, Who::Busy] {
        add(who, &[], &[0, 0]);
    }
    plans
}

impl Who {
    fn is(self) -> (Is, &'static str) {
        match self {
            Self::Person => (Is::Human, "person"),
            Self::TwoPart => (Is::Human, "two parts"),
            Self::Talkative => (Is::Human, "talkative"),
            Self::InGreeting => (Is::Human, "in mid-greeting"),
            Self::Word(_) => (Is::Human, "one word"),
            Self::Mailbox { beeps: true } => (Is::Voicemail, "mailbox"),
            Self::Mailbox { beeps: false } => (Is::Voicemail, "mailbox without beep"),
            Self::Screener => (Is::Screening, "screening"),
            Self::Menu => (Is::Menu, "menu"),
            Self::FaxCalling | Self::FaxAnswer => (Is::Fax, "fax"),
            Self::Silence => (Is::Silence, "silence"),
            Self::Busy => (Is::Ended, "busy"),
        }
    }
}

impl Answer {
    pub(super) fn make(&self, mut making: Making<'_>) -> (Label, Vec<i16>) {
        // Half of them ring in the line, the others were answered by the carrier's word.
        if making.rng.bool() {
            let rings_s = within(making.rng, 0.8, 2.0);
            making.tone(&[440.0, 480.0], rings_s, 3_000.0);
            making.pause(0.3, 3.5);
        } else {
            making.label.answered = Some(0.0);
        }
        making.pause(0.25, 1.2);
        let taken_over = self.speak(&mut making);
        let Making { sound, mut label, rng, .. } = making;
        let (is, kind) = self.who.is();
        (label.is, label.kind) = (Some(is), kind.to_owned());
        // Most recordings of machines are clean, most rooms of people are not. Who takes over from a machine brings their
        // room along.
        let (clean, room) = (within(rng, -75.0, -62.0), within(rng, -62.0, -44.0));
        let noise_dbfs = match taken_over {
            Some(_) => [clean, room],
            None if is == Is::Human => [room; 2],
            None => [clean; 2],
        };
        let line = carry(&sound, noise_dbfs, taken_over.unwrap_or(0), rng);
        (label, line)
    }

    /// Where somebody takes over from a machine, if anybody does.
    fn speak(&self, making: &mut Making<'_>) -> Option<usize> {
        match self.who {
            Who::Person | Who::TwoPart | Who::Talkative => self.person(making),
            Who::Word(word) => {
                making.sound.extend(at_level(&making.book.words[word], 3_000.0));
                making.label.phrase_end = Some(making.seconds());
                making.silence(3.0);
            }
            Who::InGreeting => return Some(self.in_greeting(making)),
            Who::Mailbox { .. } | Who::Screener | Who::Menu => self.machine(making),
            Who::FaxCalling => {
                for _ in 0..3 {
                    making.tone(&[1_100.0], 0.5, 5_000.0);
                    making.silence(3.0);
                }
            }
            Who::FaxAnswer => {
                making.tone(&[2_100.0], 2.8, 5_000.0);
                making.silence(1.0);
            }
            Who::Silence => making.pause(6.5, 12.0),
            Who::Busy => {
                for _ in 0..9 {
                    making.tone(&[480.0, 620.0], 0.5, 3_000.0);
                    making.silence(0.5);
                }
            }
        }
        None
    }

    fn person(&self, making: &mut Making<'_>) {
        for part in &self.parts {
            making.say(self.speaker, part);
        }
        making.label.phrase_end = Some(making.seconds());
        if self.who == Who::TwoPart {
            making.pause(1.0, 2.2);
            // Nobody says the same in the same way again.
            let mut others = making.book.phrases.people.iter();
            if let Some(text) = others.find(|text| !self.parts.contains(text)) {
                making.say(self.speaker, text);
            }
        }
        making.silence(3.0);
    }

    /// Part of a greeting, the click of a receiver, then somebody. Gives where they took over.
    fn in_greeting(&self, making: &mut Making<'_>) -> usize {
        making.say(self.speaker, &self.parts[0]);
        making.pause(0.1, 0.3);
        if let Some(part) = self.parts.get(1) {
            let from = making.sound.len();
            making.say(self.speaker, part);
            making.sound.truncate((from + making.sound.len()) / 2);
        }
        let taken_over = making.sound.len();
        making.tone(&[300.0, 900.0], 0.015, 6_000.0);
        making.pause(0.5, 1.2);
        let text = pick(making.rng, &making.book.phrases.people);
        making.say(self.speaker + 1, text);
        making.label.phrase_end = Some(making.seconds());
        making.silence(4.0);
        taken_over
    }

    fn machine(&self, making: &mut Making<'_>) {
        for part in &self.parts {
            making.say(self.speaker, part);
            making.pause(0.15, 0.7);
        }
        let mailbox = matches!(self.who, Who::Mailbox { .. });
        let beeps = match self.who {
            Who::Mailbox { beeps } => beeps,
            _ => self.who == Who::Screener && making.rng.f32() < 0.3,
        };
        if beeps {
            making.pause(0.1, 0.9);
            let hz = *pick(making.rng, &[440.0, 620.0, 800.0, 1_000.0, 1_400.0]);
            let beeps_s = within(making.rng, 0.18, 0.9);
            making.tone(&[hz], beeps_s, 5_000.0);
        }
        if mailbox {
            making.label.turn = Some(making.seconds());
        }
        making.silence(3.2);
    }
}
