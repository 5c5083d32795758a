//! Threads that own carrier streams and circuits and tick on an absolute grid.
//!
//! ```text
//!   newcomer ─▶ lobby (start and token within 5 s) ─▶ seat: stream + translator + circuit
//!   every 2 ms: which sockets are readable? and of the seats that have something to do:
//!               drain the stream, obey orders, serve deadlines, flush
//! ```
//!
//! A circuit is born, lives and dies on one thread. A panic in one ends that call alone.

mod lobby;
pub mod rings;
mod seat;
mod strain;
pub mod tls;
pub mod transport;
pub mod words;

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, TrySendError, bounded};
use media::Mono;
use metrics::{Counter, counter};
use mio::{Events, Poll, Token};
use telephony::Translator;
use tracing::error;

use crate::{call_task::Inbox, clock::Clock, workers::judge::Ask};
use lobby::{Lobby, Verdict};
pub use seat::SeatId;
use seat::{Fate, Seat};
use strain::Meter;
pub use strain::Strain;
use transport::Transport;
use words::{Place, Report, Switchboard};

/// How often streams are drained and circuits driven.
const TICK: Duration = Duration::from_millis(2);
/// How often an idle thread looks up.
const IDLE: Duration = Duration::from_millis(100);
/// Newcomers waiting to be taken over by one thread.
const NEWCOMERS_MAX: usize = 64;
/// Readable sockets told of in one tick; the rest are told of in the next.
const EVENTS_MAX: usize = 1024;

/// A stream that has just been accepted.
pub struct Newcomer {
    /// Its connection.
    pub transport: Transport,
    /// Its carrier's dialect.
    pub translator: Box<dyn Translator>,
    /// The call it belongs to, when a carrier inside this process brings it; else a token must show.
    pub known: Option<Box<Place>>,
}

/// What all media threads share.
pub struct Shared {
    /// The process's clock.
    pub clock: Clock,
    /// Calls that wait for their stream.
    pub switchboard: Switchboard,
    /// Key of stream tokens.
    pub stream_secret: Vec<u8>,
    /// Streams without a token yet, over all threads.
    pub lobby_max: usize,
    /// The neural judge.
    pub judge: Sender<Ask>,
    frames: Frames,
    in_lobby: AtomicUsize,
    next_seat: AtomicU64,
}

/// Frames of all calls, for `/metrics`.
#[derive(Clone)]
struct Frames {
    received: Counter,
    sent: Counter,
}

impl Shared {
    /// What threads share.
    pub fn new(
        clock: Clock,
        switchboard: Switchboard,
        stream_secret: Vec<u8>,
        lobby_max: usize,
        judge: Sender<Ask>,
    ) -> Arc<Self> {
        Arc::new(Self {
            clock,
            switchboard,
            stream_secret,
            lobby_max,
            judge,
            frames: Frames {
                received: counter!("trunkline_frames_received_total"),
                sent: counter!("trunkline_frames_sent_total"),
            },
            in_lobby: AtomicUsize::new(0),
            next_seat: AtomicU64::new(1),
        })
    }
}

/// Too many streams wait to show their token.
#[derive(Debug, thiserror::Error)]
#[error("too many streams wait to show their token")]
pub struct LobbyFull;

/// All media threads of the process. They end when this is dropped and their seats are empty.
pub struct MediaThreads {
    doors: Vec<Sender<Newcomer>>,
    strains: Vec<Arc<Strain>>,
    next: AtomicUsize,
    shared: Arc<Shared>,
}

impl MediaThreads {
    /// Starts `count` threads.
    pub fn spawn(count: usize, shared: &Arc<Shared>) -> io::Result<Self> {
        let (mut doors, mut strains) = (Vec::new(), Vec::new());
        for number in 0..count.max(1) {
            let (tx, rx) = bounded(NEWCOMERS_MAX);
            let (shared, poll, meter) = (Arc::clone(shared), Poll::new()?, Meter::new(number));
            let strain = meter.strain();
            thread::Builder::new()
                .name(format!("media-{number}"))
                .spawn(move || Thread::new(rx, shared, poll, meter).run())?;
            doors.push(tx);
            strains.push(strain);
        }
        Ok(Self { doors, strains, next: AtomicUsize::new(0), shared: Arc::clone(shared) })
    }

    /// Whether the threads can carry one more call beside `active` calls, some of which have no
    /// circuit yet.
    pub fn have_room(&self, active: usize) -> bool {
        let seats: u32 = self.strains.iter().map(|strain| strain.seats()).sum();
        let expected = u32::try_from(active).unwrap_or(u32::MAX).saturating_sub(seats);
        let each = expected / self.strains.len().max(1) as u32 + 1;
        self.strains.iter().all(|strain| strain.has_room(each))
    }

    /// Hands a stream over, threads in turn.
    pub fn admit(&self, newcomer: Newcomer) -> Result<(), LobbyFull> {
        let waiting = self.shared.in_lobby.fetch_add(1, Ordering::AcqRel);
        let door = &self.doors[self.next.fetch_add(1, Ordering::Relaxed) % self.doors.len()];
        if waiting < self.shared.lobby_max {
            match door.try_send(newcomer) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(refused) | TrySendError::Disconnected(refused)) => {
                    refused.transport.close(1013, "try again later");
                }
            }
        } else {
            newcomer.transport.close(1013, "try again later");
        }
        self.shared.in_lobby.fetch_sub(1, Ordering::AcqRel);
        counter!("trunkline_lobby_refused_total").increment(1);
        Err(LobbyFull)
    }
}

/// One media thread.
struct Thread {
    door: Receiver<Newcomer>,
    shared: Arc<Shared>,
    poll: Poll,
    events: Events,
    lobby: Vec<Lobby>,
    /// By id, ascending. In boxes: a call that ends must not move all others.
    seats: Vec<Box<Seat>>,
    open: bool,
    meter: Meter,
}

impl Thread {
    fn new(door: Receiver<Newcomer>, shared: Arc<Shared>, poll: Poll, meter: Meter) -> Self {
        let events = Events::with_capacity(EVENTS_MAX);
        Self { door, shared, poll, events, lobby: Vec::new(), seats: Vec::new(), open: true, meter }
    }

    fn run(mut self) {
        let mut due = Instant::now();
        while self.open || !self.seats.is_empty() {
            if self.seats.is_empty() && self.lobby.is_empty() {
                match self.door.recv_timeout(IDLE) {
                    Ok(newcomer) => self.welcome(newcomer),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => self.open = false,
                }
                due = Instant::now();
            } else {
                due += TICK;
                let now = Instant::now();
                if due > now {
                    thread::sleep(due - now);
                }
            }
            let began = Instant::now();
            self.tick();
            let ended = Instant::now();
            self.meter.tick(due, began, ended);
            self.meter.tell(ended, self.seats.len());
            if began.saturating_duration_since(due) > IDLE {
                // The machine stood still: do not run after lost ticks.
                due = began;
            }
        }
    }

    fn welcome(&mut self, newcomer: Newcomer) {
        self.lobby.push(Lobby::new(newcomer, self.shared.clock.now()));
    }

    fn tick(&mut self) {
        loop {
            match self.door.try_recv() {
                Ok(newcomer) => self.welcome(newcomer),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    self.open = false;
                    break;
                }
            }
        }
        self.tick_lobby();
        self.look_for_sound();
        let clock = self.shared.clock;
        let now = clock.now();
        let meter = &mut self.meter;
        self.seats.retain_mut(|seat| {
            !seat.is_awake(now) || {
                let stays = keep(seat, || clock.now());
                seat.lateness().inspect(|late| meter.frames(*late));
                stays
            }
        });
    }

    /// Asks the kernel once which of all sockets have something.
    fn look_for_sound(&mut self) {
        // An interrupted look finds the same the next time.
        let _ = self.poll.poll(&mut self.events, Some(Duration::ZERO));
        for event in &self.events {
            let id = event.token().0 as SeatId;
            if let Ok(index) = self.seats.binary_search_by_key(&id, |seat| seat.id()) {
                self.seats[index].readable(event.is_read_closed() || event.is_error());
            }
        }
    }

    fn seat(&mut self, now: Mono, newcomer: Newcomer, place: Place) {
        let id = self.shared.next_seat.fetch_add(1, Ordering::Relaxed);
        let Newcomer { mut transport, translator, .. } = newcomer;
        let inbox = place.inbox.clone();
        let born = match transport.watch(self.poll.registry(), Token(id as usize)) {
            Ok(()) => Seat::new(id, now, transport, translator, place, &self.shared),
            Err(e) => Err(format!("its socket cannot be watched: {e}")),
        };
        match born {
            Ok(seat) => self.seats.push(Box::new(seat)),
            Err(detail) => {
                let report = Report::Panicked { detail };
                let _ = inbox.try_send(Inbox::Media(report));
            }
        }
    }

    fn tick_lobby(&mut self) {
        let now = self.shared.clock.now();
        for mut waiting in std::mem::take(&mut self.lobby) {
            let judged = catch_unwind(AssertUnwindSafe(|| waiting.look(now, &self.shared)));
            match judged {
                Ok(Verdict::Waits) => {
                    self.lobby.push(waiting);
                    continue;
                }
                Ok(Verdict::Refused(why)) => {
                    counter!("trunkline_streams_refused_total").increment(1);
                    tracing::warn!(code = why.code, reason = why.reason, "a stream was refused");
                    waiting.close(why);
                }
                Ok(Verdict::Gone) => {}
                Ok(Verdict::Seated(place)) => {
                    self.seat(now, waiting.into_newcomer(), *place);
                }
                Err(_) => counter!("trunkline_panics_total").increment(1),
            }
            self.shared.in_lobby.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// Drives one seat; a panic inside ends that call alone.
fn keep(seat: &mut Seat, now: impl Fn() -> Mono) -> bool {
    match catch_unwind(AssertUnwindSafe(|| seat.tick(now()))) {
        Ok(fate) => fate == Fate::Stays,
        Err(panic) => {
            let detail = panic_text(panic.as_ref());
            error!(%detail, "a circuit panicked; its call ends, the others go on");
            counter!("trunkline_panics_total").increment(1);
            let _ = seat.inbox().try_send(Inbox::Media(Report::Panicked { detail }));
            false
        }
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}
