//! Text to speech: one trait for embedded voices, vendors and scripted stand-ins.

pub mod cartesia;
pub mod hibari;
pub mod scripted;

use media::{Mono, circuit::UtteranceId};
use serde::{Deserialize, Serialize};

use crate::{fault::Fault, wire};

/// What a voice can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// It can send 8 kHz µ-law.
    pub mulaw: bool,
    /// It gives times of words.
    pub word_times: bool,
    /// It stops an utterance on the server when told.
    pub server_clear: bool,
    /// It wants something said at least this often, in ms.
    pub keepalive_ms: Option<u32>,
    /// It computes in `handle`/`poll`: run it on a worker thread.
    pub computes: bool,
}

/// What a voice is told.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Say this.
    Say {
        /// Our number for it.
        utterance: UtteranceId,
        /// A speakable piece, a sentence or clause.
        text: &'a str,
    },
    /// Nobody wants this any more; nothing of it may come out after this.
    Cancel(UtteranceId),
    /// Something on the vendor's connection.
    Wire(wire::Incoming<'a>),
    /// The deadline has come, or (voices that compute) a moment to go on computing.
    Tick,
}

/// What a voice wants or has made.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// For the vendor's connection.
    Wire(wire::Outgoing),
    /// Sound of an utterance, 8 kHz mono, in order.
    Audio {
        /// Which utterance.
        utterance: UtteranceId,
        /// Samples at 8 kHz.
        samples: Vec<i16>,
    },
    /// For the mind.
    Event(Event),
}

/// What a voice tells the mind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Its first sound is there; comes just before it.
    Begun {
        /// Which utterance.
        utterance: UtteranceId,
    },
    /// When each word of the utterance begins, in ms from its first sample; may come in pieces.
    Words {
        /// Which utterance.
        utterance: UtteranceId,
        /// Byte offset of the word in the text, and its start in ms.
        starts: Vec<(u32, u32)>,
    },
    /// All sound of the utterance has come out.
    Done {
        /// Which utterance.
        utterance: UtteranceId,
        /// Its length in ms.
        total_ms: u32,
    },
    /// It does not work. `utterance` is the one that is lost, if one is.
    Failed {
        /// What is lost.
        utterance: Option<UtteranceId>,
        /// What went wrong.
        fault: Fault,
    },
}

/// A voice for one call.
pub trait Dialect: Send {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;
    /// Something happened.
    fn handle(&mut self, now: Mono, input: Input<'_>);
    /// Drain until `None`. A voice that computes makes one chunk of sound per poll, so that sound
    /// starts before the sentence is done and a cancel is obeyed between chunks.
    fn poll(&mut self) -> Option<Output>;
    /// When to send [`Input::Tick`].
    fn deadline(&self) -> Option<Mono>;
}

/// The words of a text, parted by white space, with the byte offset each begins at.
pub fn words(text: &str) -> impl Iterator<Item = (u32, &str)> {
    text.split_whitespace().map(|word| {
        let at = word.as_ptr() as usize - text.as_ptr() as usize;
        (u32::try_from(at).unwrap_or(u32::MAX), word)
    })
}
