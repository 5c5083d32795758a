//! What a [`Circuit`](super::Circuit) is told, what it answers, and what it reports to the Call.

use dtmf::{Digit, tone_detector::Tone};
use serde::{Deserialize, Serialize};

use super::Keys;
use crate::{ear, time::Mono};

/// One stretch of speech we say, numbered upwards for the life of a call.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UtteranceId(pub u32);

/// A carrier mark of ours, numbered upwards for the life of a call.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MarkId(pub u32);

/// Counts our own clears: what was queued under an older epoch is dead and is dropped by number,
/// never by timing.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub u32);

/// Samples (8 kHz) in one chunk for the neural judge: 32 ms.
pub const JUDGE_SAMPLES: usize = 256;

/// Something happened to the sound of the call.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Audio from a carrier that delivers in order (WebSocket), still in the leg's codec. Any length.
    Audio(&'a [u8]),
    /// One RTP packet as it came from the network, header included.
    Rtp(&'a [u8]),
    /// One compound RTCP packet.
    Rtcp(&'a [u8]),
    /// The carrier returned a mark: played, or dropped by a clear.
    Mark(MarkId),
    /// The carrier reported a key out of band.
    Digit(Digit),
    /// Synthesised speech for an utterance announced by [`Command::Say`]; 8 kHz mono.
    Speech {
        /// Which utterance it belongs to; unknown or cleared ones are dropped.
        utterance: UtteranceId,
        /// Samples at 8 kHz.
        samples: &'a [i16],
    },
    /// What the other leg of a bridge hears: one [`Output::Heard`] of its circuit. What would be heard later
    /// than a frame from now is dropped.
    Relay(&'a [i16]),
    /// No more speech will come for this utterance.
    SpeechEnd(UtteranceId),
    /// The neural judge's answer to [`Output::Judge`].
    Verdict(Verdict),
    /// The mind asks for something.
    Command(Command),
    /// The deadline has come; nothing else happened.
    Tick,
}

/// What the neural judge says of one chunk.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The chunk's number in [`Output::Judge`].
    pub chunk: u32,
    /// Probability of speech, 0–1.
    pub probability: f32,
}

/// What the mind asks of the sound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// An utterance begins; its speech follows as [`Input::Speech`]. Utterances play in the order
    /// of their `Say`.
    Say {
        /// Its number, higher than any before.
        utterance: UtteranceId,
        /// `false` for phrases that may not be interrupted (disclosures, farewells).
        interruptible: bool,
    },
    /// Drop everything unplayed, now: bumps the epoch, clears the carrier. What was playing is
    /// reported as [`Event::Interrupted`] with a reaction of 0.
    Clear,
    /// What the recogniser makes of the speech that is going on: evidence for barge-in.
    Words {
        /// Words heard so far in this stretch of speech.
        count: u16,
        /// All of them are listener's noises ("uh-huh", "right", "okay").
        back_channel: bool,
    },
    /// Join this leg with another, for good: what the other hears ([`Input::Relay`]) is said here, as it comes
    /// and over what we say ourselves. Nothing interrupts us any more, and the judge is not asked.
    Bridge,
    /// Press keys after dropping queued speech: as events where the leg has them (RFC 4733), as tones elsewhere.
    Keys(Keys),
}

/// What the circuit wants done. Borrowed from the circuit's own buffers: use it, then poll again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Output<'a> {
    /// One frame for the carrier, encoded with the leg's codec. Over RTP it is a whole packet.
    Frame(&'a [u8]),
    /// One RTCP packet for the carrier.
    Rtcp(&'a [u8]),
    /// Ask the carrier to return this mark when what was sent before it has played.
    Mark(MarkId),
    /// Ask the carrier to drop what it has not played.
    Clear,
    /// What the callee said, decoded: 8 kHz mono, one frame, without gaps (losses are concealed).
    /// For the recogniser and the recorder.
    Heard(&'a [i16]),
    /// The neural judge is asked about 32 ms of the callee's sound; answer with [`Input::Verdict`].
    Judge {
        /// Number of the chunk.
        chunk: u32,
        /// There is a gap before this chunk, or the end of music: start from a fresh state.
        reset: bool,
        /// 8 kHz mono.
        samples: &'a [i16; JUDGE_SAMPLES],
    },
    /// Something the mind must know.
    Event(Event),
    /// An input that makes no sense now; nothing was lost but that input.
    Ignored(Ignored),
}

/// What the circuit tells the mind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The callee began to speak (gate and judge agree).
    SpeechStarted {
        /// When the first sample of it arrived, as near as can be told.
        at: Mono,
        /// Position of that sample in the stream of [`Output::Heard`].
        from_sample: u64,
    },
    /// The callee stopped speaking, [`VadConfig::hangover_ms`](crate::vad::VadConfig) ago.
    SpeechEnded {
        /// When the last speech sample arrived.
        at: Mono,
        /// Position just after it in the stream of [`Output::Heard`].
        to_sample: u64,
    },
    /// Speech is suspected: playout stands still.
    Paused {
        /// What was playing.
        utterance: UtteranceId,
    },
    /// It was nothing: playout went on at the exact sample.
    Resumed {
        /// What goes on.
        utterance: UtteranceId,
        /// How long it stood still, in ms.
        paused_ms: u32,
    },
    /// The interruption was accepted: everything unplayed is gone.
    Interrupted {
        /// What was playing. Utterances queued behind it were not heard at all.
        utterance: UtteranceId,
        /// How much of it was heard.
        heard: Heard,
        /// From the callee's first speech sample to this decision, in ms.
        reaction_ms: u32,
    },
    /// The first frame of the utterance left for the carrier.
    Started {
        /// Which one.
        utterance: UtteranceId,
    },
    /// The whole utterance was heard.
    Finished {
        /// Which one.
        utterance: UtteranceId,
        /// How much sound it was.
        heard: Heard,
    },
    /// A key was pressed on the other side.
    Digit {
        /// The key.
        digit: Digit,
        /// How it came.
        source: DigitSource,
    },
    /// The keys of one [`Command::Keys`] have been played.
    KeysPlayed,
    /// The keys of one [`Command::Keys`] will not be played to their end: a clear dropped them, or
    /// there was no room for them. Each such command ends in this or in [`Event::KeysPlayed`].
    KeysCancelled,
    /// A tone of the network or of a machine.
    Tone(Tone),
    /// What sounds on the line has changed.
    Sounds(ear::Change),
    /// No audio has come from the carrier for this long, in ms.
    Deaf {
        /// Since the last packet.
        for_ms: u32,
    },
}

/// Position up to which an utterance was heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Sound heard, in ms.
    pub ms: u32,
    /// Length of the utterance as far as the circuit had been given it, in ms; whole at its end.
    pub of_ms: u32,
    /// `true` when the carrier's mark confirmed it, `false` when it is our estimate from pacing.
    pub confirmed: bool,
}

/// How a key reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DigitSource {
    /// The carrier said so.
    Carrier,
    /// An RTP event (RFC 4733).
    Event,
    /// Heard as two tones.
    InBand,
}

/// Why an input was ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Ignored {
    /// The payload does not decode with the leg's codec.
    #[error("the carrier's audio does not fit the agreed codec")]
    BadPayload,
    /// Not an RTP or RTCP packet.
    #[error("not an RTP packet")]
    BadPacket,
    /// More audio arrived than fits in the bounded queue (a burst or a fast sender).
    #[error("the carrier sent audio faster than real time; the excess was dropped")]
    TooMuchAudio,
    /// Speech for an utterance nobody announced, or one that was cleared.
    #[error("speech for an utterance that is not playing")]
    StaleSpeech,
    /// More unplayed speech than the ledger holds.
    #[error("more unplayed speech than the ledger holds")]
    TooMuchSpeech,
    /// A mark we never sent, or one returned twice.
    #[error("a mark that is not pending")]
    UnknownMark,
    /// A verdict nobody waits for.
    #[error("a verdict on an old chunk")]
    StaleVerdict,
    /// `Say` with a number not above the last one.
    #[error("utterance numbers must rise")]
    UtteranceOrder,
    /// Sound of another leg, and no bridge.
    #[error("sound of another leg without a bridge")]
    NotBridged,
}
