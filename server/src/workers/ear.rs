//! Threads for recognisers that compute. Asked-for finals come first, then sound, and partials only
//! when nothing else waits: under load they are what is dropped.

use std::{collections::BTreeMap, io, thread, time::Duration};

use agent::{
    call::Listen,
    stt::{self, Dialect},
};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use tokio::sync::mpsc;

use crate::{call_task::Inbox, clock::Clock, media_thread::rings::HeardOut, vendors::as_input};

/// How often heard sound is passed on.
const PERIOD: Duration = Duration::from_millis(20);
/// Wishes of all calls of one thread that may wait.
const ASKS_MAX: usize = 256;

/// A call's end of its recogniser.
pub enum EarLink {
    /// On a worker thread.
    Worker {
        /// The call's number there.
        seat: u64,
        /// The thread.
        tx: Sender<EarAsk>,
    },
    /// On a task of its own.
    Task(mpsc::Sender<Listen>),
}

impl EarLink {
    /// Asks; `false` when it takes nothing more.
    pub fn listen(&self, listen: Listen) -> bool {
        match self {
            Self::Worker { seat, tx } => tx.try_send(EarAsk::Listen(*seat, listen)).is_ok(),
            Self::Task(tx) => tx.try_send(listen).is_ok(),
        }
    }
}

/// What an ear thread is told.
pub enum EarAsk {
    /// A new call.
    Sit(u64, Box<EarSeat>),
    /// From a call.
    Listen(u64, Listen),
}

/// One call's recogniser.
pub struct EarSeat {
    /// The dialect.
    pub dialect: Box<dyn Dialect>,
    /// What it hears.
    pub heard: HeardOut,
    /// Where its events go; when it is closed the seat is given up.
    pub inbox: mpsc::Sender<Inbox>,
}

/// Starts one thread; it ends when all senders are gone.
pub fn spawn(number: usize, clock: Clock) -> io::Result<Sender<EarAsk>> {
    let (tx, rx) = bounded(ASKS_MAX);
    thread::Builder::new().name(format!("ear-{number}")).spawn(move || run(clock, &rx))?;
    Ok(tx)
}

fn run(clock: Clock, asks: &Receiver<EarAsk>) {
    let mut seats: BTreeMap<u64, EarSeat> = BTreeMap::new();
    loop {
        let wait = if seats.is_empty() { Duration::from_secs(1) } else { PERIOD };
        match asks.recv_timeout(wait) {
            Ok(ask) => serve(clock, &mut seats, ask),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        while let Ok(ask) = asks.try_recv() {
            serve(clock, &mut seats, ask);
        }
        seats.retain(|_, seat| !seat.inbox.is_closed());
        for seat in seats.values_mut() {
            seat.pull(clock);
        }
        for seat in seats.values_mut() {
            if !asks.is_empty() {
                break;
            }
            let now = clock.now();
            if seat.dialect.deadline().is_some_and(|due| due <= now) {
                seat.dialect.handle(now, stt::Input::Tick);
                seat.drain();
            }
        }
    }
}

fn serve(clock: Clock, seats: &mut BTreeMap<u64, EarSeat>, ask: EarAsk) {
    match ask {
        EarAsk::Sit(number, seat) => {
            seats.insert(number, *seat);
        }
        EarAsk::Listen(number, listen) => {
            let Some(seat) = seats.get_mut(&number) else { return };
            // The circuit put the sound into the ring before it spoke of its positions.
            seat.pull(clock);
            seat.dialect.handle(clock.now(), as_input(listen));
            seat.drain();
        }
    }
}

impl EarSeat {
    fn pull(&mut self, clock: Clock) {
        let mut buffer = [0; 800];
        loop {
            let count = self.heard.pop(&mut buffer);
            if count == 0 {
                return;
            }
            self.dialect.handle(clock.now(), stt::Input::Audio(&buffer[..count]));
            self.drain();
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.dialect.poll() {
            if let stt::Output::Event(event) = output {
                // A call with a full inbox is given up by its media thread.
                let _ = self.inbox.try_send(Inbox::Stt(event));
            }
        }
    }
}
