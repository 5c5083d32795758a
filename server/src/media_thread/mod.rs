//! Threads that own carrier streams and circuits and tick on an absolute grid.
//!
//! ```text
//!   newcomer ─▶ lobby (start and token within 5 s) ─▶ seat: stream + translator + circuit
//!   every 2 ms: which sockets are readable? what datagrams came? and of the seats that have
//!               something to do: drain the stream, obey orders, serve deadlines, flush
//!   RTP leg, announced by signalling ─▶ seat: remote address + circuit, one UDP port for all of them
//! ```
//!
//! A circuit is born, lives and dies on one thread. A panic in one ends that call alone.

pub mod datagrams;
mod lobby;
mod packets;
pub mod rings;
mod rows;
mod seat;
pub mod transport;
pub mod words;

use std::{
    io,
    net::UdpSocket,
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
use metrics::{Counter, counter, gauge};
use mio::{Events, Poll, Token};
use telephony::Translator;
use tokio::sync::mpsc;

use crate::{call_task::Inbox, clock::Clock, workers::judge::Ask};
use datagrams::Listen;
use lobby::{Lobby, Verdict};
use packets::Packets;
pub use packets::RtpDoor;
use rows::Rows;
pub use seat::SeatId;
use seat::{Line, Seat};
use transport::Transport;
use words::{Place, Report, RtpLeg, Switchboard};

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

/// Who comes to a media thread.
enum Arrival {
    Stream(Newcomer),
    Packets(Box<RtpLeg>),
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
    doors: Vec<Sender<Arrival>>,
    /// One for each thread, when they have a port for RTP.
    rtp_doors: Vec<RtpDoor>,
    next: AtomicUsize,
    shared: Arc<Shared>,
}

impl MediaThreads {
    /// Starts `count` threads, for streams alone.
    pub fn spawn(count: usize, shared: &Arc<Shared>) -> io::Result<Self> {
        Self::spawn_with_rtp(count, None, shared)
    }

    /// Starts `count` threads, each with a port for RTP when there is somewhere to listen.
    ///
    /// # Errors
    /// When a port is taken, or the system has no more threads.
    pub fn spawn_with_rtp(
        count: usize,
        rtp: Option<Listen>,
        shared: &Arc<Shared>,
    ) -> io::Result<Self> {
        let (mut doors, mut rtp_doors) = (Vec::new(), Vec::new());
        for number in 0..count.max(1) {
            let (tx, rx) = bounded(NEWCOMERS_MAX);
            let (shared, poll) = (Arc::clone(shared), Poll::new()?);
            let port = rtp.map(|rtp| Ok::<_, io::Error>((rtp.bind(number)?, rtp.together)));
            let port = port.transpose()?;
            if let Some((socket, _)) = &port {
                rtp_doors.push(RtpDoor::new(socket.local_addr()?, tx.clone()));
            }
            thread::Builder::new()
                .name(format!("media-{number}"))
                .spawn(move || Thread::new(rx, shared, poll, port).run())?;
            doors.push(tx);
        }
        Ok(Self { doors, rtp_doors, next: AtomicUsize::new(0), shared: Arc::clone(shared) })
    }

    /// The door of the thread whose turn it is, for one RTP leg: its address goes into the offer or
    /// answer, the leg follows. `None` when there are no ports for RTP.
    pub fn rtp_door(&self) -> Option<&RtpDoor> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed).checked_rem(self.rtp_doors.len())?;
        self.rtp_doors.get(turn)
    }

    /// Hands a stream over, threads in turn.
    pub fn admit(&self, newcomer: Newcomer) -> Result<(), LobbyFull> {
        let waiting = self.shared.in_lobby.fetch_add(1, Ordering::AcqRel);
        let door = &self.doors[self.next.fetch_add(1, Ordering::Relaxed) % self.doors.len()];
        if waiting < self.shared.lobby_max {
            match door.try_send(Arrival::Stream(newcomer)) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(refused) | TrySendError::Disconnected(refused)) => {
                    if let Arrival::Stream(refused) = refused {
                        refused.transport.close(1013, "try again later");
                    }
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
    door: Receiver<Arrival>,
    shared: Arc<Shared>,
    poll: Poll,
    events: Events,
    packets: Option<Packets>,
    lobby: Vec<Lobby>,
    seats: Rows,
    open: bool,
}

impl Thread {
    fn new(
        door: Receiver<Arrival>,
        shared: Arc<Shared>,
        poll: Poll,
        port: Option<(UdpSocket, usize)>,
    ) -> Self {
        let events = Events::with_capacity(EVENTS_MAX);
        let packets = port.map(|(socket, together)| Packets::new(socket, together));
        let (lobby, seats) = (Vec::new(), Rows::default());
        Self { door, shared, poll, events, packets, lobby, seats, open: true }
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
                } else if now - due > IDLE {
                    // The machine stood still: do not run after lost ticks.
                    due = now;
                }
            }
            self.tick();
        }
    }

    fn welcome(&mut self, arrival: Arrival) {
        let now = self.shared.clock.now();
        match arrival {
            Arrival::Stream(newcomer) => self.lobby.push(Lobby::new(newcomer, now)),
            Arrival::Packets(leg) => self.seat_leg(now, *leg),
        }
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
        let packets = &mut self.packets;
        if let Some(packets) = packets {
            packets.receive(clock.now(), &mut self.seats);
        }
        self.seats.tick(clock, |seat| {
            if let Some(packets) = packets {
                packets.forget(seat);
            }
        });
        if let Some(packets) = packets {
            packets.flush();
        }
        gauge!("trunkline_streams").set(self.seats.len() as f64);
    }

    /// Asks the kernel once which of all sockets have something.
    fn look_for_sound(&mut self) {
        // An interrupted look finds the same the next time.
        let _ = self.poll.poll(&mut self.events, Some(Duration::ZERO));
        for event in &self.events {
            let id = event.token().0 as SeatId;
            self.seats.readable(id, event.is_read_closed() || event.is_error());
        }
    }

    fn seat(&mut self, now: Mono, newcomer: Newcomer, place: Place) {
        let id = self.shared.next_seat.fetch_add(1, Ordering::Relaxed);
        let Newcomer { mut transport, translator, .. } = newcomer;
        let inbox = place.inbox.clone();
        let born = match transport.watch(self.poll.registry(), Token(id as usize)) {
            Ok(()) => {
                let capabilities = translator.capabilities();
                transport.trust();
                let line = Line::Stream(transport, translator);
                Seat::new(id, now, line, capabilities, place, &self.shared)
            }
            Err(e) => Err(format!("its socket cannot be watched: {e}")),
        };
        self.sit_down(born, &inbox);
    }

    fn seat_leg(&mut self, now: Mono, leg: RtpLeg) {
        let id = self.shared.next_seat.fetch_add(1, Ordering::Relaxed);
        let RtpLeg { remote, capabilities, mut place } = leg;
        let inbox = place.inbox.clone();
        (place.circuit.clear, place.circuit.mark) = (false, false);
        let way = match &mut self.packets {
            Some(packets) => packets.announce(remote, id, &place.circuit),
            None => Err("there is no port for RTP".to_owned()),
        };
        let born = way.and_then(|way| {
            Seat::new(id, now, Line::Packets(way), capabilities, place, &self.shared)
        });
        if born.is_err()
            && let Some(packets) = &mut self.packets
        {
            packets.withdraw(remote, id);
        }
        self.sit_down(born, &inbox);
    }

    fn sit_down(&mut self, born: Result<Seat, String>, inbox: &mpsc::Sender<Inbox>) {
        match born {
            Ok(seat) => self.seats.push(seat),
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

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}
