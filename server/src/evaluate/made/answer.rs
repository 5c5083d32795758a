//! Who answers: people in many ways, mailboxes, screening, menus, fax, nobody, busy.

use fastrand::Rng;

use super::{
    line::{carry, pick, samples, tone, within},
    phrases::Book,
    studio::{Speaker, Studio},
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
    pub(super) fn make(
        &self,
        studio: &Studio,
        book: &Book,
        speakers: &[Speaker<'_>],
        rng: &mut Rng,
    ) -> (Label, Vec<i16>) {
        let mut sound = Vec::new();
        let mut label = Label::default();
        // Half of them ring in the line, the others were answered by the carrier's word.
        if rng.bool() {
            sound.extend(tone(&[440.0, 480.0], within(rng, 0.8, 2.0), 3_000.0));
            silence(&mut sound, within(rng, 0.3, 3.5));
        } else {
            label.answered = Some(0.0);
        }
        silence(&mut sound, within(rng, 0.25, 1.2));
        let parts = self.parts.iter().filter_map(|part| studio.say(speakers[self.speaker], part));
        let taken_over =
            self.speak(&mut sound, &mut label, parts.collect(), book, studio, speakers, rng);
        let (is, kind) = self.who.is();
        (label.is, label.kind) = (Some(is), kind.to_owned());
        // Most recordings of machines are clean, most rooms of people are not.
        let noise_dbfs =
            if is == Is::Human { within(rng, -62.0, -44.0) } else { within(rng, -75.0, -52.0) };
        // Who takes over from a machine brings their room along.
        let noise_dbfs = match taken_over {
            Some(_) => [within(rng, -75.0, -62.0), noise_dbfs],
            None => [noise_dbfs; 2],
        };
        let line = carry(&sound, noise_dbfs, taken_over.unwrap_or(0), rng);
        (label, line)
    }

    /// Where somebody takes over from a machine, if anybody does.
    #[expect(clippy::too_many_arguments, reason = "everything a scene is made from")]
    fn speak(
        &self,
        sound: &mut Vec<f32>,
        label: &mut Label,
        parts: Vec<Vec<f32>>,
        book: &Book,
        studio: &Studio,
        speakers: &[Speaker<'_>],
        rng: &mut Rng,
    ) -> Option<usize> {
        let mut taken_over = None;
        match self.who {
            Who::Person | Who::TwoPart | Who::Talkative => {
                sound.extend(parts.concat());
                label.phrase_end = Some(seconds(sound));
                if self.who == Who::TwoPart {
                    silence(sound, within(rng, 1.0, 2.2));
                    // Nobody says the same in the same way again.
                    let others =
                        book.phrases.people.iter().filter(|text| !self.parts.contains(text));
                    let again =
                        others.take(1).filter_map(|text| studio.say(speakers[self.speaker], text));
                    sound.extend(again.flatten());
                }
                silence(sound, 3.0);
            }
            Who::Word(word) => {
                sound.extend(super::line::at_level(&book.words[word], 3_000.0));
                label.phrase_end = Some(seconds(sound));
                silence(sound, 3.0);
            }
            Who::InGreeting => {
                sound.extend_from_slice(&parts[0]);
                silence(sound, within(rng, 0.1, 0.3));
                let goes_on = parts.get(1).map_or(&[][..], |part| &part[..part.len() / 2]);
                sound.extend_from_slice(goes_on);
                // The click of a receiver, then somebody.
                taken_over = Some(sound.len());
                sound.extend(tone(&[300.0, 900.0], 0.015, 6_000.0));
                silence(sound, within(rng, 0.5, 1.2));
                let other = (self.speaker + 1) % speakers.len();
                let text = pick(rng, &book.phrases.people);
                let said = (0..speakers.len())
                    .find_map(|by| studio.say(speakers[(other + by) % speakers.len()], text));
                sound.extend(said.unwrap_or_default());
                label.phrase_end = Some(seconds(sound));
                silence(sound, 4.0);
            }
            Who::Mailbox { .. } | Who::Screener | Who::Menu => {
                for part in &parts {
                    sound.extend_from_slice(part);
                    silence(sound, within(rng, 0.15, 0.7));
                }
                let beeps = match self.who {
                    Who::Mailbox { beeps } => beeps,
                    _ => self.who == Who::Screener && rng.f32() < 0.3,
                };
                if beeps {
                    silence(sound, within(rng, 0.1, 0.9));
                    let hz = *pick(rng, &[440.0, 620.0, 800.0, 1_000.0, 1_400.0]);
                    sound.extend(tone(&[hz], within(rng, 0.18, 0.9), 5_000.0));
                }
                if matches!(self.who, Who::Mailbox { .. }) {
                    label.turn = Some(seconds(sound));
                }
                silence(sound, 3.2);
            }
            Who::FaxCalling => {
                for _ in 0..3 {
                    sound.extend(tone(&[1_100.0], 0.5, 5_000.0));
                    silence(sound, 3.0);
                }
            }
            Who::FaxAnswer => {
                sound.extend(tone(&[2_100.0], 2.8, 5_000.0));
                silence(sound, 1.0);
            }
            Who::Silence => silence(sound, within(rng, 6.5, 12.0)),
            Who::Busy => {
                for _ in 0..9 {
                    sound.extend(tone(&[480.0, 620.0], 0.5, 3_000.0));
                    silence(sound, 0.5);
                }
            }
        }
        taken_over
    }
}

fn silence(sound: &mut Vec<f32>, seconds: f32) {
    sound.resize(sound.len() + samples(seconds), 0.0);
}

fn seconds(sound: &[f32]) -> f64 {
    sound.len() as f64 / 8_000.0
}
