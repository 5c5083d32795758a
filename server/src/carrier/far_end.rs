//! The thread of one simulated line: `sim`'s machine in real time, over a pipe or a WebSocket.

use std::{
    io,
    net::{SocketAddr, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use media::circuit::Keys;
use sim::line::{Line, LineInput, LineOutput};
use telephony::{Signal, conformance::Wire, stream};
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket, client::client};

use super::callees::{Callees, Clip, Truth};
use crate::{
    clock::Clock,
    media_thread::{transport::Pipe, words::Reports},
};

/// How often the line looks at its connection.
const TICK: Duration = Duration::from_millis(2);
/// Patience for the upgrade of a WebSocket.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// The carrier's end of the connection.
pub(super) enum Connection {
    Pipe(Pipe),
    /// Opened when the line sends its first message.
    Socket {
        address: SocketAddr,
        socket: Option<Box<WebSocket<TcpStream>>>,
    },
}

/// What the carrier is asked beside the stream. A closed channel is a hang-up.
pub(super) enum Asked {
    Press(Keys),
}

/// Everything one line runs on.
pub(super) struct FarEnd {
    pub(super) call_id: String,
    pub(super) clock: Clock,
    pub(super) line: Line,
    pub(super) connection: Connection,
    pub(super) reports: Reports,
    pub(super) asked: Receiver<Asked>,
    pub(super) callees: Arc<Callees>,
}

enum Received {
    Message(Message),
    Nothing,
    Closed,
}

impl FarEnd {
    /// Runs the line to its end, then leaves the callee's account.
    pub(super) fn run(mut self) {
        let (reply, words) = bounded(16);
        let mut ours = false;
        loop {
            let now = self.clock.now();
            loop {
                match self.connection.receive() {
                    Received::Message(message) => {
                        let carried = match &message {
                            Message::Text(text) => stream::Message::Text(text.as_str()),
                            Message::Binary(bytes) => stream::Message::Binary(bytes),
                            _ => continue,
                        };
                        self.line.handle(now, LineInput::Message(carried));
                    }
                    Received::Nothing => break,
                    Received::Closed => {
                        ours = true;
                        self.line.handle(now, LineInput::Hangup);
                        break;
                    }
                }
            }
            match self.asked.try_recv() {
                Ok(Asked::Press(keys)) => {
                    for digit in keys.iter() {
                        self.line.handle(now, LineInput::Digit(digit));
                    }
                    self.tell(Signal::DigitsSent);
                }
                Err(TryRecvError::Disconnected) => {
                    ours = true;
                    self.line.handle(now, LineInput::Hangup);
                }
                Err(TryRecvError::Empty) => {}
            }
            while let Ok((id, text)) = words.try_recv() {
                let text: &str = String::as_str(&text);
                self.line.handle(now, LineInput::Recognised { id, text });
            }
            if self.line.deadline().is_some_and(|due| due <= now) {
                self.line.handle(now, LineInput::Tick);
            }
            if self.drain(&reply) {
                break;
            }
            let due = self.line.deadline().map_or(TICK, |due| due.since(self.clock.now()));
            thread::sleep(due.min(TICK));
        }
        self.leave(ours);
    }

    /// Does what the line wants; `true` when it is over.
    fn drain(&mut self, reply: &crossbeam_channel::Sender<(u32, String)>) -> bool {
        while let Some(output) = self.line.poll() {
            match output {
                LineOutput::Message(wire) => {
                    if let Err(error) = self.connection.send(wire) {
                        tracing::debug!(%error, "the simulated carrier lost its connection");
                    }
                }
                LineOutput::Progress(signal) => self.tell(signal),
                LineOutput::Recognise { id, samples } => {
                    if let Some(ear) = &self.callees.ear {
                        // A busy ear understands nothing; the callee asks again.
                        let _ = ear.try_send(Clip { id, samples, reply: reply.clone() });
                    }
                }
                LineOutput::Closed => return true,
            }
        }
        false
    }

    fn tell(&self, signal: Signal) {
        // A call that is over does not listen.
        if let Some(signal) = self.reports.signal(signal) {
            let _ = self.reports.inbox().blocking_send(signal);
        }
    }

    fn leave(self, ours: bool) {
        let truth = Truth {
            errand: self.line.errand().clone(),
            barge_ins: self.line.barge_ins(),
            runs: self.line.runs().to_vec(),
            ended: self.line.ended(),
            complaints: self.line.complaints().to_vec(),
        };
        self.callees.truths.put(&self.call_id, truth);
        // The pipe carries the end too, but not to a stream that we closed ourselves.
        if let (true, Connection::Pipe(_), Some((cause, by_callee))) =
            (ours, &self.connection, self.line.ended())
        {
            self.tell(Signal::Ended { cause, by_callee });
        }
        self.connection.close();
    }
}

impl Connection {
    fn receive(&mut self) -> Received {
        match self {
            Self::Pipe(pipe) => match pipe.rx.try_recv() {
                Ok(Message::Close(_)) | Err(TryRecvError::Disconnected) => Received::Closed,
                Ok(message) => Received::Message(message),
                Err(TryRecvError::Empty) => Received::Nothing,
            },
            Self::Socket { socket: None, .. } => Received::Nothing,
            Self::Socket { socket: Some(socket), .. } => match socket.read() {
                Ok(Message::Close(_)) => Received::Closed,
                Ok(message) => Received::Message(message),
                Err(Error::Io(e)) if e.kind() == io::ErrorKind::WouldBlock => Received::Nothing,
                Err(_) => Received::Closed,
            },
        }
    }

    fn send(&mut self, wire: Wire) -> Result<(), Error> {
        let message = match wire {
            Wire::Text(text) => Message::text(text),
            Wire::Binary(bytes) => Message::binary(bytes),
        };
        match self {
            Self::Pipe(pipe) => {
                pipe.tx.try_send(message).map_err(|_| Error::Io(io::ErrorKind::BrokenPipe.into()))
            }
            Self::Socket { address, socket } => {
                let socket = match socket {
                    Some(socket) => socket,
                    None => socket.insert(Box::new(connect(*address)?)),
                };
                match socket.send(message) {
                    Err(Error::Io(e)) if e.kind() == io::ErrorKind::WouldBlock => Ok(()),
                    sent => sent,
                }
            }
        }
    }

    fn close(self) {
        if let Self::Socket { socket: Some(mut socket), .. } = self {
            // Best effort: the socket is dropped next.
            let _ = socket.close(None);
            let _ = socket.flush();
        }
    }
}

fn connect(address: SocketAddr) -> Result<WebSocket<TcpStream>, Error> {
    let stream = TcpStream::connect_timeout(&address, CONNECT_MAX)?;
    stream.set_read_timeout(Some(CONNECT_MAX))?;
    stream.set_nodelay(true)?;
    let (socket, _) = client(format!("ws://{address}/media/twilio"), stream)
        .map_err(|e| Error::Io(io::Error::other(e.to_string())))?;
    socket.get_ref().set_nonblocking(true)?;
    Ok(socket)
}
