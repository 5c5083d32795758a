//! What we say: one account of what was queued, sent, confirmed and cleared, and its pacing.
//!
//! ```text
//!  Say, Speech ─▶ items in order (arena) ─▶ pacer: absolute grid, `lead` early ─▶ Frame, Mark
//!  Mark back ─▶ confirmed ─▶ Finished, heard          Clear ─▶ epoch + 1, all of it gone
//! ```
//!
//! Nothing is put into an utterance that is not its sound: when synthesis stalls, the utterance
//! waits. A pause stops the feeding at a frame's edge, so going on repeats and loses nothing; what
//! lies in the carrier's buffer (the lead) still plays.
//!
//! Heard is what marks confirm; between marks, and on carriers without them, an estimate from the
//! pacing, never beyond what was sent.
//!
//! Here: what is queued. In [`feed`]: what leaves, and when. In [`account`]: what comes back, and what
//! a clear takes away. In [`relay`]: what another leg adds in a bridge.

mod account;
mod arena;
mod feed;
mod item;
mod marks;
mod pacer;
mod relay;

use std::{collections::VecDeque, time::Duration};

use arena::Arena;
pub use arena::SPEECH_SAMPLES_MAX;
use item::Item;
use marks::Marks;
use pacer::Pacer;
use relay::Relay;

use crate::{
    Mono,
    circuit::{Epoch, Event, Ignored, KeyRow, Outbox, Sounding, UtteranceId},
};

/// Most utterances that wait at once; further ones are refused.
pub const UTTERANCES_MAX: usize = 64;

/// What a carrier can do with what we send it, and how we feed it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Feeding {
    pub(crate) frame: Duration,
    pub(crate) lead: Duration,
    pub(crate) slack: Duration,
    pub(crate) clear: bool,
    pub(crate) mark: bool,
    /// Frames of silence leave while there is nothing to say.
    pub(crate) continuous: bool,
}

/// The utterance that has the floor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Playing {
    pub(crate) interruptible: bool,
    /// When its first sound played; `None` before.
    pub(crate) from: Option<Mono>,
}

pub(crate) struct Playout {
    feeding: Feeding,
    arena: Arena,
    /// In the order of their `Say`; the front one is playing or next.
    items: VecDeque<Item>,
    pacer: Pacer,
    marks: Marks,
    epoch: Epoch,
    last: Option<UtteranceId>,
    paused: Option<Mono>,
    /// The key in the last frame.
    sounding: Option<Sounding>,
    /// What another leg hears goes out here.
    relay: Option<Box<Relay>>,
}

impl Playout {
    pub(crate) fn new(feeding: Feeding) -> Self {
        Self {
            feeding,
            arena: Arena::new(),
            items: VecDeque::new(),
            pacer: Pacer::new(feeding.frame, feeding.lead, feeding.slack),
            marks: Marks::new(),
            epoch: Epoch::default(),
            last: None,
            paused: None,
            sounding: None,
            relay: None,
        }
    }

    pub(crate) fn say(&mut self, utterance: UtteranceId, interruptible: bool, out: &mut Outbox) {
        if self.last.is_some_and(|last| utterance <= last) {
            return out.ignored(Ignored::UtteranceOrder);
        }
        if self.items.len() == UTTERANCES_MAX {
            return out.ignored(Ignored::TooMuchSpeech);
        }
        self.last = Some(utterance);
        self.items.push_back(Item::new(Some(utterance), interruptible));
    }

    pub(crate) fn speech(&mut self, utterance: UtteranceId, samples: &[i16], out: &mut Outbox) {
        match self.items.iter_mut().find(|item| item.utterance == Some(utterance) && !item.ended) {
            None => out.ignored(Ignored::StaleSpeech),
            Some(item) => {
                let stored = self.arena.push(&mut item.chain, samples);
                item.queued += stored as u64;
                if stored < samples.len() {
                    out.ignored(Ignored::TooMuchSpeech);
                }
            }
        }
    }

    pub(crate) fn speech_end(&mut self, now: Mono, utterance: UtteranceId, out: &mut Outbox) {
        let found = self.items.iter().position(|item| item.utterance == Some(utterance));
        let Some(at) = found else { return out.ignored(Ignored::StaleSpeech) };
        self.items[at].ended = true;
        if self.items[at].is_sent() {
            self.mark(now, at, out);
        }
        self.settle(out);
    }

    /// Keys and their tones: queued speech is dropped, keys already queued stay.
    pub(crate) fn keys(&mut self, now: Mono, row: KeyRow, tones: &[i16], out: &mut Outbox) {
        self.drop_items(now, 0, Item::is_speech, out);
        let mut item = Item::new(None, false);
        // Half a row of keys is worse than none.
        if self.items.len() == UTTERANCES_MAX
            || self.arena.push(&mut item.chain, tones) < tones.len()
        {
            self.arena.release(&mut item.chain);
            out.ignored(Ignored::TooMuchSpeech);
            return out.event(Event::KeysCancelled);
        }
        item.keys = Some(row);
        item.queued = tones.len() as u64;
        item.ended = true;
        self.items.push_back(item);
        self.settle(out);
    }

    /// The key that sounds in the frame sent last.
    pub(crate) fn sounding(&self) -> Option<Sounding> {
        self.sounding
    }

    /// Samples that wait of what is being sent. What waits behind it counts only once all of it is
    /// here: a voice that says two utterances at once must not starve the first.
    pub(crate) fn waiting(&self) -> usize {
        let mut waiting = 0;
        for item in self.items.iter().filter(|item| !item.is_sent()) {
            waiting += item.chain.len();
            if !item.ended {
                break;
            }
        }
        waiting
    }

    /// What has the floor: nothing, or the oldest utterance not yet heard to its end.
    pub(crate) fn playing(&self) -> Option<Playing> {
        let front = self.items.front()?;
        Some(Playing { interruptible: front.interruptible, from: front.plays_from })
    }
}

#[cfg(test)]
mod tests;
