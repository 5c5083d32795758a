//! One choice under way: pressed or said, watched, tried again slower, then by voice.

use std::collections::VecDeque;

use dtmf::Digit;
use media::Mono;

use super::{
    Navigator, Piece,
    matching::Matcher,
    read::{Reading, words},
    words::{Effect, Note, Output},
};

/// Tries of one choice: keys, slower keys, voice.
const TRIES_MAX: u32 = 3;

/// What is given to the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Give {
    Keys(Vec<Digit>),
    Words(String),
}

impl Give {
    /// The keys or the words, for people and for the memory.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Keys(keys) => keys.iter().map(|key| key.as_char()).collect(),
            Self::Words(words) => words.clone(),
        }
    }
}

/// A choice that has been made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) give: Give,
    /// What it is for.
    pub(super) topic: String,
    /// What to say where keys do not work; nothing for numbers that are said digit by digit.
    pub(super) words: Option<String>,
    /// A number that was asked for: it may have to end with `#`.
    pub(super) is_number: bool,
}

impl Choice {
    pub(super) fn keys(keys: Vec<Digit>, topic: &str) -> Self {
        Self { give: Give::Keys(keys), topic: topic.to_owned(), words: None, is_number: false }
    }

    /// With the key that this menu wants at the end.
    pub(super) fn ended_with(mut self, key: Option<Digit>) -> Self {
        if let (Give::Keys(keys), Some(key)) = (&mut self.give, key)
            && keys.last() != Some(&key)
        {
            keys.push(key);
        }
        self
    }

    pub(super) fn words(words: &str, topic: &str) -> Self {
        let (give, topic) = (Give::Words(words.to_owned()), topic.to_owned());
        Self { give, topic, words: None, is_number: false }
    }
}

/// A choice on its way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attempt {
    pub(super) choice: Choice,
    /// The menu it was made in.
    pub(super) place: usize,
    /// Pieces of the menu heard before it.
    pub(super) before: VecDeque<Piece>,
    /// Made while the menu was still speaking.
    pub(super) cuts_in: bool,
    pub(super) tries: u32,
    pub(super) began: Mono,
    pub(super) played: Option<Mono>,
}

impl<M: Matcher> Navigator<M> {
    /// Makes a choice.
    pub(super) fn give(&mut self, now: Mono, place: usize, choice: Choice) {
        let shown = choice.give.shown();
        // A choice is known by its keys, whatever ends it.
        let what = if shown.len() > 1 { shown.trim_end_matches('#') } else { &shown };
        self.memory.tried(place, what);
        self.choices += 1;
        let before = self.take_pieces();
        self.start(
            now,
            Attempt { choice, place, before, cuts_in: false, tries: 0, began: now, played: None },
        );
    }

    /// Starts the next try of an attempt.
    fn start(&mut self, now: Mono, mut attempt: Attempt) {
        attempt.tries += 1;
        attempt.began = now;
        attempt.played = None;
        attempt.cuts_in = self.is_speaking();
        self.put(Output::Hush);
        self.put(Output::Note(Note::Chose {
            what: attempt.choice.give.shown(),
            topic: attempt.choice.topic.clone(),
            attempt: attempt.tries,
        }));
        self.put(match &attempt.choice.give {
            Give::Keys(keys) => {
                let slow = attempt.tries > 1 || attempt.choice.is_number && self.was_misread;
                let ms = if slow { self.policy.slow_tone_ms } else { self.policy.tone_ms };
                Output::Press { keys: keys.clone(), tone_ms: ms, gap_ms: ms }
            }
            Give::Words(text) => Output::Say { text: text.clone() },
        });
        self.attempt = Some(attempt);
        self.awaits_played = true;
    }

    /// What came of an attempt, when the menu has said something and paused.
    pub(super) fn judge(&self, attempt: &Attempt, reading: &Reading) -> Effect {
        if reading.cues.is_invalid && !reading.cues.is_mailbox {
            return Effect::Invalid;
        }
        if reading.cues.heard_nothing {
            return Effect::Unnoticed;
        }
        if attempt.cuts_in && self.goes_on(attempt, reading) {
            return Effect::Unnoticed;
        }
        let by_sound = self.sounds_repeated();
        let same = self.memory.is_same(attempt.place, reading, by_sound);
        // Somebody answered the choice before the menu began again: it was taken.
        let strangers = self.memory.strangers(attempt.place, reading);
        if same && strangers <= 2 { Effect::Repeated } else { Effect::Changed }
    }

    /// The menu just went on listing: no key that it has named already, all of them later ones.
    fn goes_on(&self, attempt: &Attempt, reading: &Reading) -> bool {
        let before = super::read::read(attempt.before.iter().map(|piece| piece.text.as_str()));
        let last = before.offers.iter().flat_map(|offer| &offer.keys).filter_map(rank).max();
        let next = reading.offers.iter().flat_map(|offer| &offer.keys).filter_map(rank).min();
        matches!((last, next), (Some(last), Some(next)) if next > last)
    }

    /// Writes down what came of an attempt.
    pub(super) fn note_effect(&mut self, now: Mono, attempt: &Attempt, effect: Effect) {
        let since = attempt.played.unwrap_or(attempt.began);
        self.put(Output::Note(Note::Effect {
            what: attempt.choice.give.shown(),
            effect,
            after_ms: u32::try_from(now.since(since).as_millis()).unwrap_or(u32::MAX),
        }));
    }

    /// The attempt did not take: try it another way. `false` when there is no other way.
    pub(super) fn retry(
        &mut self,
        now: Mono,
        mut attempt: Attempt,
        effect: Effect,
        reading: &Reading,
    ) -> bool {
        if attempt.tries >= TRIES_MAX || self.choices >= self.policy.choices_max {
            return false;
        }
        if attempt.tries > 1 {
            let Some(give) = self.otherwise(&attempt, effect, reading) else { return false };
            attempt.choice.give = give;
        } else if attempt.choice.is_number && effect == Effect::Silence {
            // Whoever waits in silence for more digits waits for the key that ends them.
            attempt.choice.give = Give::Keys(Digit::try_from('#').into_iter().collect());
        }
        self.choices += 1;
        attempt.before = self.take_pieces();
        self.start(now, attempt);
        true
    }

    /// By voice what did not work by keys, and the other way round.
    fn otherwise(&self, attempt: &Attempt, effect: Effect, reading: &Reading) -> Option<Give> {
        let choice = &attempt.choice;
        match &choice.give {
            Give::Keys(keys) => {
                // A menu of keys that said "invalid" twice means it, if something else can be tried.
                let takes_words = choice.words.is_some() || reading.cues.takes_words;
                if effect == Effect::Invalid && !takes_words && !choice.is_number {
                    return None;
                }
                let digits = || {
                    let said: Vec<&str> = keys.iter().map(|&key| words::spoken(key)).collect();
                    said.join(" ")
                };
                Some(Give::Words(choice.words.clone().unwrap_or_else(digits)))
            }
            Give::Words(_) => {
                let named = reading.offers.iter().find(|offer| offer.topic == choice.topic);
                named
                    .filter(|offer| !offer.keys.is_empty())
                    .map(|offer| Give::Keys(offer.keys.clone()))
            }
        }
    }
}

/// The order in which menus list keys.
fn rank(key: &Digit) -> Option<u32> {
    key.as_char().to_digit(10).filter(|&digit| digit > 0)
}
