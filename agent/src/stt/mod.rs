//! Speech to text: one trait for embedded recognisers, vendors and scripted stand-ins.

pub mod deepgram;
pub mod moonshine;
pub mod scripted;

use media::Mono;
use serde::{Deserialize, Serialize};

use crate::{fault::Fault, wire};

/// One stretch of the callee's speech, numbered by us, upwards for the life of a call.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SegmentId(pub u32);

/// What a recogniser can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// It finds turns itself; else ours are told to it by `Open` and `Finalise`.
    pub own_turns: bool,
    /// It understands `Finalise`.
    pub finalise: bool,
    /// It takes µ-law as it comes from the carrier.
    pub mulaw: bool,
    /// It wants something said at least this often, in ms.
    pub keepalive_ms: Option<u32>,
    /// It gives times of words.
    pub word_times: bool,
    /// It computes in `handle`: run it on a worker thread, not on the async side.
    pub computes: bool,
}

/// What a recogniser is told.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// The callee's sound without gaps, 8 kHz mono, speech or not.
    Audio(&'a [i16]),
    /// The callee began to speak at this position of the sound (samples since the call's first).
    Open {
        /// Our number for what follows.
        segment: SegmentId,
        /// Position of the first speech sample.
        from_sample: u64,
    },
    /// The callee paused; give the text of the segment so far, soon. Speech may still go on in the
    /// same segment: another `Finalise` follows then.
    Finalise {
        /// Which segment.
        segment: SegmentId,
        /// Position just after the last speech sample.
        to_sample: u64,
    },
    /// The segment is over: whatever comes later belongs to the next `Open`.
    Close(SegmentId),
    /// Something on the vendor's connection.
    Wire(wire::Incoming<'a>),
    /// The deadline has come.
    Tick,
}

/// What a recogniser wants or has found.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// For the vendor's connection.
    Wire(wire::Outgoing),
    /// For the mind.
    Event(Event),
}

/// What a recogniser tells the mind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The segment's text so far; may change.
    Partial {
        /// Which segment.
        segment: SegmentId,
        /// The whole segment so far.
        text: String,
    },
    /// The answer to `Finalise`: the text of the segment up to there.
    Final {
        /// Which segment.
        segment: SegmentId,
        /// The whole segment up to the position asked for; may be empty.
        text: String,
    },
    /// It does not work. With `retrying` the dialect is already opening a new session.
    Failed {
        /// What went wrong.
        fault: Fault,
        /// Whether the dialect tries again by itself.
        retrying: bool,
    },
}

/// A recogniser for one call.
pub trait Dialect: Send {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;
    /// Something happened.
    fn handle(&mut self, now: Mono, input: Input<'_>);
    /// Drain until `None`.
    fn poll(&mut self) -> Option<Output>;
    /// When to send [`Input::Tick`].
    fn deadline(&self) -> Option<Mono>;
    /// The call is over: what is polled after this says good-bye to the vendor. Nothing follows.
    fn hang_up(&mut self) {}
}
