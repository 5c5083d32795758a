//! Threads for voices that compute: one chunk of sound at a time, calls in turn, so that a long
//! sentence of one call does not keep another silent. A voice rests while its ring is full.

use std::{collections::BTreeMap, io, thread, time::Duration};

use agent::tts::{self, Dialect};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use media::circuit::UtteranceId;
use tokio::sync::mpsc;

use crate::{call_task::Inbox, clock::Clock, vendors::Backlog};

/// Wishes of all calls of one thread that may wait.
const ASKS_MAX: usize = 256;
/// How long to wait when every ring is full.
const RETRY: Duration = Duration::from_millis(5);
/// How often an idle thread looks for calls that have gone.
const IDLE: Duration = Duration::from_millis(500);

/// A call's end of its voice.
pub enum MouthLink {
    /// On a worker thread.
    Worker {
        /// The call's number there.
        seat: u64,
        /// The thread.
        tx: Sender<MouthMessage>,
    },
    /// On a task of its own.
    Task(mpsc::Sender<MouthAsk>),
}

impl MouthLink {
    /// Asks for speech; `false` when it takes nothing more.
    pub fn speak(&self, utterance: UtteranceId, text: String) -> bool {
        self.ask(MouthAsk::Say(utterance, text))
    }

    /// Takes an utterance back; `false` when it takes nothing more.
    pub fn hush(&self, utterance: UtteranceId) -> bool {
        self.ask(MouthAsk::Hush(utterance))
    }

    fn ask(&self, ask: MouthAsk) -> bool {
        match self {
            Self::Worker { seat, tx } => tx.try_send(MouthMessage::Ask(*seat, ask)).is_ok(),
            Self::Task(tx) => tx.try_send(ask).is_ok(),
        }
    }
}

/// What a voice is told.
pub enum MouthAsk {
    /// Say this.
    Say(UtteranceId, String),
    /// No longer wanted.
    Hush(UtteranceId),
}

/// What a mouth thread is told.
pub enum MouthMessage {
    /// A new call.
    Sit(u64, Box<MouthSeat>),
    /// From a call.
    Ask(u64, MouthAsk),
}

/// One call's voice.
pub struct MouthSeat {
    dialect: Box<dyn Dialect>,
    backlog: Backlog,
    inbox: mpsc::Sender<Inbox>,
    active: bool,
}

impl MouthSeat {
    /// A voice that has said nothing.
    pub(crate) fn new(
        dialect: Box<dyn Dialect>,
        backlog: Backlog,
        inbox: mpsc::Sender<Inbox>,
    ) -> Self {
        Self { dialect, backlog, inbox, active: false }
    }

    fn ask(&mut self, clock: Clock, ask: MouthAsk) {
        let now = clock.now();
        match ask {
            MouthAsk::Say(utterance, text) => {
                self.dialect.handle(now, tts::Input::Say { utterance, text: &text });
            }
            MouthAsk::Hush(utterance) => {
                self.backlog.forget(utterance);
                self.dialect.handle(now, tts::Input::Cancel(utterance));
            }
        }
        self.active = true;
    }

    /// One piece of work; `true` when there may be more right away.
    fn work(&mut self, clock: Clock) -> bool {
        self.backlog.flush();
        let now = clock.now();
        if self.dialect.deadline().is_some_and(|due| due <= now) {
            self.dialect.handle(now, tts::Input::Tick);
            self.active = true;
        }
        if !self.active || !self.backlog.is_empty() {
            return false;
        }
        match self.dialect.poll() {
            Some(tts::Output::Audio { utterance, samples }) => {
                self.backlog.sound(utterance, samples)
            }
            Some(tts::Output::Event(event)) => {
                self.backlog.event(&event);
                // A call with a full inbox is given up by its media thread.
                let _ = self.inbox.try_send(Inbox::Tts(event));
            }
            Some(tts::Output::Wire(_)) => {}
            None => self.active = false,
        }
        self.backlog.flush();
        self.active
    }

    fn waits(&self) -> bool {
        self.active || !self.backlog.is_empty() || self.dialect.deadline().is_some()
    }
}

/// Starts one thread; it ends when all senders are gone.
pub fn spawn(number: usize, clock: Clock) -> io::Result<Sender<MouthMessage>> {
    let (tx, rx) = bounded(ASKS_MAX);
    thread::Builder::new().name(format!("mouth-{number}")).spawn(move || run(clock, &rx))?;
    Ok(tx)
}

fn run(clock: Clock, asks: &Receiver<MouthMessage>) {
    let mut seats: BTreeMap<u64, MouthSeat> = BTreeMap::new();
    let mut more = false;
    loop {
        let wait = match more {
            true => Duration::ZERO,
            false if seats.values().any(MouthSeat::waits) => RETRY,
            false => IDLE,
        };
        match asks.recv_timeout(wait) {
            Ok(ask) => serve(clock, &mut seats, ask),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        while let Ok(ask) = asks.try_recv() {
            serve(clock, &mut seats, ask);
        }
        seats.retain(|_, seat| !seat.inbox.is_closed());
        more = false;
        for seat in seats.values_mut() {
            more |= seat.work(clock);
        }
    }
}

fn serve(clock: Clock, seats: &mut BTreeMap<u64, MouthSeat>, message: MouthMessage) {
    match message {
        MouthMessage::Sit(number, seat) => {
            seats.insert(number, *seat);
        }
        MouthMessage::Ask(number, ask) => {
            if let Some(seat) = seats.get_mut(&number) {
                seat.ask(clock, ask);
            }
        }
    }
}
