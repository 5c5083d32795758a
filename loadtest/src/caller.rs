//! One call on one socket: connects, shakes hands, carries the callee's end, hangs up.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use media::Mono;
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketFlags, SocketType, sockopt};

use crate::account::Account;
use crate::figures::Measured;
use crate::interrupter::Interrupter;
use crate::listener::{Fault, Listener};
use crate::target::Target;
use crate::tls::Wire;
use crate::websocket::{self, Answer, Message, Reader, Writer};

/// Longest wait for the WebSocket to stand.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// The close code of a server that takes no call now (IANA's registry of RFC 6455).
const TRY_AGAIN_LATER: u16 = 1013;
/// While it does not stand, it is looked at this often.
const CONNECT_LOOK: Duration = Duration::from_millis(5);
/// Most bytes that a server may leave unread; later frames are dropped and counted.
const UNREAD_BYTES_MAX: usize = 64 * 1024;
/// A slow reader reads so much, this often: less than half of what a server sends.
const SLOW_BYTES: usize = 4 * 1024;
const SLOW_EVERY: Duration = Duration::from_millis(500);
const SLOW_BUFFER_BYTES: usize = 8 * 1024;

/// Who is behind the line.
#[derive(Debug)]
pub(crate) enum Callee {
    /// Listens, and speaks now and then.
    Listens(Box<Listener>),
    /// Interrupts, measured by the sample.
    Interrupts(Box<Interrupter>),
}

impl Callee {
    fn account(&mut self) -> &mut Account {
        match self {
            Self::Listens(listener) => &mut listener.account,
            Self::Interrupts(interrupter) => &mut interrupter.account,
        }
    }
}

/// What one call needs.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Signed token that lets the stream in.
    pub(crate) token: String,
    /// Who answers.
    pub(crate) callee: Callee,
    /// What is wrong with its line.
    pub(crate) fault: Fault,
    /// When to hang up.
    pub(crate) until: Mono,
    /// Seed of masks.
    pub(crate) seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Connecting,
    Streaming,
    Over,
}

/// A call under way.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) wire: Wire,
    stage: Stage,
    plan: Plan,
    reader: Reader,
    out: Writer,
    opened_at: Mono,
    slow_at: Mono,
}

impl Caller {
    /// Begins to connect; it does not wait.
    pub(crate) fn open(target: &Target, plan: Plan, now: Mono) -> Result<Self> {
        let socket = connect(target.address, plan.fault == Fault::SlowReader)?;
        let mut out = Writer::new(plan.seed);
        out.bytes.extend(websocket::upgrade(&target.authority, &target.path).into_bytes());
        let stage = Stage::Connecting;
        Ok(Self {
            wire: Wire::new(socket, target.trust.as_ref())?,
            stage,
            plan,
            reader: Reader::default(),
            out,
            opened_at: now,
            slow_at: now,
        })
    }

    /// Whether the socket tells when it can be read; a slow reader does not want to know.
    pub(crate) fn listens(&self) -> bool {
        self.plan.fault != Fault::SlowReader
    }

    /// When it wants to be called without a message.
    pub(crate) fn wake(&self, now: Mono) -> Mono {
        let wake = match (&self.plan.callee, self.stage) {
            (_, Stage::Connecting | Stage::Over) => return now + CONNECT_LOOK,
            (Callee::Listens(listener), _) => listener.wake(),
            (Callee::Interrupts(interrupter), _) => interrupter.wake().unwrap_or(now),
        };
        wake.min(self.plan.until)
    }

    /// The time it wanted has come; `true` when the call is over.
    pub(crate) fn due(&mut self, now: Mono) -> bool {
        let result = self.step(now);
        self.settle(now, result)
    }

    /// The socket can be read; `true` when the call is over.
    pub(crate) fn readable(&mut self, now: Mono, scratch: &mut [u8]) -> bool {
        let result = self.read(now, scratch);
        self.settle(now, result)
    }

    /// Adds up.
    pub(crate) fn finish(self, now: Mono) -> Measured {
        let fault = self.plan.fault;
        let mut measured = match self.plan.callee {
            Callee::Listens(listener) => listener.finish(now),
            Callee::Interrupts(interrupter) => interrupter.finish(now),
        };
        if measured.turned_away_us.is_some() {
            measured.failed = None;
        }
        measured.fault = fault;
        measured.setup_us =
            measured.first_sound_at.map(|at| at.since(self.opened_at).as_micros() as u64);
        measured
    }

    fn settle(&mut self, now: Mono, result: Result<()>) -> bool {
        let result = result.and_then(|()| self.flush());
        if let Err(error) = result
            && self.stage != Stage::Over
        {
            let over_soon = self.plan.until.since(now) == Duration::ZERO;
            if !over_soon {
                self.plan.callee.account().measured.failed = Some(format!("{error:#}"));
            }
            self.stage = Stage::Over;
        }
        self.stage == Stage::Over
    }

    fn step(&mut self, now: Mono) -> Result<()> {
        match self.stage {
            Stage::Over => {}
            Stage::Connecting if now.since(self.opened_at) > CONNECT_MAX => {
                bail!("no WebSocket in {} s", CONNECT_MAX.as_secs());
            }
            Stage::Connecting => {}
            Stage::Streaming => {
                let over = match &mut self.plan.callee {
                    Callee::Interrupts(interrupter) => interrupter.due(now, &mut self.out),
                    Callee::Listens(_) if self.out.bytes.len() > UNREAD_BYTES_MAX => {
                        bail!("the server reads nothing");
                    }
                    Callee::Listens(listener) => {
                        listener.due(now, &mut self.out);
                        false
                    }
                };
                if over || now >= self.plan.until {
                    self.hang_up(now);
                }
            }
        }
        if !self.listens() && now >= self.slow_at {
            self.slow_at = now + SLOW_EVERY;
            self.read(now, &mut [0; SLOW_BYTES])?;
        }
        Ok(())
    }

    fn hang_up(&mut self, now: Mono) {
        match &mut self.plan.callee {
            Callee::Listens(listener) => listener.hang_up(&mut self.out),
            Callee::Interrupts(interrupter) => interrupter.hang_up(now, &mut self.out),
        }
        self.out.close();
        // The server may have gone already.
        let _ = self.flush();
        self.stage = Stage::Over;
    }

    fn read(&mut self, now: Mono, scratch: &mut [u8]) -> Result<()> {
        let read = match self.wire.read(scratch) {
            Ok(0) => return self.closed(),
            Ok(read) => read,
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                return Ok(());
            }
            Err(e) => return Err(e).context("the connection broke"),
        };
        self.reader.push(&scratch[..read]);
        if self.stage == Stage::Connecting {
            match self.reader.upgraded()? {
                Answer::None => return Ok(()),
                Answer::Unavailable => return self.turned_away(now),
                Answer::Upgraded => {}
            }
            self.stage = Stage::Streaming;
            match &mut self.plan.callee {
                Callee::Listens(listener) => listener.begin(now, &self.plan.token, &mut self.out),
                Callee::Interrupts(interrupter) => interrupter.begin(now, &mut self.out),
            }
        }
        while let Some(message) = self.reader.next()? {
            match (message, &mut self.plan.callee) {
                (Message::Text(text), Callee::Listens(callee)) => {
                    callee.said(now, text, &mut self.out);
                }
                (Message::Text(text), Callee::Interrupts(callee)) => {
                    callee.said(now, text, &mut self.out);
                }
                (Message::Ping(bytes), _) => self.out.pong(bytes),
                (Message::Binary(_), callee) => callee.account().measured.misbehaved += 1,
                (Message::Close(Some(TRY_AGAIN_LATER)), _) => return self.turned_away(now),
                (Message::Close(_), _) => return self.closed(),
                (Message::Nothing, _) => {}
            }
        }
        Ok(())
    }

    /// The server takes no call now. Once a call has sound, that is no answer any more.
    fn turned_away(&mut self, now: Mono) -> Result<()> {
        let measured = &mut self.plan.callee.account().measured;
        if measured.first_sound_us.is_some() {
            return self.closed();
        }
        measured.turned_away_us = Some(now.since(self.opened_at).as_micros() as u64);
        self.stage = Stage::Over;
        Ok(())
    }

    /// The server ended the stream: it may hang up once it has spoken.
    fn closed(&mut self) -> Result<()> {
        if self.stage == Stage::Connecting {
            bail!("the server closed the connection instead of answering");
        }
        let measured = &mut self.plan.callee.account().measured;
        if measured.first_sound_us.is_none() {
            bail!("the server closed the stream without a sound");
        }
        measured.ended_early = true;
        self.stage = Stage::Over;
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        loop {
            let sent = match self.out.bytes.is_empty() {
                true => self.wire.flush().map(|()| 0),
                false => self.wire.write(&self.out.bytes),
            };
            match sent {
                Ok(_) if self.out.bytes.is_empty() => return Ok(()),
                Ok(written) if written == self.out.bytes.len() => self.out.bytes.clear(),
                Ok(written) => drop(self.out.bytes.drain(..written)),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                    return Ok(());
                }
                Err(e) => return Err(e).context("the server does not listen"),
            }
        }
    }
}

/// A socket on its way to `address`.
fn connect(address: SocketAddr, slow: bool) -> Result<TcpStream> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = net::socket_with(family, SocketType::STREAM, flags, None)
        .context("no socket (see `ulimit -n`)")?;
    if slow {
        sockopt::set_socket_recv_buffer_size(&socket, SLOW_BUFFER_BYTES)?;
    }
    sockopt::set_tcp_nodelay(&socket, true)?;
    match net::connect(&socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(TcpStream::from(socket)),
        Err(e) => Err(e).with_context(|| format!("cannot connect to {address}")),
    }
}
