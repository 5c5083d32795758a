//! What a vendor will send, and when.

use std::collections::VecDeque;

use media::Mono;

use super::Sent;

/// Messages that wait; the emulators' own scripts stay far below. Beyond it the newest are lost.
const WAITING_MAX: usize = 65_536;

/// Messages in the order of their time; those of one time in the order they were put in.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: VecDeque<(Mono, Sent)>,
    now: Mono,
}

impl Outbox {
    /// To be sent then.
    pub(super) fn at(&mut self, when: Mono, sent: Sent) {
        if self.waiting.len() < WAITING_MAX {
            let place = self.waiting.partition_point(|(at, _)| *at <= when);
            self.waiting.insert(place, (when, sent));
        }
    }

    /// Time goes on.
    pub(super) fn tick(&mut self, now: Mono) {
        self.now = self.now.max(now);
    }

    /// The next that is due.
    pub(super) fn pop(&mut self) -> Option<Sent> {
        let now = self.now;
        self.waiting.pop_front_if(|(at, _)| *at <= now).map(|(_, sent)| sent)
    }

    /// When the next is due.
    pub(super) fn next_at(&self) -> Option<Mono> {
        self.waiting.front().map(|(at, _)| *at)
    }

    /// Drops everything that waits.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }
}
