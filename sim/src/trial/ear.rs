//! What a recogniser and a line state would say of a far end, told from its own account.

use std::collections::{BTreeSet, VecDeque};

use agent::menu::Line;
use fastrand::Rng;
use media::Mono;

use crate::{
    callee,
    tree::{Kind, Played},
};

/// Silence until a line is called quiet, in ms.
const QUIET_MS: u64 = 240;
/// Of a person until it is called one, in ms.
const PERSON_MS: u64 = 800;
/// A beep is told this long after its end, in ms.
const BEEP_MS: u64 = 120;

/// What recognisers make of words on the telephone.
const MISHEARD: &[(&str, &str)] = &[
    ("press", "pressed"),
    ("two", "to"),
    ("two.", "to."),
    ("four", "for"),
    ("four.", "for."),
    ("for", "four"),
    ("eight", "ate"),
    ("eight.", "ate."),
    ("one", "won"),
    ("one.", "won."),
    ("pound", "found"),
    ("three.", "tree."),
    ("our", "are"),
    ("billing", "building"),
    ("billing,", "building,"),
];

/// Words as recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) began: Mono,
    pub(super) is_repeat: bool,
    due: Mono,
}

/// Hears by the far end's account.
#[derive(Clone, Debug)]
pub(super) struct Ear {
    recogniser_ms: u64,
    errors_per_mille: u16,
    rng: Rng,
    /// Sounds of the account that have been heard to their end.
    heard: usize,
    known: BTreeSet<String>,
    pieces: VecDeque<Piece>,
    line: Line,
    change: Option<Line>,
    loud_until: Mono,
}

impl Ear {
    pub(super) fn new(recogniser_ms: u32, errors_per_mille: u16, rng: Rng) -> Self {
        Self {
            recogniser_ms: u64::from(recogniser_ms),
            errors_per_mille,
            rng,
            heard: 0,
            known: BTreeSet::new(),
            pieces: VecDeque::new(),
            line: Line::Quiet,
            change: None,
            loud_until: Mono::ZERO,
        }
    }

    /// Time passes at the far end.
    pub(super) fn frame(&mut self, now: Mono, errand: &callee::Errand) {
        let sample = now.as_millis() * 8;
        while let Some(played) =
            errand.tree.played.get(self.heard).filter(|p| p.to_sample <= sample)
        {
            self.heard += 1;
            self.recognise(played);
        }
        let line = self.line_at(now, sample, errand);
        if line != self.line {
            self.line = line;
            self.change = Some(line);
        }
    }

    /// The line has changed to this.
    pub(super) fn line_change(&mut self) -> Option<Line> {
        self.change.take()
    }

    /// The next piece whose time has come.
    pub(super) fn words(&mut self, now: Mono) -> Option<Piece> {
        self.pieces.pop_front_if(|piece| piece.due <= now)
    }

    fn line_at(&mut self, now: Mono, sample: u64, errand: &callee::Errand) -> Line {
        let after = |from_sample: u64, ms: u64| sample >= from_sample + ms * 8;
        if errand.spoken.first().is_some_and(|spoken| after(spoken.from_sample, PERSON_MS)) {
            return Line::Person;
        }
        let last = errand.tree.played.last();
        let beep = last.filter(|p| p.kind == Kind::Beep && after(p.to_sample, BEEP_MS));
        if beep.is_some() {
            return Line::Beep;
        }
        let sounds = last.filter(|p| p.from_sample <= sample && sample < p.to_sample);
        let line = sounds.map(|p| match p.kind {
            Kind::Speech => Line::Speaking,
            Kind::Music => Line::Music,
            Kind::Ringing => Line::Ringing,
            Kind::Beep => Line::Quiet,
        });
        match line {
            Some(line) => {
                self.loud_until = now;
                line
            }
            None if now.since(self.loud_until).as_millis() < u128::from(QUIET_MS) => self.line,
            None => Line::Quiet,
        }
    }

    fn recognise(&mut self, played: &Played) {
        let heard = played.words_until(played.to_sample);
        if played.kind != Kind::Speech || heard.is_empty() {
            return;
        }
        let is_repeat = !self.known.insert(heard.clone());
        let text: Vec<String> = heard.split(' ').filter_map(|word| self.misheard(word)).collect();
        let ended_ms = played.to_sample / 8;
        self.pieces.push_back(Piece {
            text: text.join(" "),
            began: Mono::from_millis(played.from_sample / 8),
            is_repeat,
            due: Mono::from_millis(ended_ms + self.recogniser_ms),
        });
    }

    /// The word as it is recognised: right, as one that sounds like it, or not at all.
    fn misheard(&mut self, word: &str) -> Option<String> {
        if self.rng.u16(0..1_000) >= self.errors_per_mille {
            return Some(word.to_owned());
        }
        let lower = word.to_lowercase();
        let like = MISHEARD.iter().find(|(said, _)| *said == lower);
        match like {
            Some((_, heard)) => Some((*heard).to_owned()),
            None if word.len() >= 6 => {
                let mut letters: Vec<char> = word.chars().collect();
                letters.remove(self.rng.usize(1..letters.len() - 1));
                Some(letters.into_iter().collect())
            }
            None if word.len() <= 3 && self.rng.bool() => None,
            None => Some(word.to_owned()),
        }
    }
}
