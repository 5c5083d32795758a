//! Calls to mailboxes of every sort, judged by the mailbox's own account: one message, the whole of it, and none of it
//! over the greeting.

use agent::{
    brief::{Brief, Voicemail},
    call::EndedBy,
    llm::Role,
};
use fastrand::Rng;

use super::{CallReport, CallTrial, call_to};
use crate::{
    callee::{Answer, NoSound, Sound},
    line::Run,
    mailbox::Mailbox,
    tree::{Kind, Node, Prompt, Tree},
};

/// What is to be left.
const MESSAGE: &str = "This is a message for you. Please call us back tomorrow.";
/// The scripted voice takes 300 ms a word, a quarter of it a pause.
const SPEECH_MS_A_WORD: u32 = 225;
/// A greeting that goes on is known to be no click or cough after so long, in samples: 2.6 s.
const HUSHED: u64 = 20_800;
/// A mailbox leaves so much between two prompts, in ms, twice around a pause.
const BETWEEN_MS: u32 = 600;
const GREETINGS: [&str; 4] = [
    "Hi, you have reached Bob. Please leave a message after the tone.",
    "We are sorry that nobody is available to take your call. Please leave your name and number after the beep.",
    "This is the voicemail of Doctor Weber. Leave a message and I will call you back.",
    "You have reached the Carlsons. We are not at home, please record your message.",
];
/// What follows a greeting after a pause.
const AFTERTHOUGHT: &str =
    "If this is urgent, you will find another number on our website. Good bye.";

/// A sort of mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Greets, beeps, records.
    Beeps,
    /// The same, after it has rung within the call.
    Rings,
    /// Greets and records.
    NoBeep,
    /// Its greeting has a pause that is not its end.
    Pauses,
    /// Its greeting has a pause that is taken for its end, and goes on over our first words.
    GoesOn,
    /// The same, over our last words.
    GoesOnLate,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Beeps, Self::Rings, Self::NoBeep, Self::Pauses, Self::GoesOn, Self::GoesOnLate];

    /// For reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Beeps => "left after the beep",
            Self::Rings => "rings within the call, then the same",
            Self::NoBeep => "left without a beep",
            Self::Pauses => "greeting pauses for 0.7 to 1.3 s and goes on",
            Self::GoesOn => "greeting goes on over our first words: said again",
            Self::GoesOnLate => "greeting goes on over our last words: said again",
        }
    }

    /// The mailbox of this sort and seed, as a tree.
    fn tree(self, seed: u64) -> Tree {
        let mut rng = Rng::with_seed(seed);
        let greeting = Prompt::Text(GREETINGS[seed as usize % GREETINGS.len()].to_owned());
        let pause_ms = match self {
            Self::Pauses => rng.u32(700..1_300) - BETWEEN_MS,
            Self::GoesOn => rng.u32(1_800..2_200) - BETWEEN_MS,
            Self::GoesOnLate => rng.u32(3_500..4_500) - BETWEEN_MS,
            _ => 0,
        };
        let mut greets = vec![greeting];
        if pause_ms > 0 {
            greets.push(Prompt::Sound(Sound::Silence(pause_ms)));
            greets.push(Prompt::Text(AFTERTHOUGHT.to_owned()));
        }
        let mailbox = Mailbox {
            greeting: greets,
            beeps: self != Self::NoBeep,
            beep: Sound::Tone("beep".to_owned()),
            is_full: false,
            silence_ms: rng.u32(3_000..5_000),
            message_ms_max: 60_000,
            thanks: Vec::new(),
        };
        let mut nodes = [("mailbox".to_owned(), Node::Mailbox(mailbox))].to_vec();
        let mut start = "mailbox";
        if self == Self::Rings {
            let (tone, ms) = ("ringback_us".to_owned(), rng.u32(5_000..9_000));
            nodes.push(("ring".to_owned(), Node::Ring { tone, ms, then: start.to_owned() }));
            start = "ring";
        }
        Tree {
            name: self.name().to_owned(),
            about: String::new(),
            answer: Answer::default(),
            start: start.to_owned(),
            errands: Vec::new(),
            nodes: nodes.into_iter().collect(),
        }
    }

    /// Calls one; what came of it, and what is wrong with that.
    ///
    /// # Errors
    /// When a sound cannot be made.
    pub fn call(self, seed: u64) -> Result<(CallReport, Option<String>), NoSound> {
        let brief = Brief {
            task: "Ask when my invoice is due.".to_owned(),
            voicemail: Voicemail::Say(MESSAGE.to_owned()),
            ..Brief::default()
        };
        let config = CallTrial { seed, seconds_max: 300, ..CallTrial::default() };
        let report = call_to(&self.tree(seed).script(), brief, 0, &config)?;
        let wrong =
            report.wrong_with_message(MESSAGE, matches!(self, Self::GoesOn | Self::GoesOnLate));
        Ok((report, wrong))
    }
}

impl CallReport {
    /// What is wrong with a message that was to be left in a mailbox; nothing when it is there once, whole and by itself.
    /// `again`: it may have been begun in a pause of the greeting, if it was broken off and said from its beginning.
    pub fn wrong_with_message(&self, message: &str, again: bool) -> Option<String> {
        let [left] = &self.errand.tree.messages[..] else {
            return Some("there is not one message".to_owned());
        };
        let mailbox = self.errand.tree.visits.last().map_or(0, |visit| visit.at_sample);
        let early = |run: &Run| (mailbox + 1..left.from_sample).contains(&run.from_sample);
        let words = message.split_whitespace().count() as u32;
        let whole_ms = SPEECH_MS_A_WORD * words;
        let said = self.lines.iter().filter(|line| line.role == Role::Assistant).count();
        let over = self.over_greeting(mailbox);
        if over > HUSHED || !again && self.runs.iter().any(early) {
            Some(format!("{} ms of the greeting were talked over", over / 8))
        } else if !(whole_ms * 9 / 10..=whole_ms * 13 / 10).contains(&left.speech_ms) {
            Some(format!("{} of {whole_ms} ms were recorded", left.speech_ms))
        } else if said != 1 + usize::from(again) {
            Some(format!("{said} things were said"))
        } else {
            let by_us = self.ending.as_ref().is_some_and(|ending| ending.by == EndedBy::Us);
            (!by_us).then(|| "we did not hang up".to_owned())
        }
    }

    /// For how many samples we were heard over the words or the beep of the mailbox that was entered there.
    fn over_greeting(&self, mailbox: u64) -> u64 {
        let greets = self.errand.tree.played.iter().filter(|played| {
            let sounds = played.kind == Kind::Speech && !played.text.is_empty();
            played.from_sample >= mailbox && (sounds || played.kind == Kind::Beep)
        });
        let both = greets.flat_map(|played| {
            self.runs.iter().map(|run| {
                let until = run.to_sample.min(played.to_sample);
                until.saturating_sub(run.from_sample.max(played.from_sample))
            })
        });
        both.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_left_once_and_whole() {
        for sort in Sort::ALL {
            for seed in 1..=3 {
                let (report, wrong) = sort.call(seed).expect("sounds");
                assert_eq!(wrong, None, "{sort:?}, seed {seed}: {report}");
            }
        }
    }

    #[test]
    fn whoever_was_not_there_left_nothing_whole() {
        let (report, _) = Sort::Beeps.call(1).expect("sounds");
        let longer = format!("{MESSAGE} {MESSAGE}");
        assert!(report.wrong_with_message(&longer, false).is_some(), "half of it is there");
        let (report, _) = Sort::GoesOn.call(1).expect("sounds");
        assert!(
            report.wrong_with_message(MESSAGE, false).is_some(),
            "it was begun over the greeting"
        );
    }
}
