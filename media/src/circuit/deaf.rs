//! Notices when the carrier falls silent: no packet, not even of silence.

use std::time::Duration;

use super::{outbox::Outbox, words::Event};
use crate::Mono;

/// First report after this long without a packet; then each time it has doubled.
const FIRST: Duration = Duration::from_secs(2);

pub(super) struct Deaf {
    last: Mono,
    patience: Duration,
}

impl Deaf {
    pub(super) fn new(now: Mono) -> Self {
        Self { last: now, patience: FIRST }
    }

    /// A packet came.
    pub(super) fn packet(&mut self, now: Mono) {
        *self = Self { last: now, patience: FIRST };
    }

    pub(super) fn tick(&mut self, now: Mono, out: &mut Outbox) {
        if now >= self.deadline() {
            let for_ms = u32::try_from(now.since(self.last).as_millis()).unwrap_or(u32::MAX);
            out.event(Event::Deaf { for_ms });
            while now >= self.deadline() {
                self.patience *= 2;
            }
        }
    }

    pub(super) fn deadline(&self) -> Mono {
        self.last + self.patience
    }
}
