//! What leaves: frames on the grid, marks behind them, and standing still while a suspicion lasts.

use std::time::Duration;

use super::Playout;
use crate::{
    Mono,
    circuit::{Event, Out, Outbox},
};

/// A mark after so many messages.
const MARK_EVERY: usize = 5;

impl Playout {
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
        let relayed = self.relay.as_ref().is_some_and(|relay| relay.has(frame.len()));
        if !relayed && self.due_at() > now {
            return None;
        }
        self.sounding = None;
        let speaks = self.sendable(frame.len());
        let plays_at = match speaks {
            Some(at) => self.speak(now, at, frame, out),
            None if relayed || self.feeding.continuous => self.silence(now, frame, out),
            None => return None,
        };
        self.join(frame, speaks.is_some(), out);
        Some(plays_at)
    }

    /// Fills a frame with what an item has.
    fn speak(&mut self, now: Mono, at: usize, frame: &mut [i16], out: &mut Outbox) -> Mono {
        let item = &mut self.items[at];
        let taken = self.arena.pop(&mut item.chain, frame);
        frame[taken..].fill(0);
        let plays_at = self.pacer.send(now);
        self.sounding = item.keys.and_then(|row| row.sounding(item.sent));
        item.sent += taken as u64;
        item.plays_until = plays_at + Duration::from_micros(taken as u64 * 125);
        out.push(Out::Frame);
        if item.plays_from.is_none() {
            item.plays_from = Some(plays_at);
            if let Some(utterance) = item.utterance {
                out.event(Event::Started { utterance });
            }
        }
        if item.is_sent() || item.sent - item.marked >= (MARK_EVERY * frame.len()) as u64 {
            self.mark(now, at, out);
        }
        plays_at
    }

    /// Keeps the line open: a frame of nothing, on the same grid.
    fn silence(&mut self, now: Mono, frame: &mut [i16], out: &mut Outbox) -> Mono {
        frame.fill(0);
        out.push(Out::Frame);
        self.pacer.send(now)
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

    pub(super) fn mark(&mut self, now: Mono, at: usize, out: &mut Outbox) {
        let item = &mut self.items[at];
        if self.feeding.mark && item.marked < item.sent {
            item.marked = item.sent;
            // It comes back after all that was sent, padding included.
            let over_at = self.pacer.dry_at().max(now);
            let id = self.marks.send(self.epoch, item.utterance, item.sent, over_at);
            out.push(Out::Mark(id));
        }
    }

    /// When a frame is due; when something must have been played.
    pub(crate) fn deadlines(&self) -> (Option<Mono>, Option<Mono>) {
        let frame_samples = self.feeding.frame.as_micros() as usize / 125;
        let due = self.feeding.continuous || self.sendable(frame_samples).is_some();
        (due.then(|| self.due_at()), self.expires_at())
    }

    /// The earliest moment for a frame that nothing relayed calls for.
    fn due_at(&self) -> Mono {
        let silent_at = self.relay.as_ref().map_or(Mono::ZERO, |relay| relay.falls_silent_at());
        self.pacer.due_at().max(silent_at)
    }
}
