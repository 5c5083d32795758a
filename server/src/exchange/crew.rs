//! Threads that compute for many calls, and which of them serves the next one.

use std::{
    io,
    sync::atomic::{AtomicU64, Ordering},
};

use crossbeam_channel::Sender;
use media::net::Lane;

/// A thread that computes for many calls, and the one that its nets run on.
pub(super) struct Worker<T> {
    pub(super) tx: Sender<T>,
    pub(super) lane: Lane,
}

/// Workers of one trade. Each call has a seat with one of them.
pub(super) struct Crew<T> {
    workers: Vec<Worker<T>>,
    seats: AtomicU64,
}

impl<T> Crew<T> {
    /// Starts `size` workers, at least one.
    pub(super) fn start(
        size: usize,
        mut spawn: impl FnMut(usize) -> io::Result<Sender<T>>,
    ) -> io::Result<Self> {
        let worker = |number| Ok(Worker { tx: spawn(number)?, lane: Lane::new() });
        let workers = (0..size.max(1)).map(worker).collect::<io::Result<_>>()?;
        Ok(Self { workers, seats: AtomicU64::new(0) })
    }

    /// A number that no other seat has, and who serves it: one after the other.
    pub(super) fn seat(&self) -> (u64, &Worker<T>) {
        let number = self.seats.fetch_add(1, Ordering::Relaxed);
        (number, &self.workers[number as usize % self.workers.len()])
    }
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::bounded;

    use super::*;

    #[test]
    fn seats_go_round() {
        let mut asked = Vec::new();
        let crew = Crew::start(3, |number| {
            let (tx, rx) = bounded::<()>(1);
            asked.push((number, rx));
            Ok(tx)
        })
        .expect("started");
        let served = |crew: &Crew<()>| {
            let (number, worker) = crew.seat();
            worker.tx.try_send(()).expect("room");
            (number, asked.iter().position(|(_, rx)| rx.try_recv().is_ok()))
        };
        let seats: Vec<_> = (0..5).map(|_| served(&crew)).collect();
        assert_eq!(seats, [(0, Some(0)), (1, Some(1)), (2, Some(2)), (3, Some(0)), (4, Some(1))]);
    }
}
