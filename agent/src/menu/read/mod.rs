//! Reading a menu: recognised pieces in, what is offered and what is asked out.
//!
//! ```text
//!   pieces ─ words ─▶ tokens ─ mentions ─▶ keys and spoken words with their places
//!                        │                    └─ offers ─▶ topic of each, and its kind
//!                        └─ cues ─▶ invalid, hold, closed, mailbox, a number is wanted, …
//! ```
//!
//! Recognisers err ("press for" is 4, "pressed our" is star), cut sentences, and leave commas out;
//! menus name the key first or last. Nothing here knows what we want.

mod cues;
mod kind;
mod mentions;
mod offers;
pub(super) mod words;

pub(super) use cues::Cues;
pub(super) use kind::Kind;
pub(super) use offers::Offer;

/// Most pieces of one menu that are kept; of a longer speech the newest.
pub(super) const PIECES_MAX: usize = 64;
/// Longest piece that is read, in bytes; the rest of it is left out.
pub(super) const PIECE_BYTES_MAX: usize = 2_000;

/// Longest line of somebody who takes a call, in words that say something.
const PERSON_WORDS_MAX: usize = 6;

impl Reading {
    /// Something was said that only machines say.
    pub(super) fn is_machine(&self) -> bool {
        let cues = &self.cues;
        !self.offers.is_empty()
            || cues.is_invalid
            || cues.heard_nothing
            || cues.holds
            || cues.is_closed
            || cues.is_mailbox
            || cues.is_survey
    }

    /// Whoever says so little, offers nothing and then waits is a person.
    pub(super) fn is_person(&self) -> bool {
        let cues = &self.cues;
        let asks = cues.asks_yes_or_no || cues.asks_openly || cues.wants_number.is_some();
        !self.is_machine() && !asks && self.content.len() <= PERSON_WORDS_MAX
    }

    /// Every key with the telling words of its topic.
    pub(super) fn labels(&self) -> impl Iterator<Item = (String, Vec<String>)> + '_ {
        self.offers.iter().map(|offer| (offer.what(), words::telling(&offer.topic)))
    }
}

/// A menu as understood so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Reading {
    /// What can be chosen, in the order of the menu.
    pub(super) offers: Vec<Offer>,
    /// What else was said.
    pub(super) cues: Cues,
    /// The words that say something, by their stems: what one menu is told from another by.
    pub(super) content: Vec<String>,
}

/// Reads pieces in the order of hearing.
pub(super) fn read<'a>(pieces: impl Iterator<Item = &'a str> + Clone) -> Reading {
    let tokens = words::tokens(pieces.clone());
    let cues = Cues::of(&tokens);
    let offers = offers::offers(&tokens, cues.asks_yes_or_no);
    let mut content: Vec<String> = pieces.flat_map(words::telling).collect();
    content.sort_unstable();
    content.dedup();
    Reading { offers, cues, content }
}
