//! The least a WebSocket costs on this machine: an echo server of one thread over bare epoll, sockets
//! drained in one pass and answered with one write, frames cut by hand. Twilio's `media` messages go
//! back as they came; nothing else is parsed or answered. SIGTERM ends it.

use std::{
    collections::BTreeMap,
    io::{self, ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

use anyhow::Result;
use benches::echo::{MESSAGE_BYTES_MAX, Then, answer};
use clap::Parser;
use rustix::{
    buffer::spare_capacity,
    event::{Timespec, epoll, poll},
};
use tokio_tungstenite::tungstenite::{
    self,
    handshake::{
        HandshakeError, MidHandshake,
        server::{NoCallback, ServerHandshake},
    },
};

#[derive(Parser)]
struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Time between two passes over the sockets, in ms; 0: every frame wakes us
    #[arg(long, default_value_t = 1)]
    batch_ms: u64,
}

/// The listener's number in epoll.
const LISTENER: u64 = 0;
/// Sockets looked at after one call of epoll.
const EVENTS_MAX: usize = 1024;
/// Answers a peer may leave unread; then it must go.
const UNSENT_MAX: usize = 4 * MESSAGE_BYTES_MAX;

/// One peer.
enum Peer {
    Shaking(Box<MidHandshake<ServerHandshake<TcpStream, NoCallback>>>),
    Open { stream: TcpStream, inbound: Vec<u8>, outbound: Vec<u8> },
}

#[expect(clippy::print_stdout, reason = "who starts it must learn the port")]
fn main() -> Result<()> {
    let args = Args::parse();
    let listener = TcpListener::bind(args.listen)?;
    listener.set_nonblocking(true)?;
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, epoll::EventData::new_u64(LISTENER), epoll::EventFlags::IN)?;
    println!("ws://{}/", listener.local_addr()?);
    let pause = Timespec::try_from(Duration::from_millis(args.batch_ms))?;
    let mut peers: BTreeMap<u64, Peer> = BTreeMap::new();
    let mut events = Vec::with_capacity(EVENTS_MAX);
    let mut buffer = vec![0; MESSAGE_BYTES_MAX];
    let mut last = LISTENER;
    loop {
        if args.batch_ms > 0 {
            // Waits for nothing but time, so that what comes meanwhile costs one waking.
            poll(&mut [], Some(&pause))?;
        }
        epoll::wait(&epoll, spare_capacity(&mut events), None)?;
        for event in events.drain(..) {
            let number = event.data.u64();
            if number == LISTENER {
                while let Ok((stream, _)) = listener.accept() {
                    last += 1;
                    if let Some(peer) = welcome(stream, last, &epoll) {
                        peers.insert(last, peer);
                    }
                }
            } else if let Some(peer) = peers.remove(&number).and_then(|p| p.ready(&mut buffer)) {
                peers.insert(number, peer);
            }
        }
    }
}

/// A socket came; `None` when it is gone already.
fn welcome(stream: TcpStream, number: u64, epoll: &impl std::os::fd::AsFd) -> Option<Peer> {
    stream.set_nonblocking(true).ok()?;
    stream.set_nodelay(true).ok()?;
    epoll::add(epoll, &stream, epoll::EventData::new_u64(number), epoll::EventFlags::IN).ok()?;
    Peer::shaken(tungstenite::accept(stream))
}

impl Peer {
    fn shaken(
        result: Result<
            tungstenite::WebSocket<TcpStream>,
            HandshakeError<ServerHandshake<TcpStream, NoCallback>>,
        >,
    ) -> Option<Self> {
        match result {
            Ok(socket) => Some(Self::Open {
                stream: socket.into_inner(),
                inbound: Vec::with_capacity(4096),
                outbound: Vec::with_capacity(4096),
            }),
            Err(HandshakeError::Interrupted(shaking)) => Some(Self::Shaking(Box::new(shaking))),
            Err(HandshakeError::Failure(_)) => None,
        }
    }

    /// Something came; `None` when the peer is done.
    fn ready(self, buffer: &mut [u8]) -> Option<Self> {
        match self {
            Self::Shaking(shaking) => Self::shaken(shaking.handshake()),
            Self::Open { mut stream, mut inbound, mut outbound } => {
                let stays = echo(&mut stream, &mut inbound, &mut outbound, buffer).is_ok();
                stays.then_some(Self::Open { stream, inbound, outbound })
            }
        }
    }
}

/// One read, and the answers to it in one write; an error when the peer is done.
fn echo(
    stream: &mut TcpStream,
    inbound: &mut Vec<u8>,
    outbound: &mut Vec<u8>,
    buffer: &mut [u8],
) -> io::Result<()> {
    match stream.read(buffer) {
        Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
        Ok(count) => inbound.extend_from_slice(&buffer[..count]),
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        Err(error) => return Err(error),
    }
    let then = answer(inbound, outbound).map_err(|_| ErrorKind::InvalidData)?;
    if !outbound.is_empty() {
        match stream.write(outbound) {
            Ok(count) => drop(outbound.drain(..count)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    if then == Then::Close || outbound.len() > UNSENT_MAX {
        return Err(ErrorKind::ConnectionAborted.into());
    }
    Ok(())
}
