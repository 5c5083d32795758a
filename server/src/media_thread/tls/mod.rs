//! TLS of a media stream: rustls' connection, whose handshake tokio has done, and the socket below
//! it, both owned by a media thread.
//!
//! ```text
//!   socket ─ read_tls ─▶ rustls ─ reader ─▶ WebSocket     what is decrypted already comes first:
//!   socket ◀─ write_tls ─ rustls ◀─ writer ─ WebSocket    no event of the poller tells of it
//! ```
//!
//! What is flushed together is one record. Nothing is encrypted while an earlier record waits, so a
//! slow peer's backlog stays in the WebSocket's bounded buffer.

use std::io::{self, ErrorKind, Read, Write};

use rustls::{Error as TlsError, ServerConnection};

use super::transport::{Closed, Socket};

/// Plain bytes that may wait as records for a slow peer.
pub const UNSENT_MAX: usize = 4 * 1024;

/// The bytes below a WebSocket.
pub enum Wire {
    /// As they come.
    Plain(Socket),
    /// Through TLS.
    Secured(Box<Secured<Socket>>),
}

impl Wire {
    pub(super) fn new(socket: Socket, tls: Option<ServerConnection>) -> Self {
        match tls {
            None => Self::Plain(socket),
            Some(tls) => Self::Secured(Box::new(Secured::new(tls, socket))),
        }
    }

    /// What the poller knows.
    pub(super) fn socket(&mut self) -> &mut Socket {
        match self {
            Self::Plain(socket) => socket,
            Self::Secured(secured) => &mut secured.socket,
        }
    }

    /// Nothing more will be written.
    pub(super) fn say_good_bye(&mut self) {
        if let Self::Secured(secured) = self {
            secured.say_good_bye();
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Secured(secured) => secured.read(buffer),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Secured(secured) => secured.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Secured(secured) => secured.flush(),
        }
    }
}

/// A connection after its handshake, and the non-blocking socket it goes over. Dropped, it says
/// good-bye (`close_notify`) as far as the peer takes it.
pub struct Secured<S: Read + Write> {
    tls: ServerConnection,
    socket: S,
    /// What the peer did wrong; told when all that came before it has been read.
    broken: Option<TlsError>,
}

impl<S: Read + Write> Secured<S> {
    /// Takes both over.
    pub fn new(mut tls: ServerConnection, socket: S) -> Self {
        tls.set_buffer_limit(Some(UNSENT_MAX));
        Self { tls, socket, broken: None }
    }

    /// Sends what is encrypted, as far as the socket takes it.
    fn push(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            if self.tls.write_tls(&mut self.socket)? == 0 {
                return Err(ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }

    fn say_good_bye(&mut self) {
        self.tls.send_close_notify();
        // Best effort: the socket is dropped next.
        let _ = self.push();
    }
}

impl<S: Read + Write> Read for Secured<S> {
    /// 0 when the peer has said good-bye; an error when it went without.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.tls.reader().read(buffer) {
                Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                Err(e) if e.kind() == ErrorKind::UnexpectedEof => {
                    let text = "the carrier's connection ended without TLS' good-bye";
                    return Err(io::Error::new(ErrorKind::UnexpectedEof, text));
                }
                read => return read,
            }
            if let Some(error) = self.broken.take() {
                return Err(io::Error::new(ErrorKind::InvalidData, error));
            }
            self.tls.read_tls(&mut self.socket)?;
            if let Err(error) = self.tls.process_new_packets() {
                // The alert that tells the peer, as far as it is taken.
                let _ = self.push();
                self.broken = Some(error);
            }
        }
    }
}

impl<S: Read + Write> Write for Secured<S> {
    /// Takes bytes only when none wait.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push()?;
        let taken = self.tls.writer().write(bytes)?;
        match self.push() {
            Err(e) if e.kind() != ErrorKind::WouldBlock => Err(e),
            _ => Ok(taken),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.push()
    }
}

impl<S: Read + Write> Drop for Secured<S> {
    fn drop(&mut self) {
        self.say_good_bye();
    }
}

/// What the peer did to TLS, if that is what the error says.
pub(super) fn broken(error: &io::Error) -> Option<Closed> {
    let closed = match error.get_ref()?.downcast_ref::<TlsError>()? {
        TlsError::AlertReceived(alert) => {
            Closed::new("tls_alert", format!("the carrier ended TLS with the alert {alert:?}"))
        }
        other => Closed::new("tls_broken", format!("the carrier broke TLS: {other}")),
    };
    Some(closed)
}

#[cfg(test)]
mod tests;
