//! Orders to the voice and the circuit, and what they tell of each utterance.

use media::{
    Mono,
    circuit::{self, Command, UtteranceId},
};

use super::{mouth::Cut, parts::Parts, words::Output};
use crate::{fault::Fault, sentence::Splitter, tts};

/// What an event of the voice means for the state.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Voice {
    /// Noted.
    Fine,
    /// It belongs to nothing under way.
    Stale,
    /// What was being said is lost.
    Lost(Fault),
}

impl Parts {
    /// Says one piece as part of the current answer; what must be disclosed goes before it.
    pub(super) fn say(&mut self, now: Mono, text: &str, interruptible: bool) {
        if let Some(disclosure) = self.undisclosed.take() {
            self.disclosing = self.utter(now, &disclosure, false);
        }
        let interruptible = interruptible && self.may_be_interrupted();
        self.utter(now, text, interruptible);
    }

    fn utter(&mut self, now: Mono, text: &str, interruptible: bool) -> Option<UtteranceId> {
        let Some(utterance) = self.mouth.add(now, text, interruptible) else {
            self.notice("speech_overflow", "more unspoken sentences than fit; one was dropped");
            return None;
        };
        self.dialogue.piece(utterance, text);
        self.sound(Command::Say { utterance, interruptible });
        self.put(Output::Speak { utterance, text: text.to_owned() });
        Some(utterance)
    }

    /// Says a whole text as an answer of its own.
    pub(super) fn say_all(&mut self, now: Mono, text: &str, interruptible: bool) {
        self.dialogue.begin_reply();
        let mut splitter = Splitter::default();
        let pieces = splitter.push(text);
        for piece in pieces.iter().chain(splitter.finish().iter()) {
            self.say(now, piece, interruptible);
        }
    }

    /// Says again what was cut off, as part of the answer it belonged to.
    pub(super) fn say_rest(&mut self, now: Mono) {
        for piece in std::mem::take(&mut self.rest) {
            self.say(now, &piece, true);
        }
    }

    /// Drops everything unsaid; positions are estimates. With `is_cut` the lines show it.
    pub(super) fn hush(&mut self, now: Mono, is_cut: bool) {
        if !self.mouth.is_idle() {
            self.sound(Command::Clear);
            let cut = self.mouth.silence(now);
            self.take_cut(now, cut, is_cut);
        }
    }

    /// A disclosure that was not heard to its end is said again, before what is said next.
    fn disclose_again(&mut self, cut: &mut Cut) {
        let heard = cut.heard.iter().find(|(utterance, _)| Some(*utterance) == self.disclosing);
        let (Some((_, bytes)), Some(text)) = (heard, &self.config.brief.disclosure) else { return };
        if *bytes < text.len() {
            cut.rest.retain(|rest| !text.ends_with(rest.as_str()));
            self.undisclosed = Some(text.clone());
        }
    }

    fn take_cut(&mut self, now: Mono, mut cut: Cut, is_cut: bool) {
        self.disclose_again(&mut cut);
        for utterance in cut.unfinished {
            self.put(Output::Hush(utterance));
        }
        let lost = is_cut && !cut.rest.is_empty();
        for (utterance, bytes) in cut.heard {
            self.heard(now, utterance, bytes, lost);
        }
        self.rest = cut.rest;
    }

    /// An event of the circuit about an utterance. `false` when it belongs to none under way.
    pub(super) fn playout(&mut self, now: Mono, event: &circuit::Event) -> bool {
        match *event {
            circuit::Event::Started { utterance } => {
                let Some(bytes) = self.mouth.started(now, utterance) else { return false };
                self.heard(now, utterance, bytes, false);
                self.owed = false;
                self.stage(|w| &mut w.spoken, now);
                self.end_waterfall();
                true
            }
            circuit::Event::Paused { utterance } => self.mouth.paused(now, utterance),
            circuit::Event::Resumed { utterance, .. } => self.mouth.resumed(now, utterance),
            circuit::Event::Finished { utterance, .. } => {
                let Some(heard) = self.mouth.finished(now, utterance) else { return false };
                for (utterance, bytes) in heard {
                    self.heard(now, utterance, bytes, false);
                }
                self.voice_failures = 0;
                true
            }
            circuit::Event::Interrupted { utterance, heard, .. } => {
                let Some(cut) = self.mouth.interrupted(utterance, heard) else { return false };
                let unsaid = self.unsaid();
                self.forget();
                self.take_cut(now, cut, true);
                self.rest.extend(unsaid);
                true
            }
            _ => false,
        }
    }

    /// An event of the voice.
    pub(super) fn voice(&mut self, now: Mono, event: &tts::Event) -> Voice {
        let known = match event {
            tts::Event::Begun { utterance } => {
                let known = self.mouth.knows(*utterance);
                if known {
                    self.stage(|w| &mut w.tts_first, now);
                }
                known
            }
            tts::Event::Words { utterance, starts } => self.mouth.words(*utterance, starts),
            tts::Event::Done { utterance, total_ms } => self.mouth.made(*utterance, *total_ms),
            tts::Event::Failed { utterance, fault } => {
                self.notice("tts_failed", fault.to_string());
                let lost = utterance.is_some_and(|utterance| self.mouth.knows(utterance));
                return if lost { Voice::Lost(fault.clone()) } else { Voice::Fine };
            }
        };
        if known { Voice::Fine } else { Voice::Stale }
    }

    /// What was being said is lost: says it again once. `false` when that was tried.
    pub(super) fn say_lost_again(&mut self, now: Mono) -> bool {
        self.voice_failures += 1;
        if self.voice_failures > 1 {
            return false;
        }
        self.hush(now, false);
        self.say_rest(now);
        true
    }
}
