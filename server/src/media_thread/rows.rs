//! The seats of a media thread as its tick looks at them. What tells whether a seat has anything to do
//! stands close together: most seats have not, and a look at each one's own memory, ten times a frame,
//! costs more than it finds.

use std::panic::{AssertUnwindSafe, catch_unwind};

use media::Mono;
use metrics::counter;
use tracing::error;

use super::{
    panic_text,
    rings::Bell,
    seat::{Fate, Seat, SeatId, Wake},
    words::Report,
};
use crate::clock::Clock;

/// All seats, by id, ascending.
#[derive(Default)]
pub(super) struct Rows(Vec<Row>);

struct Row {
    id: SeatId,
    bell: Bell,
    /// As of the last visit.
    wake: Wake,
    seat: Box<Seat>,
}

impl Rows {
    /// Takes a seat in; its id is higher than any before.
    pub(super) fn push(&mut self, seat: Seat) {
        let (id, bell, wake) = (seat.id(), seat.bell().clone(), seat.wake());
        self.0.push(Row { id, bell, wake, seat: Box::new(seat) });
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The poller has seen something on a seat's socket.
    pub(super) fn readable(&mut self, id: SeatId, ended: bool) {
        if let Some(index) = self.find(id) {
            let row = &mut self.0[index];
            row.seat.readable(ended);
            row.wake = row.seat.wake();
        }
    }

    /// Hands a datagram to its seat; `None` when there is no such seat (any more).
    pub(super) fn datagram(&mut self, now: Mono, id: SeatId, datagram: &[u8]) -> Option<()> {
        let index = self.find(id)?;
        if !self.0[index].visit(|seat| seat.datagram(now, datagram)) {
            self.0.remove(index);
            return None;
        }
        Some(())
    }

    /// Visits every seat that has something to do; `visited` is told which, and whether it stays.
    pub(super) fn tick(&mut self, clock: Clock, mut visited: impl FnMut(&Seat, bool)) {
        let now = clock.now();
        self.0.retain_mut(|row| {
            if !row.wake.is_due(now) && !row.bell.has_rung() {
                return true;
            }
            let stays = row.visit(|seat| seat.tick(clock.now()));
            visited(&row.seat, stays);
            stays
        });
    }

    fn find(&self, id: SeatId) -> Option<usize> {
        self.0.binary_search_by_key(&id, |row| row.id).ok()
    }
}

impl Row {
    /// Does something in the seat; a panic inside ends that call alone.
    fn visit(&mut self, work: impl FnOnce(&mut Seat) -> Fate) -> bool {
        match catch_unwind(AssertUnwindSafe(|| work(&mut self.seat))) {
            Ok(fate) => {
                self.wake = self.seat.wake();
                fate == Fate::Stays
            }
            Err(panic) => {
                let detail = panic_text(panic.as_ref());
                error!(%detail, "a circuit panicked; its call ends, the others go on");
                counter!("trunkline_panics_total").increment(1);
                let _ = self.seat.reports().send(Report::Panicked { detail });
                false
            }
        }
    }
}
