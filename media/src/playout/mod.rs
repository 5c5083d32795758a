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

mod arena;
mod item;
mod marks;
mod pacer;

use std::{collections::VecDeque, time::Duration};

use arena::Arena;
pub use arena::SPEECH_SAMPLES_MAX;
use item::Item;
use marks::{Marks, Pending, shifted};
use pacer::Pacer;

use crate::{
    Mono,
    circuit::{Epoch, Event, Ignored, MarkId, Out, Outbox, UtteranceId},
};

/// Most utterances that wait at once; further ones are refused.
pub const UTTERANCES_MAX: usize = 64;
/// A mark after this much sound.
const MARK_EVERY: u64 = 800;
/// A mark this late will not come: the utterance counts as heard by estimate.
const MARK_GRACE: Duration = Duration::from_millis(1500);

/// What a carrier can do with what we send it, and how we feed it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Feeding {
    pub(crate) frame: Duration,
    pub(crate) lead: Duration,
    pub(crate) slack: Duration,
    pub(crate) clear: bool,
    pub(crate) mark: bool,
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
}

impl Playout {
    pub(crate) fn new(feeding: Feeding) -> Self {
        Self {
            feeding,
            arena: Arena::new(),
            items: VecDeque::with_capacity(UTTERANCES_MAX),
            pacer: Pacer::new(feeding.frame, feeding.lead, feeding.slack),
            marks: Marks::new(),
            epoch: Epoch::default(),
            last: None,
            paused: None,
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

    /// Tones of keys: queued speech is dropped, keys already queued stay.
    pub(crate) fn keys(&mut self, now: Mono, tones: &[i16], out: &mut Outbox) {
        self.drop_items(now, 0, Item::is_speech, out);
        if self.items.len() == UTTERANCES_MAX {
            return out.ignored(Ignored::TooMuchSpeech);
        }
        let mut item = Item::new(None, false);
        let stored = self.arena.push(&mut item.chain, tones);
        item.queued = stored as u64;
        item.ended = true;
        if stored < tones.len() {
            out.ignored(Ignored::TooMuchSpeech);
        }
        self.items.push_back(item);
        self.settle(out);
    }

    /// Everything unplayed is gone. `reaction_ms` goes into the report.
    pub(crate) fn clear(&mut self, now: Mono, reaction_ms: u32, out: &mut Outbox) {
        self.drop_items(now, reaction_ms, |_| true, out);
    }

    fn drop_items(
        &mut self,
        now: Mono,
        reaction_ms: u32,
        dropped: fn(&Item) -> bool,
        out: &mut Outbox,
    ) {
        let travel = self.pacer.travel();
        // What has been played but for its mark was heard.
        while self.items.front().is_some_and(|front| {
            dropped(front) && front.is_sent() && front.played(now, travel) == front.queued
        }) && self.items.len() > 1
        {
            self.finish_front(out);
        }
        let Some(front) = self.items.front() else { return };
        if !self.items.iter().any(dropped) {
            return;
        }
        if dropped(front) {
            // Without a clear the carrier plays what it has.
            let samples = if self.feeding.clear { front.played(now, travel) } else { front.sent };
            if let Some(utterance) = front.utterance {
                let heard = front.heard(samples);
                let whole = front.is_sent() && samples == front.queued;
                out.event(if whole {
                    Event::Finished { utterance, heard }
                } else {
                    Event::Interrupted { utterance, heard, reaction_ms }
                });
            }
            if self.feeding.clear {
                out.push(Out::Clear);
                self.pacer.clear(now);
            }
            self.epoch.0 = self.epoch.0.wrapping_add(1);
        }
        for item in self.items.iter_mut().filter(|item| dropped(item)) {
            self.arena.release(&mut item.chain);
        }
        self.items.retain(|item| !dropped(item));
        self.paused = None;
    }

    /// Stops feeding the carrier. A mark shows when it has run dry.
    pub(crate) fn pause(&mut self, now: Mono, out: &mut Outbox) {
        let Some(utterance) = self.items.front().and_then(|front| front.utterance) else { return };
        if self.paused.is_none() {
            self.paused = Some(now);
            out.event(Event::Paused { utterance });
            let sending = self.items.iter().rposition(|item| item.sent > 0);
            if let Some(at) = sending {
                self.mark(now, at, out);
            }
        }
    }

    /// Goes on where it stopped.
    pub(crate) fn resume(&mut self, now: Mono, out: &mut Outbox) {
        let Some(since) = self.paused.take() else { return };
        if let Some(utterance) = self.items.front().and_then(|front| front.utterance) {
            let paused_ms = now.since(since).as_millis() as u32;
            out.event(Event::Resumed { utterance, paused_ms });
        }
    }

    /// Fills `frame` when one is due; returns when the carrier will begin to play it.
    pub(crate) fn next_frame(
        &mut self,
        now: Mono,
        frame: &mut [i16],
        out: &mut Outbox,
    ) -> Option<Mono> {
        let at = self.sendable(frame.len())?;
        if self.pacer.due_at() > now {
            return None;
        }
        let item = &mut self.items[at];
        let taken = self.arena.pop(&mut item.chain, frame);
        frame[taken..].fill(0);
        let plays_at = self.pacer.send(now);
        item.sent += taken as u64;
        item.plays_until = plays_at + Duration::from_micros(taken as u64 * 125);
        out.push(Out::Frame);
        if item.plays_from.is_none() {
            item.plays_from = Some(plays_at);
            if let Some(utterance) = item.utterance {
                out.event(Event::Started { utterance });
            }
        }
        if item.is_sent() || item.sent - item.marked >= MARK_EVERY {
            self.mark(now, at, out);
        }
        Some(plays_at)
    }

    /// The item whose turn it is, if it has a frame's worth of sound or its last bit.
    fn sendable(&self, frame_samples: usize) -> Option<usize> {
        if self.paused.is_some() {
            return None;
        }
        let at = self.items.iter().position(|item| !item.is_sent())?;
        let item = &self.items[at];
        (item.ended || item.chain.len() >= frame_samples).then_some(at)
    }

    fn mark(&mut self, now: Mono, at: usize, out: &mut Outbox) {
        let item = &mut self.items[at];
        if self.feeding.mark && item.marked < item.sent {
            item.marked = item.sent;
            // It comes back after all that was sent, padding included.
            let over_at = self.pacer.dry_at().max(now);
            let id = self.marks.send(self.epoch, item.utterance, item.sent, over_at);
            out.push(Out::Mark(id));
        }
    }

    pub(crate) fn mark_returned(&mut self, now: Mono, id: MarkId, out: &mut Outbox) {
        let Some(mark) = self.marks.take(id) else { return out.ignored(Ignored::UnknownMark) };
        if mark.epoch != self.epoch {
            return;
        }
        let Pending { utterance, position, expected, .. } = mark;
        let moved = self.pacer.mark(now, expected);
        if moved != 0 {
            self.marks.shift(moved);
            for item in &mut self.items {
                item.plays_until = shifted(item.plays_until, moved);
            }
        }
        let standing = |item: &Item| item.utterance == utterance && item.sent >= position;
        let Some(at) = self.items.iter().position(standing) else { return };
        for before in self.items.iter_mut().take(at) {
            before.confirmed = before.sent;
        }
        let item = &mut self.items[at];
        item.confirmed = item.confirmed.max(position);
        self.settle(out);
    }

    /// What must have been played by now though no mark says so.
    pub(crate) fn expire(&mut self, now: Mono, out: &mut Outbox) {
        while self.expires_at().is_some_and(|at| at <= now) {
            self.finish_front(out);
            self.settle(out);
        }
    }

    fn expires_at(&self) -> Option<Mono> {
        let front = self.items.front().filter(|front| front.is_sent())?;
        Some(front.plays_until + if self.feeding.mark { MARK_GRACE } else { Duration::ZERO })
    }

    /// Reports what is confirmed to its end.
    fn settle(&mut self, out: &mut Outbox) {
        while self.items.front().is_some_and(Item::is_confirmed) {
            self.finish_front(out);
        }
    }

    fn finish_front(&mut self, out: &mut Outbox) {
        let Some(mut item) = self.items.pop_front() else { return };
        self.arena.release(&mut item.chain);
        out.event(match item.utterance {
            Some(utterance) => {
                let confirmed = item.is_confirmed();
                let heard = item.heard(item.queued);
                Event::Finished { utterance, heard: crate::circuit::Heard { confirmed, ..heard } }
            }
            None => Event::KeysPlayed,
        });
        if self.items.is_empty() {
            self.paused = None;
        }
    }

    /// What has the floor: nothing, or the oldest utterance not yet heard to its end.
    pub(crate) fn playing(&self) -> Option<Playing> {
        let front = self.items.front()?;
        Some(Playing { interruptible: front.interruptible, from: front.plays_from })
    }

    /// When a frame is due; when something must have been played.
    pub(crate) fn deadlines(&self) -> (Option<Mono>, Option<Mono>) {
        let frame_samples = self.feeding.frame.as_micros() as usize / 125;
        (self.sendable(frame_samples).map(|_| self.pacer.due_at()), self.expires_at())
    }
}

impl Item {
    fn is_speech(&self) -> bool {
        self.utterance.is_some()
    }
}

#[cfg(test)]
mod tests;
