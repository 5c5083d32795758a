//! How a carrier's messages reach a media thread: a WebSocket it owns, or an in-process pipe.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
};

use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError, bounded};
use mio::{Interest, Registry, Token};
use rustls::ServerConnection;
use telephony::stream;
pub use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::{
    Error, WebSocket,
    error::{CapacityError, ProtocolError},
    protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
};

use super::tls::{self, Wire};

/// Largest message before the stream has shown its token, in bytes.
const LOBBY_MESSAGE_MAX: usize = 64 * 1024;
/// Largest message of a stream with a call, in bytes. The translator refuses far smaller ones and
/// the stream goes on; beyond this the connection is closed.
const MESSAGE_MAX: usize = 2 * 1024 * 1024;
/// Bytes waiting for a slow peer: 1 s of Twilio media messages and marks. Then the peer is dropped.
const OUTGOING_MAX: usize = 14 * 1024;
/// Messages of one tick leave in one write, up to so many bytes.
const OUTGOING_TOGETHER: usize = 4 * 1024;
/// Pieces of 4 KiB a closing stream is still read for.
const UNREAD_MAX: usize = 64;
/// Messages waiting in a pipe, each way: about 1 s of frames and marks.
const PIPE_MAX: usize = 64;

/// A carrier's connection, owned by a media thread.
pub enum Transport {
    /// RFC 6455 over a raw, non-blocking socket, with TLS or without.
    WebSocket(Box<WebSocket<Wire>>),
    /// Two bounded channels inside the process.
    Pipe(Pipe),
}

/// A non-blocking socket that remembers when it has been read dry, so that nobody asks the kernel
/// what is known already.
pub struct Socket {
    stream: mio::net::TcpStream,
    /// Nothing is there until the poller says so.
    dry: bool,
    /// The peer has ended its side: no event follows, so read on until the end shows.
    ended: bool,
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.dry {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let read = self.stream.read(buffer)?;
        // A short read is a drained socket (epoll(7)).
        self.dry = read < buffer.len() && !self.ended;
        Ok(read)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// One end of an in-process connection.
pub struct Pipe {
    /// To the other end.
    pub tx: Sender<Message>,
    /// From the other end.
    pub rx: Receiver<Message>,
}

/// The connection is of no more use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Stable code for the journal.
    pub code: &'static str,
    /// For people.
    pub detail: String,
}

impl Closed {
    pub(super) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// Two ends of an in-process connection.
pub fn pipe() -> (Pipe, Pipe) {
    let (near_tx, far_rx) = bounded(PIPE_MAX);
    let (far_tx, near_rx) = bounded(PIPE_MAX);
    (Pipe { tx: near_tx, rx: near_rx }, Pipe { tx: far_tx, rx: far_rx })
}

impl Transport {
    /// A WebSocket whose handshake has been answered. `tls`: the state of the socket's TLS, if it has
    /// one. `read_ahead`: plain bytes that came with the handshake.
    pub fn web_socket(
        stream: TcpStream,
        tls: Option<ServerConnection>,
        read_ahead: Vec<u8>,
    ) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let config = WebSocketConfig::default()
            .read_buffer_size(4096)
            .write_buffer_size(OUTGOING_TOGETHER)
            .max_write_buffer_size(match tls {
                Some(_) => OUTGOING_MAX - tls::UNSENT_MAX,
                None => OUTGOING_MAX,
            })
            .max_message_size(Some(LOBBY_MESSAGE_MAX))
            .max_frame_size(Some(LOBBY_MESSAGE_MAX));
        let stream = mio::net::TcpStream::from_std(stream);
        let stream = Socket { stream, dry: false, ended: false };
        let wire = Wire::new(stream, tls);
        let socket = WebSocket::from_partially_read(wire, read_ahead, Role::Server, Some(config));
        Ok(Self::WebSocket(Box::new(socket)))
    }

    /// The stream has shown its token: larger messages are read, so that they can be refused one by
    /// one.
    pub fn trust(&mut self) {
        if let Self::WebSocket(socket) = self {
            socket.set_config(|config| {
                config.max_message_size = Some(MESSAGE_MAX);
                config.max_frame_size = Some(MESSAGE_MAX);
            });
        }
    }

    /// Has the poller tell when there is something to read. A pipe has no events: it is looked at.
    pub fn watch(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        match self {
            Self::WebSocket(socket) => {
                let stream = &mut socket.get_mut().socket().stream;
                registry.register(stream, token, Interest::READABLE)
            }
            Self::Pipe(_) => Ok(()),
        }
    }

    /// There may be something to read. `ended`: the peer has closed its side.
    pub fn readable(&mut self, ended: bool) {
        if let Self::WebSocket(socket) = self {
            let socket = socket.get_mut().socket();
            socket.dry = false;
            socket.ended |= ended;
        }
    }

    /// Whether [`Transport::read`] has to be tried without an event.
    pub fn is_pipe(&self) -> bool {
        matches!(self, Self::Pipe(_))
    }

    /// The next text or binary message, if one is there.
    pub fn read(&mut self) -> Result<Option<Message>, Closed> {
        match self {
            Self::WebSocket(socket) => loop {
                match socket.read() {
                    Ok(message @ (Message::Text(_) | Message::Binary(_))) => {
                        return Ok(Some(message));
                    }
                    Ok(Message::Close(frame)) => {
                        // A good-bye is answered (RFC 6455 §5.5.1), as far as the peer takes it.
                        let _ = socket.flush();
                        return Err(closed_by_peer(frame));
                    }
                    Ok(_) => {}
                    Err(Error::Io(e)) if e.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                    Err(e) => return Err(broken(&e)),
                }
            },
            Self::Pipe(pipe) => match pipe.rx.try_recv() {
                Ok(Message::Close(frame)) => Err(closed_by_peer(frame)),
                Ok(message) => Ok(Some(message)),
                Err(TryRecvError::Empty) => Ok(None),
                Err(TryRecvError::Disconnected) => {
                    Err(Closed::new("stream_closed", "the carrier closed its end"))
                }
            },
        }
    }

    /// Queues one message. A peer so slow that the queue is full is given up.
    pub fn write(&mut self, bytes: &[u8], kind: stream::Kind) -> Result<(), Closed> {
        let message = match kind {
            stream::Kind::Binary => Message::binary(bytes.to_vec()),
            stream::Kind::Text => match std::str::from_utf8(bytes) {
                Ok(text) => Message::text(text),
                Err(_) => {
                    return Err(Closed::new(
                        "internal",
                        "a translator wrote text that is not UTF-8",
                    ));
                }
            },
        };
        match self {
            Self::WebSocket(socket) => match socket.write(message) {
                Ok(()) => Ok(()),
                Err(Error::Io(e)) if e.kind() == io::ErrorKind::WouldBlock => Ok(()),
                Err(Error::WriteBufferFull(_)) => Err(too_slow()),
                Err(e) => Err(broken(&e)),
            },
            Self::Pipe(pipe) => match pipe.tx.try_send(message) {
                Ok(()) => Ok(()),
                Err(TrySendError::Full(_)) => Err(too_slow()),
                Err(TrySendError::Disconnected(_)) => {
                    Err(Closed::new("stream_closed", "the carrier closed its end"))
                }
            },
        }
    }

    /// Pushes what is queued towards the network; never waits. `false` when some of it is left.
    pub fn flush(&mut self) -> Result<bool, Closed> {
        let Self::WebSocket(socket) = self else { return Ok(true) };
        match socket.flush() {
            Ok(()) => Ok(true),
            Err(Error::Io(e)) if e.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(e) => Err(broken(&e)),
        }
    }

    /// Says good-bye with a close code (RFC 6455 §7.4) as far as the peer takes it, and lets go.
    pub fn close(mut self, code: u16, reason: &str) {
        if let Self::WebSocket(socket) = &mut self {
            let frame =
                CloseFrame { code: CloseCode::from(code), reason: reason.to_owned().into() };
            // Best effort: the socket is dropped next.
            let _ = socket.close(Some(frame));
            let _ = socket.flush();
            socket.get_mut().say_good_bye();
            // Bytes left unread would make the kernel reset the connection, good-bye and all.
            let socket = socket.get_mut().socket();
            socket.dry = false;
            let mut unread = [0; 4096];
            for _ in 0..UNREAD_MAX {
                if !matches!(socket.read(&mut unread), Ok(1..)) {
                    break;
                }
            }
        } else if let Self::Pipe(pipe) = &self {
            let frame =
                CloseFrame { code: CloseCode::from(code), reason: reason.to_owned().into() };
            let _ = pipe.tx.try_send(Message::Close(Some(frame)));
        }
    }
}

fn closed_by_peer(frame: Option<CloseFrame>) -> Closed {
    match frame {
        Some(frame) => Closed::new(
            "stream_closed",
            format!("the carrier closed the stream ({}: {})", u16::from(frame.code), frame.reason),
        ),
        None => Closed::new("stream_closed", "the carrier closed the stream"),
    }
}

fn too_slow() -> Closed {
    Closed::new("peer_too_slow", "the carrier did not take 1 s of audio; its stream was dropped")
}

fn broken(error: &Error) -> Closed {
    if let Error::Io(e) = error
        && let Some(closed) = tls::broken(e)
    {
        return closed;
    }
    match error {
        Error::ConnectionClosed | Error::AlreadyClosed => {
            Closed::new("stream_closed", "the carrier closed the stream")
        }
        Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => Closed::new(
            "message_too_large",
            format!("a message of {size} bytes; at most {max_size} are read"),
        ),
        Error::Utf8(_) => Closed::new("not_utf8", "a text message that is not UTF-8"),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            Closed::new("stream_lost", "the carrier's connection vanished without a good-bye")
        }
        other => Closed::new("stream_lost", other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_that_nobody_reads_is_given_up_after_its_bound() {
        let (near, _far) = pipe();
        let mut transport = Transport::Pipe(near);
        let mut sent = 0;
        let closed = loop {
            match transport.write(b"x", stream::Kind::Text) {
                Ok(()) => sent += 1,
                Err(closed) => break closed,
            }
        };
        assert_eq!(sent, PIPE_MAX);
        assert_eq!(closed.code, "peer_too_slow");
    }

    #[test]
    fn a_socket_that_nobody_reads_is_given_up() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
        let _peer = TcpStream::connect(listener.local_addr().expect("address")).expect("connected");
        let (stream, _) = listener.accept().expect("accepted");
        let mut transport = Transport::web_socket(stream, None, Vec::new()).expect("a transport");
        let frame = [0; 4096];
        let closed = (0..100_000)
            .find_map(|_| transport.write(&frame, stream::Kind::Binary).err())
            .expect("given up at last");
        assert_eq!(closed.code, "peer_too_slow");
    }
}
