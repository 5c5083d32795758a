//! Speech and language vendors as they behave on the wire: refusals, limits and idle closes included.
//!
//! ```text
//!   dialect ──Outgoing──▶ Emulator (one connection or one request) ──Sent──▶ dialect
//! ```
//!
//! An [`Emulator`] is a machine of the house's one shape: values in, values out, with deadlines, so
//! that it runs in virtual time. [`serve`] puts the same machine behind a real socket. What goes
//! wrong on purpose is a [`Trouble`] around any of them.
//!
//! Rooms: `deepgram`, `openai`, `cartesia` (one vendor each), `trouble` (what goes wrong), `request`
//! (reading URLs and headers), `outbox` (what is sent when), `serve` (loopback sockets).

pub mod cartesia;
pub mod deepgram;
pub mod openai;
mod outbox;
mod request;
pub mod serve;
mod trouble;

use agent::wire::{Incoming, Outgoing};
use media::Mono;

pub use self::trouble::{Trouble, Troubled};

/// What an emulator is told.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// The client did this on its connection.
    Client(&'a Outgoing),
    /// The deadline has come.
    Tick,
}

/// What the vendor sends: [`Incoming`], owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The upgrade is accepted.
    Opened,
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// The answer begins, or the upgrade is refused (then `Failed` follows).
    Status {
        /// HTTP status.
        code: u16,
        /// `Retry-After`, in s.
        retry_after_s: Option<u32>,
    },
    /// Bytes of the answer's body.
    Body(Vec<u8>),
    /// The body is complete.
    BodyEnd,
    /// A close frame.
    Closed {
        /// RFC 6455 close code.
        code: u16,
        /// Reason.
        reason: String,
    },
    /// The connection is gone without a word.
    Failed,
}

impl Sent {
    /// As the dialect reads it.
    pub fn as_incoming(&self) -> Incoming<'_> {
        match self {
            Self::Opened => Incoming::Opened,
            Self::Text(text) => Incoming::Text(text),
            Self::Binary(bytes) => Incoming::Binary(bytes),
            Self::Status { code, retry_after_s } => {
                Incoming::Status { code: *code, retry_after_s: *retry_after_s }
            }
            Self::Body(bytes) => Incoming::Body(bytes),
            Self::BodyEnd => Incoming::BodyEnd,
            Self::Closed { code, reason } => Incoming::Closed { code: *code, reason },
            Self::Failed => Incoming::Failed { reason: "the connection is gone" },
        }
    }

    /// Nothing follows on this connection.
    pub fn is_end(&self) -> bool {
        matches!(self, Self::BodyEnd | Self::Closed { .. } | Self::Failed)
    }
}

/// A vendor's end of one connection (WebSocket) or one request (HTTP).
///
/// The first input is `Connect` or `Post`; the answer to an upgrade is there at once.
pub trait Emulator: Send {
    /// Something happened.
    fn handle(&mut self, now: Mono, input: Input<'_>);
    /// Drain until `None`.
    fn poll(&mut self) -> Option<Sent>;
    /// When to send [`Input::Tick`].
    fn deadline(&self) -> Option<Mono>;
}

/// Makes the vendor's end of the client's n-th connection, counted from 0.
pub type Make = Box<dyn FnMut(usize) -> Box<dyn Emulator> + Send>;
