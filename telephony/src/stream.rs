//! The words of a media stream, and the trait that turns a carrier's messages into them.

use std::collections::BTreeMap;

use dtmf::Digit;
use media::circuit::MarkId;

use crate::{capabilities::Capabilities, cause::Cause};

/// One message on the wire: WebSocket text or binary, or one message of the in-process pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// UTF-8 text.
    Text(&'a str),
    /// Bytes.
    Binary(&'a [u8]),
}

/// Which kind of message [`Translator::write`] wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The bytes are UTF-8 text.
    Text,
    /// The bytes are binary.
    Binary,
}

/// What the carrier's stream tells us. Borrowed from the translator's own buffers.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming<'a> {
    /// The stream began.
    Started(Started),
    /// Audio of the callee, in the codec of [`Started::format`].
    Audio {
        /// Codec bytes.
        payload: &'a [u8],
    },
    /// A key was pressed on the other side.
    Digit(Digit),
    /// One of our marks came back: played, or dropped by our clear.
    Mark(MarkId),
    /// The stream ended in good order.
    Stopped,
    /// Call progress, on carriers that tell it in the stream.
    Ringing,
    /// Call progress, on carriers that tell it in the stream.
    Answered,
    /// The call is over, on carriers that tell it in the stream.
    Ended {
        /// Why.
        cause: Cause,
        /// Who ended it.
        by_callee: bool,
    },
}

/// How a stream introduces itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// The carrier's name for the stream.
    pub stream_id: String,
    /// The carrier's name for the call.
    pub carrier_call_id: String,
    /// What both sides send.
    pub format: Format,
    /// What whoever set up the stream passed on; the stream token travels here as `token`.
    pub parameters: BTreeMap<String, String>,
}

/// Encoding of a stream's audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// The codec.
    pub codec: media::codec::Codec,
    /// Samples per second.
    pub rate_hz: u32,
    /// Channels; carriers send 1.
    pub channels: u8,
}

/// What we say on the stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outgoing<'a> {
    /// Audio for the callee, in the stream's codec.
    Audio(&'a [u8]),
    /// Return this when the audio sent before it has played.
    Mark(MarkId),
    /// Drop what has not played.
    Clear,
}

/// The carrier broke its protocol. What can be kept is kept: after `Recoverable` the stream goes on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("carrier misbehaved ({code}): {detail}")]
pub struct Misbehaved {
    /// Stable code: API, metrics, journal.
    pub code: &'static str,
    /// For people: what came and what was expected.
    pub detail: String,
    /// `true` when the stream cannot go on.
    pub fatal: bool,
}

/// A carrier's media-stream dialect: values in, values out.
pub trait Translator: Send {
    /// What a leg over this carrier can do.
    fn capabilities(&self) -> Capabilities;

    /// Reads one message. `Ok(None)` for messages that carry nothing for us (`connected`, unknown
    /// events). Checks order: audio before the start or after the stop is an error that loses only
    /// that message.
    fn read<'a>(&'a mut self, message: Message<'a>) -> Result<Option<Incoming<'a>>, Misbehaved>;

    /// Appends one message to `out` (cleared by the caller) and says which kind it is. `None` when
    /// nothing can be said now: before the start or after the stop.
    fn write(&mut self, outgoing: Outgoing<'_>, out: &mut Vec<u8>) -> Option<Kind>;
}
