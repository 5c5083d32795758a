//! What media threads are told and what they report.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use crossbeam_channel::{Receiver, Sender};
use media::circuit::{self, CircuitConfig};
use telephony::Signal;
use tokio::sync::mpsc;

use super::rings::{HeardIn, RecordingIn, SpeechOut, TapeIn};
use crate::call_task::Inbox;

/// Orders waiting for one circuit; the call is aborted when it is full.
pub const ORDERS_MAX: usize = 256;

/// What a circuit's seat is told.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// From the mind.
    Sound(circuit::Command),
    /// From the judge.
    Verdict(circuit::Verdict),
    /// The call is over: close the stream.
    Leave,
}

/// What a media thread reports to a call.
#[derive(Clone, Debug)]
pub enum Report {
    /// The stream began, ended, brought call progress or broke its protocol.
    Signal(Signal),
    /// From the circuit.
    Sound(circuit::Event),
    /// Something people should know; the call goes on.
    Notice {
        /// Stable code.
        code: &'static str,
        /// For people.
        detail: String,
    },
    /// The circuit is gone because of a fault of our own.
    Panicked {
        /// What the panic said.
        detail: String,
    },
}

/// Everything a circuit needs to be born on a media thread: one call's end of all its channels.
pub struct Place {
    /// How the circuit is set up.
    pub circuit: CircuitConfig,
    /// Orders for it.
    pub orders: Receiver<Order>,
    /// The same channel's other end, for the judge.
    pub orders_tx: Sender<Order>,
    /// Where reports go.
    pub inbox: mpsc::Sender<Inbox>,
    /// To the recogniser.
    pub heard: HeardIn,
    /// From the voice.
    pub speech: SpeechOut,
    /// To the journal.
    pub tape: TapeIn,
    /// To the recording.
    pub recording: RecordingIn,
    /// For people who watch.
    pub levels: Arc<Levels>,
}

/// Loudness of both sides, in dBFS, as of the last frames.
#[derive(Debug)]
pub struct Levels {
    callee: AtomicU32,
    agent: AtomicU32,
}

impl Default for Levels {
    fn default() -> Self {
        let silent = (-90.0_f32).to_bits();
        Self { callee: AtomicU32::new(silent), agent: AtomicU32::new(silent) }
    }
}

impl Levels {
    /// Notes both.
    pub fn set(&self, callee_dbfs: f32, agent_dbfs: f32) {
        self.callee.store(callee_dbfs.to_bits(), Ordering::Relaxed);
        self.agent.store(agent_dbfs.to_bits(), Ordering::Relaxed);
    }

    /// Callee and agent.
    pub fn get(&self) -> (f32, f32) {
        let read = |cell: &AtomicU32| f32::from_bits(cell.load(Ordering::Relaxed));
        (read(&self.callee), read(&self.agent))
    }
}

/// Streams that bring a call of their own and have not been answered, at a time.
const CALLERS_MAX: usize = 64;

/// Calls that wait for their stream, by call id, and streams that wait for their call.
pub struct Switchboard {
    waiting: Mutex<BTreeMap<String, Place>>,
    callers: mpsc::Sender<String>,
}

impl Switchboard {
    /// Nobody waits. The other end hears the ids of calls that streams bring.
    pub fn new() -> (Self, mpsc::Receiver<String>) {
        let (callers, calling) = mpsc::channel(CALLERS_MAX);
        (Self { waiting: Mutex::default(), callers }, calling)
    }

    /// A stream brings a call nobody placed; `false` when too many do.
    pub fn announce(&self, call_id: &str) -> bool {
        self.callers.try_send(call_id.to_owned()).is_ok()
    }

    /// A call waits for its stream. There are never more than calls admitted.
    pub fn expect(&self, call_id: &str, place: Place) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(call_id.to_owned(), place);
    }

    /// A stream has come for it, or it no longer waits.
    pub fn take(&self, call_id: &str) -> Option<Place> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(call_id)
    }
}
