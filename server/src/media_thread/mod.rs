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
mod strain;
mod thread;
pub mod tls;
pub mod transport;
pub mod words;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use crossbeam_channel::{Sender, TrySendError, bounded};
use metrics::{Counter, counter};
use mio::Poll;
use telephony::Translator;

use crate::{clock::Clock, workers::judge::Ask};
use datagrams::Listen;
pub use packets::RtpDoor;
pub use seat::SeatId;
use strain::Meter;
pub use strain::Strain;
use thread::Thread;
use transport::Transport;
use words::{Place, RtpLeg, Switchboard};

/// Newcomers waiting to be taken over by one thread.
const NEWCOMERS_MAX: usize = 64;

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
    strains: Vec<Arc<Strain>>,
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
        let (mut doors, mut rtp_doors, mut strains) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..count.max(1) {
            let (tx, rx) = bounded(NEWCOMERS_MAX);
            let (shared, poll, meter) = (Arc::clone(shared), Poll::new()?, Meter::new(number));
            let strain = meter.strain();
            let port = rtp.map(|rtp| Ok::<_, io::Error>((rtp.bind(number)?, rtp.together)));
            let port = port.transpose()?;
            if let Some((socket, _)) = &port {
                rtp_doors.push(RtpDoor::new(socket.local_addr()?, tx.clone()));
            }
            std::thread::Builder::new()
                .name(format!("media-{number}"))
                .spawn(move || Thread::new(rx, shared, poll, port, meter).run())?;
            doors.push(tx);
            strains.push(strain);
        }
        let (next, shared) = (AtomicUsize::new(0), Arc::clone(shared));
        Ok(Self { doors, rtp_doors, strains, next, shared })
    }

    /// Whether the threads can carry one more call beside `active` calls, some of which have no
    /// circuit yet.
    pub fn have_room(&self, active: usize) -> bool {
        let seats: u32 = self.strains.iter().map(|strain| strain.seats()).sum();
        let expected = u32::try_from(active).unwrap_or(u32::MAX).saturating_sub(seats);
        let each = expected / self.strains.len().max(1) as u32 + 1;
        self.strains.iter().all(|strain| strain.has_room(each))
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

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}
