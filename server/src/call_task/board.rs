//! What people are told of one call: how it stands, and what has happened.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agent::call::Output;
use media::circuit;
use platform::{CallView, Events, Next};
use telephony::Signal;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::clock::wall_now;

/// Readers of one call's events at a time.
pub const READERS_MAX: usize = 16;

/// One call's board. The call writes, readers look; nobody waits for anybody.
pub struct Board {
    view: Arc<Mutex<CallView>>,
    events: Mutex<Events>,
    changed: watch::Sender<()>,
    seats: Arc<Semaphore>,
}

impl Board {
    /// Of a call that was just accepted.
    pub fn new(view: Arc<Mutex<CallView>>, now_iso: &str) -> Self {
        let events = Events::new(&locked(&view), now_iso);
        let seats = Arc::new(Semaphore::new(READERS_MAX));
        Self { view, events: Mutex::new(events), changed: watch::Sender::new(()), seats }
    }

    /// What the call put out.
    pub(super) fn output(&self, output: &Output) {
        self.write(|view, events, now| {
            view.apply(now, output);
            events.output(now, view, output);
        });
    }

    /// What the carrier said.
    pub(super) fn signal(&self, signal: &Signal) {
        self.write(|view, events, now| {
            view.apply_signal(now, signal);
            events.signal(now, view, signal);
        });
    }

    /// What the circuit heard.
    pub(super) fn sound(&self, event: &circuit::Event) {
        self.write(|_, events, now| events.sound(now, event));
    }

    /// A reader that has seen everything up to this event; nothing when there are too many.
    pub fn reader(self: &Arc<Self>, seen: u64) -> Option<Reader> {
        let seat = Arc::clone(&self.seats).try_acquire_owned().ok()?;
        let changes = self.changed.subscribe();
        Some(Reader { board: Arc::clone(self), changes, seen, _seat: seat })
    }

    fn write(&self, change: impl FnOnce(&mut CallView, &mut Events, &str)) {
        change(&mut locked(&self.view), &mut locked(&self.events), &wall_now());
        self.changed.send_replace(());
    }
}

fn locked<T>(part: &Mutex<T>) -> MutexGuard<'_, T> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Somebody who reads a call's events in their own time.
pub struct Reader {
    board: Arc<Board>,
    changes: watch::Receiver<()>,
    seen: u64,
    _seat: OwnedSemaphorePermit,
}

impl Reader {
    /// The next event, or how many are forgotten (never [`Next::Nothing`]).
    pub async fn next(&mut self) -> Next {
        loop {
            self.changes.mark_unchanged();
            let next = locked(&self.board.events).after(self.seen);
            match &next {
                Next::Event(event) => self.seen = event.id,
                Next::Forgotten { through } => self.seen = *through,
                Next::Over => {}
                Next::Nothing => {
                    // We hold the board, and so the sender.
                    if self.changes.changed().await.is_ok() {
                        continue;
                    }
                }
            }
            return next;
        }
    }
}
