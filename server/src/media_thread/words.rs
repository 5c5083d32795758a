//! What media threads are told and what they report.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use media::circuit::{self, CircuitConfig};
use telephony::{Bridging, Capabilities, DigitPath, MachineDetection, Signal};
use tokio::sync::{mpsc, oneshot};

use super::rings::{self, Bell, HeardIn, HeardOut, RelayIn, RelayOut, SpeechIn, SpeechOut};
use crate::{
    call_task::{INBOX_MAX, Inbox},
    journal::{self, Spool, Spooled},
};

/// Orders waiting for one circuit; the call is aborted when it is full.
const ORDERS_MAX: usize = 64;

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

/// The way to one circuit for its orders.
#[derive(Clone)]
pub struct Orders {
    tx: Sender<Order>,
    bell: Bell,
}

impl Orders {
    /// A way, and its other end.
    pub fn new() -> (Self, Receiver<Order>) {
        let (tx, rx) = bounded(ORDERS_MAX);
        (Self { tx, bell: Bell::default() }, rx)
    }

    /// Gives an order; it is obeyed within a tick.
    ///
    /// # Errors
    /// When too many wait, or the circuit is gone.
    pub fn give(&self, order: Order) -> Result<(), TrySendError<Order>> {
        self.tx.try_send(order)?;
        self.bell.ring();
        Ok(())
    }

    /// The bell of the circuit's seat, for others who put something in.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }
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

/// Where the reports of one leg go.
#[derive(Clone)]
pub struct Reports {
    inbox: mpsc::Sender<Inbox>,
    of_user: bool,
}

impl Reports {
    /// Those of the callee's leg.
    pub fn new(inbox: mpsc::Sender<Inbox>) -> Self {
        Self { inbox, of_user: false }
    }

    /// The same call's, of the user's own leg.
    pub fn of_user(&self) -> Self {
        Self { inbox: self.inbox.clone(), of_user: true }
    }

    /// The call they go to.
    pub fn inbox(&self) -> &mpsc::Sender<Inbox> {
        &self.inbox
    }

    /// Reports.
    ///
    /// # Errors
    /// When the call is over, or takes nothing more.
    pub fn send(&self, report: Report) -> Result<(), mpsc::error::TrySendError<Inbox>> {
        let report = if self.of_user { Inbox::User(report) } else { Inbox::Media(report) };
        self.inbox.try_send(report)
    }

    /// What the carrier says of this leg.
    pub fn signal(&self, signal: Signal) -> Option<Inbox> {
        let signal = if self.of_user { signal.of_user_leg() } else { Some(signal) };
        signal.map(Inbox::Signal)
    }
}

/// One leg's end of a bridge: frames to the other leg and from it.
pub struct Relay {
    /// What is heard here.
    pub to: RelayIn,
    /// What is heard there.
    pub from: RelayOut,
}

/// Everything a circuit needs to be born on a media thread: one call's end of all its channels.
pub struct Place {
    /// How the circuit is set up.
    pub circuit: CircuitConfig,
    /// The stream is all there is of the call: when it stops, the caller has hung up. Else the
    /// carrier says how the call ends.
    pub is_whole_call: bool,
    /// Orders for it.
    pub orders: Receiver<Order>,
    /// The same channel's other end, for the judge.
    pub orders_tx: Orders,
    /// Where reports go.
    pub reports: Reports,
    /// To the recogniser, if there is one.
    pub heard: Option<HeardIn>,
    /// From the voice.
    pub speech: SpeechOut,
    /// From and to another leg, if there can be one.
    pub relay: Option<Relay>,
    /// To the journal.
    pub spool: Spool,
    /// For people who watch.
    pub levels: Arc<Levels>,
}

/// One RTP leg whose signalling is done. Its circuit is set up for packets
/// ([`Transport::Rtp`](circuit::Transport::Rtp)).
pub struct RtpLeg {
    /// Where the other side sends from and is sent to (symmetric RTP, RFC 4961), reports included (RFC
    /// 5761). Nothing is taken from anywhere else, and no two legs of a thread may share it.
    pub remote: SocketAddr,
    /// What the leg can do, as its carrier's signalling knows it.
    pub capabilities: Capabilities,
    /// The call's end of all its channels.
    pub place: Place,
}

/// The other ends of a [`Place`]'s channels.
pub struct CallEnd {
    /// What is reported.
    pub inbox: mpsc::Receiver<Inbox>,
    /// The way to the circuit.
    pub orders: Orders,
    /// What was heard.
    pub heard: HeardOut,
    /// What is to be said.
    pub speech: SpeechIn,
    /// What would go to the journal.
    pub spooled: Spooled,
}

/// Reels that nobody has taken yet of a leg that stands alone: a minute of it.
const REELS_MAX: usize = 256;

impl RtpLeg {
    /// A leg with no call around it, and what a call would hold: for benches and tests.
    pub fn alone(remote: SocketAddr, circuit: CircuitConfig) -> (Self, CallEnd) {
        let (inbox_tx, inbox) = mpsc::channel(INBOX_MAX);
        let (orders, orders_rx) = Orders::new();
        let (heard_in, heard) = rings::heard(rings::LAG_NETWORK);
        let (speech, speech_out) = rings::speech(orders.bell().clone(), rings::AHEAD_NETWORK);
        let (spool, spooled) = journal::spool(REELS_MAX);
        let place = Place {
            circuit,
            is_whole_call: false,
            orders: orders_rx,
            orders_tx: orders.clone(),
            reports: Reports::new(inbox_tx),
            heard: Some(heard_in),
            speech: speech_out,
            relay: None,
            spool,
            levels: Arc::new(Levels::default()),
        };
        let capabilities = Capabilities {
            clear: false,
            mark: false,
            digits: DigitPath::InBand,
            bridging: Bridging::None,
            machine_detection: MachineDetection::None,
            reattach: false,
            in_order: false,
        };
        (Self { remote, capabilities, place }, CallEnd { inbox, orders, heard, speech, spooled })
    }
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

/// A stream that brings a call of its own.
pub struct Caller {
    /// The id its token names.
    pub call_id: String,
    /// Where it waits.
    pub answer: Answer,
}

/// What a stream that brings a call is told: its place, or why there is none.
pub type Answer = oneshot::Sender<Result<Box<Place>, TurnedAway>>;

/// Why a stream may not stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnedAway {
    /// RFC 6455 close code.
    pub code: u16,
    /// For the close frame and the log.
    pub reason: &'static str,
}

impl TurnedAway {
    /// It must not come again: 1008.
    pub const fn for_good(reason: &'static str) -> Self {
        Self { code: 1008, reason }
    }

    /// It may come again: 1013.
    pub const fn for_now(reason: &'static str) -> Self {
        Self { code: 1013, reason }
    }
}

/// Calls that wait for their stream, by call id, and the way to us for streams that bring a call.
pub struct Switchboard {
    waiting: Mutex<BTreeMap<String, Place>>,
    callers: mpsc::Sender<Caller>,
}

impl Switchboard {
    /// Nobody waits. The other end hears of the calls that streams bring.
    pub fn new() -> (Self, mpsc::Receiver<Caller>) {
        let (callers, calling) = mpsc::channel(CALLERS_MAX);
        (Self { waiting: Mutex::default(), callers }, calling)
    }

    /// A stream brings a call nobody placed; `None` when too many do.
    pub fn announce(
        &self,
        call_id: &str,
    ) -> Option<oneshot::Receiver<Result<Box<Place>, TurnedAway>>> {
        let (answer, answered) = oneshot::channel();
        let caller = Caller { call_id: call_id.to_owned(), answer };
        self.callers.try_send(caller).ok().map(|()| answered)
    }

    /// A call waits for its stream. There are never more than calls admitted.
    pub fn expect(&self, call_id: &str, place: Place) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(call_id.to_owned(), place);
    }

    /// Whether any call waits for its stream.
    pub fn expects_any(&self) -> bool {
        !self.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// A stream has come for it, or it no longer waits.
    pub fn take(&self, call_id: &str) -> Option<Place> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(call_id)
    }
}
