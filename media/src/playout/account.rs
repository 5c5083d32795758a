//! What comes back and what is taken away: marks returned or overdue, ends reported, clears.

use std::time::Duration;

use super::{
    Playout,
    item::Item,
    marks::{Pending, shifted},
    relay::RELAYED,
};
use crate::{
    Mono,
    circuit::{Event, Heard, Ignored, MarkId, Out, Outbox},
};

/// A mark this late will not come: the utterance counts as heard by estimate.
const MARK_GRACE: Duration = Duration::from_millis(1500);

impl Playout {
    pub(crate) fn mark_returned(&mut self, now: Mono, id: MarkId, out: &mut Outbox) {
        let Some(mark) = self.marks.take(id) else { return out.ignored(Ignored::UnknownMark) };
        if mark.epoch != self.epoch {
            return;
        }
        let Pending { utterance, position, expected, .. } = mark;
        if position == RELAYED {
            if let Some(relay) = &mut self.relay {
                let delay_us = now.as_micros() as i64 - expected.as_micros() as i64;
                relay.mark(delay_us, self.feeding.frame);
            }
            return;
        }
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

    pub(super) fn expires_at(&self) -> Option<Mono> {
        let front = self.items.front().filter(|front| front.is_sent())?;
        Some(front.plays_until + if self.feeding.mark { MARK_GRACE } else { Duration::ZERO })
    }

    /// Reports what is confirmed to its end.
    pub(super) fn settle(&mut self, out: &mut Outbox) {
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
                Event::Finished { utterance, heard: Heard { confirmed, ..heard } }
            }
            None => Event::KeysPlayed,
        });
        if self.items.is_empty() {
            self.paused = None;
        }
    }

    /// Everything unplayed is gone. `reaction_ms` goes into the report.
    pub(crate) fn clear(&mut self, now: Mono, reaction_ms: u32, out: &mut Outbox) {
        self.drop_items(now, reaction_ms, |_| true, out);
    }

    pub(super) fn drop_items(
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
        let first_dropped = dropped(front);
        for (at, item) in self.items.iter_mut().enumerate().filter(|(_, item)| dropped(item)) {
            // Without a clear the carrier plays what it has.
            let samples = if self.feeding.clear { item.played(now, travel) } else { item.sent };
            // Of speech only what was playing is told; who waits for keys waits for each of them.
            if at == 0 || !item.is_speech() {
                out.event(item.dropped(samples, reaction_ms));
            }
            self.arena.release(&mut item.chain);
        }
        if first_dropped {
            if self.feeding.clear {
                out.push(Out::Clear);
                self.pacer.clear(now);
            }
            self.epoch.0 = self.epoch.0.wrapping_add(1);
        }
        self.items.retain(|item| !dropped(item));
        self.paused = None;
    }
}
