//! What is kept of an output: all of it but sound, which is kept as a fingerprint since it follows
//! from the inputs.

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

use super::{
    TapeError,
    bytes::{Bytes, fingerprint, fingerprint_of_samples, put_number},
    input::digit,
};
use crate::{
    Mono,
    circuit::{DigitSource, Event, Heard, Ignored, MarkId, Output, UtteranceId},
};

/// Fingerprint of some sound.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sound {
    /// Bytes or samples.
    pub len: u32,
    /// XXH3 of the bytes, or of the samples as little-endian bytes, 480 at a time.
    pub fingerprint: u64,
}

impl std::fmt::Debug for Sound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} × {:016x}", self.len, self.fingerprint)
    }
}

/// An output as it is on the tape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trace {
    /// [`Output::Frame`].
    Frame(Sound),
    /// [`Output::Rtcp`].
    Rtcp(Sound),
    /// [`Output::Mark`].
    Mark(MarkId),
    /// [`Output::Clear`].
    Clear,
    /// [`Output::Heard`].
    Heard(Sound),
    /// [`Output::Judge`].
    Judge {
        /// Number of the chunk.
        chunk: u32,
        /// There is a gap before it.
        reset: bool,
        /// Its samples.
        sound: Sound,
    },
    /// [`Output::Event`].
    Event(Event),
    /// [`Output::Ignored`].
    Ignored(Ignored),
}

fn of_bytes(bytes: &[u8]) -> Sound {
    Sound { len: bytes.len() as u32, fingerprint: fingerprint(bytes) }
}

fn of_samples(samples: &[i16]) -> Sound {
    Sound { len: samples.len() as u32, fingerprint: fingerprint_of_samples(samples) }
}

impl Trace {
    /// What the tape keeps of an output.
    pub fn of(output: &Output<'_>) -> Self {
        match *output {
            Output::Frame(bytes) => Self::Frame(of_bytes(bytes)),
            Output::Rtcp(bytes) => Self::Rtcp(of_bytes(bytes)),
            Output::Mark(id) => Self::Mark(id),
            Output::Clear => Self::Clear,
            Output::Heard(samples) => Self::Heard(of_samples(samples)),
            Output::Judge { chunk, reset, samples } => {
                Self::Judge { chunk, reset, sound: of_samples(samples) }
            }
            Output::Event(event) => Self::Event(event),
            Output::Ignored(why) => Self::Ignored(why),
        }
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Frame(sound) => put_sound(128, sound, out),
            Self::Rtcp(sound) => put_sound(129, sound, out),
            Self::Mark(MarkId(id)) => put_numbers(130, &[u64::from(id)], out),
            Self::Clear => out.push(131),
            Self::Heard(sound) => put_sound(132, sound, out),
            Self::Judge { chunk, reset, sound } => {
                put_sound(if reset { 134 } else { 133 }, sound, out);
                put_number(u64::from(chunk), out);
            }
            Self::Event(event) => put_event(event, out),
            Self::Ignored(why) => {
                let code = IGNORED.iter().position(|&known| known == why).unwrap_or(IGNORED.len());
                out.extend([135, code as u8]);
            }
        }
    }

    /// Reads what follows `tag`.
    pub(super) fn take(tag: u8, bytes: &mut Bytes<'_>) -> Result<Self, TapeError> {
        let at_byte = bytes.at();
        Ok(match tag {
            128 => Self::Frame(take_sound(bytes)?),
            129 => Self::Rtcp(take_sound(bytes)?),
            130 => Self::Mark(MarkId(bytes.small("a mark")?)),
            131 => Self::Clear,
            132 => Self::Heard(take_sound(bytes)?),
            133 | 134 => {
                let sound = take_sound(bytes)?;
                Self::Judge { chunk: bytes.small("a chunk")?, reset: tag == 134, sound }
            }
            135 => {
                let code = usize::from(bytes.byte()?);
                let unknown = TapeError::Nonsense { at_byte, what: "an unknown reason" };
                Self::Ignored(*IGNORED.get(code).ok_or(unknown)?)
            }
            _ => Self::Event(take_event(tag, bytes)?),
        })
    }
}

/// Their places are their codes; new ones go to the end.
const IGNORED: [Ignored; 9] = [
    Ignored::BadPayload,
    Ignored::BadPacket,
    Ignored::TooMuchAudio,
    Ignored::StaleSpeech,
    Ignored::TooMuchSpeech,
    Ignored::UnknownMark,
    Ignored::StaleVerdict,
    Ignored::UtteranceOrder,
    Ignored::NotBridged,
];

fn put_sound(tag: u8, sound: Sound, out: &mut Vec<u8>) {
    put_numbers(tag, &[u64::from(sound.len)], out);
    out.extend(sound.fingerprint.to_le_bytes());
}

fn take_sound(bytes: &mut Bytes<'_>) -> Result<Sound, TapeError> {
    Ok(Sound { len: bytes.small("a length")?, fingerprint: u64::from_le_bytes(bytes.array()?) })
}

fn put_numbers(tag: u8, numbers: &[u64], out: &mut Vec<u8>) {
    out.push(tag);
    put_all(numbers, out);
}

fn put_all(numbers: &[u64], out: &mut Vec<u8>) {
    for &number in numbers {
        put_number(number, out);
    }
}

/// What comes seldom and has many fields.
fn put_json(tag: u8, value: &impl Serialize, out: &mut Vec<u8>) {
    out.extend([tag, 0, 0]);
    let start = out.len();
    // Numbers and names into memory: nothing in it can fail.
    let _ = serde_json::to_writer(&mut *out, value);
    // A number of two bytes, whatever it is: the room was kept before it was known.
    let length = out.len() - start;
    (out[start - 2], out[start - 1]) = (length as u8 | 0x80, (length >> 7) as u8);
}

fn take_json<T: DeserializeOwned>(bytes: &mut Bytes<'_>) -> Result<T, TapeError> {
    let at_byte = bytes.at();
    serde_json::from_slice(bytes.bytes()?)
        .map_err(|_| TapeError::Nonsense { at_byte, what: "an unknown sound" })
}

fn put_event(event: Event, out: &mut Vec<u8>) {
    let n = |number: u32| u64::from(number);
    let heard = |h: Heard| [n(h.ms), n(h.of_ms), u64::from(h.confirmed)];
    match event {
        Event::SpeechStarted { at, from_sample } => {
            put_numbers(140, &[at.as_micros(), from_sample], out);
        }
        Event::SpeechEnded { at, to_sample } => {
            put_numbers(141, &[at.as_micros(), to_sample], out);
        }
        Event::Paused { utterance } => put_numbers(142, &[n(utterance.0)], out),
        Event::Resumed { utterance, paused_ms } => {
            put_numbers(143, &[n(utterance.0), n(paused_ms)], out);
        }
        Event::Interrupted { utterance, heard: h, reaction_ms } => {
            put_numbers(144, &[n(utterance.0), n(reaction_ms)], out);
            put_all(&heard(h), out);
        }
        Event::Started { utterance } => put_numbers(145, &[n(utterance.0)], out),
        Event::Finished { utterance, heard: h } => {
            put_numbers(146, &[n(utterance.0)], out);
            put_all(&heard(h), out);
        }
        Event::Digit { digit, source } => {
            let source = match source {
                DigitSource::Carrier => 0,
                DigitSource::Event => 1,
                DigitSource::InBand => 2,
            };
            out.extend([147, digit.as_char() as u8, source]);
        }
        Event::KeysPlayed => out.push(148),
        Event::Deaf { for_ms } => put_numbers(149, &[n(for_ms)], out),
        Event::KeysCancelled => out.push(150),
        Event::Tone(tone) => put_json(151, &tone, out),
        Event::Sounds(change) => put_json(152, &change, out),
    }
}

fn take_event(tag: u8, bytes: &mut Bytes<'_>) -> Result<Event, TapeError> {
    fn utterance(bytes: &mut Bytes<'_>) -> Result<UtteranceId, TapeError> {
        bytes.small("an utterance").map(UtteranceId)
    }
    fn at(bytes: &mut Bytes<'_>) -> Result<Mono, TapeError> {
        bytes.number().map(|us| Mono::ZERO + Duration::from_micros(us))
    }
    fn heard(bytes: &mut Bytes<'_>) -> Result<Heard, TapeError> {
        Ok(Heard {
            ms: bytes.small("a position")?,
            of_ms: bytes.small("a length")?,
            confirmed: bytes.byte()? != 0,
        })
    }
    let at_byte = bytes.at();
    Ok(match tag {
        140 => Event::SpeechStarted { at: at(bytes)?, from_sample: bytes.number()? },
        141 => Event::SpeechEnded { at: at(bytes)?, to_sample: bytes.number()? },
        142 => Event::Paused { utterance: utterance(bytes)? },
        143 => {
            Event::Resumed { utterance: utterance(bytes)?, paused_ms: bytes.small("a duration")? }
        }
        144 => {
            let (utterance, reaction_ms) = (utterance(bytes)?, bytes.small("a duration")?);
            Event::Interrupted { utterance, heard: heard(bytes)?, reaction_ms }
        }
        145 => Event::Started { utterance: utterance(bytes)? },
        146 => Event::Finished { utterance: utterance(bytes)?, heard: heard(bytes)? },
        147 => {
            let digit = digit(bytes)?;
            let source = match bytes.byte()? {
                0 => DigitSource::Carrier,
                1 => DigitSource::Event,
                2 => DigitSource::InBand,
                _ => {
                    let what = "an unknown way for a key";
                    return Err(TapeError::Nonsense { at_byte, what });
                }
            };
            Event::Digit { digit, source }
        }
        148 => Event::KeysPlayed,
        149 => Event::Deaf { for_ms: bytes.small("a duration")? },
        150 => Event::KeysCancelled,
        151 => Event::Tone(take_json(bytes)?),
        152 => Event::Sounds(take_json(bytes)?),
        _ => return Err(TapeError::Nonsense { at_byte: at_byte - 1, what: "an unknown record" }),
    })
}
