//! Bytes of the loopback pipe. Numbers are little-endian; a string is a `u16` length and UTF-8.
//!
//! | kind | to us | payload |
//! |---|---|---|
//! | 1 | started | stream id, call id, codec `u8`, rate `u32`, channels `u8`, count `u16` of name, value |
//! | 2 | audio | codec bytes (both ways) |
//! | 3 | digit | one ASCII key |
//! | 4 | mark | `u32` (both ways) |
//! | 5 | clear | – (from us) |
//! | 6 | stopped | – |
//! | 7 | ringing | – |
//! | 8 | answered | – |
//! | 9 | ended | cause `u8`, by the callee `u8` |

use std::collections::BTreeMap;

use dtmf::Digit;
use media::{circuit::MarkId, codec::Codec};

use crate::{
    cause::Cause,
    stream::{Format, Incoming, Misbehaved, Outgoing, Started},
};

/// Most audio in one message, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 32_000;
/// Most parameters of a start.
const PARAMETERS_MAX: usize = 64;

const STARTED: u8 = 1;
const AUDIO: u8 = 2;
const DIGIT: u8 = 3;
const MARK: u8 = 4;
const CLEAR: u8 = 5;
const STOPPED: u8 = 6;
const RINGING: u8 = 7;
const ANSWERED: u8 = 8;
const ENDED: u8 = 9;

const CODECS: [Codec; 6] =
    [Codec::Mulaw, Codec::Alaw, Codec::L16, Codec::L16Le, Codec::G722, Codec::Opus];

const CAUSES: [Cause; 11] = [
    Cause::NormalClearing,
    Cause::NoAnswer,
    Cause::UserBusy,
    Cause::CallRejected,
    Cause::UnallocatedNumber,
    Cause::Unreachable,
    Cause::NetworkOutOfOrder,
    Cause::OriginatorCancel,
    Cause::MediaLost,
    Cause::SystemError,
    Cause::Other,
];

/// The carrier's end: appends what it tells us to `out`.
pub fn encode(incoming: &Incoming<'_>, out: &mut Vec<u8>) {
    match incoming {
        Incoming::Started(started) => encode_started(started, out),
        Incoming::Audio { payload } => {
            out.push(AUDIO);
            out.extend_from_slice(payload);
        }
        Incoming::Digit(digit) => out.extend_from_slice(&[DIGIT, digit.as_char() as u8]),
        Incoming::Mark(MarkId(mark)) => {
            out.push(MARK);
            out.extend_from_slice(&mark.to_le_bytes());
        }
        Incoming::Stopped => out.push(STOPPED),
        Incoming::Ringing => out.push(RINGING),
        Incoming::Answered => out.push(ANSWERED),
        Incoming::Ended { cause, by_callee } => {
            let code = CAUSES.iter().position(|known| known == cause).unwrap_or(CAUSES.len() - 1);
            out.extend_from_slice(&[ENDED, code as u8, u8::from(*by_callee)]);
        }
    }
}

fn encode_started(started: &Started, out: &mut Vec<u8>) {
    out.push(STARTED);
    push_text(&started.stream_id, out);
    push_text(&started.carrier_call_id, out);
    let codec = CODECS.iter().position(|known| *known == started.format.codec).unwrap_or(0);
    out.push(codec as u8);
    out.extend_from_slice(&started.format.rate_hz.to_le_bytes());
    out.push(started.format.channels);
    let count = started.parameters.len().min(PARAMETERS_MAX);
    out.extend_from_slice(&(count as u16).to_le_bytes());
    for (name, value) in started.parameters.iter().take(count) {
        push_text(name, out);
        push_text(value, out);
    }
}

/// The carrier's end: reads what we said.
pub fn decode(message: &[u8]) -> Result<Outgoing<'_>, Misbehaved> {
    match message.split_first() {
        Some((&AUDIO, payload)) => Ok(Outgoing::Audio(payload)),
        Some((&MARK, rest)) => Reader(rest).last_u32().map(|mark| Outgoing::Mark(MarkId(mark))),
        Some((&CLEAR, [])) => Ok(Outgoing::Clear),
        _ => Err(malformed()),
    }
}

/// Our end: appends what we say to `out`.
pub(super) fn write(outgoing: Outgoing<'_>, out: &mut Vec<u8>) {
    match outgoing {
        Outgoing::Audio(payload) => {
            out.push(AUDIO);
            out.extend_from_slice(payload);
        }
        Outgoing::Mark(MarkId(mark)) => {
            out.push(MARK);
            out.extend_from_slice(&mark.to_le_bytes());
        }
        Outgoing::Clear => out.push(CLEAR),
    }
}

/// Our end: reads what the carrier said; `None` for kinds we do not know and for empty audio.
pub(super) fn read(message: &[u8]) -> Result<Option<Incoming<'_>>, Misbehaved> {
    let Some((&kind, rest)) = message.split_first() else { return Err(malformed()) };
    let plain = |incoming| if rest.is_empty() { Ok(Some(incoming)) } else { Err(malformed()) };
    match kind {
        STARTED => Reader(rest).started().map(|started| Some(Incoming::Started(started))),
        AUDIO if rest.len() > PAYLOAD_BYTES_MAX => {
            let detail = format!("{} bytes of audio, at most {PAYLOAD_BYTES_MAX}", rest.len());
            Err(misbehaved("payload_too_long", detail))
        }
        AUDIO if rest.is_empty() => Ok(None),
        AUDIO => Ok(Some(Incoming::Audio { payload: rest })),
        DIGIT => match rest {
            [key] => Digit::try_from(char::from(*key))
                .map(|digit| Some(Incoming::Digit(digit)))
                .map_err(|error| misbehaved("bad_digit", error.to_string())),
            _ => Err(malformed()),
        },
        MARK => Reader(rest).last_u32().map(|mark| Some(Incoming::Mark(MarkId(mark)))),
        STOPPED => plain(Incoming::Stopped),
        RINGING => plain(Incoming::Ringing),
        ANSWERED => plain(Incoming::Answered),
        ENDED => match rest {
            [cause, by_callee @ (0 | 1)] => {
                let cause = *CAUSES.get(usize::from(*cause)).ok_or_else(malformed)?;
                Ok(Some(Incoming::Ended { cause, by_callee: *by_callee == 1 }))
            }
            _ => Err(malformed()),
        },
        _ => Ok(None),
    }
}

/// What is left of a message.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Misbehaved> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Misbehaved> {
        self.take(N)?.try_into().map_err(|_| malformed())
    }

    fn text(&mut self) -> Result<String, Misbehaved> {
        let length = u16::from_le_bytes(self.array()?);
        let bytes = self.take(usize::from(length))?;
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| malformed())
    }

    fn last_u32(mut self) -> Result<u32, Misbehaved> {
        let number = u32::from_le_bytes(self.array()?);
        if self.0.is_empty() { Ok(number) } else { Err(malformed()) }
    }

    fn started(mut self) -> Result<Started, Misbehaved> {
        let stream_id = self.text()?;
        let carrier_call_id = self.text()?;
        let [codec] = self.array()?;
        let codec = *CODECS.get(usize::from(codec)).ok_or_else(malformed)?;
        let rate_hz = u32::from_le_bytes(self.array()?);
        let [channels] = self.array()?;
        let count = usize::from(u16::from_le_bytes(self.array()?));
        if count > PARAMETERS_MAX || channels != 1 || rate_hz == 0 {
            return Err(malformed());
        }
        let mut parameters = BTreeMap::new();
        for _ in 0..count {
            parameters.insert(self.text()?, self.text()?);
        }
        let format = Format { codec, rate_hz, channels };
        let started = Started { stream_id, carrier_call_id, format, parameters };
        if self.0.is_empty() { Ok(started) } else { Err(malformed()) }
    }
}

/// Text longer than a length can say is cut at a character.
fn push_text(text: &str, out: &mut Vec<u8>) {
    let mut length = text.len().min(usize::from(u16::MAX));
    while !text.is_char_boundary(length) {
        length -= 1;
    }
    out.extend_from_slice(&(length as u16).to_le_bytes());
    out.extend_from_slice(&text.as_bytes()[..length]);
}

fn malformed() -> Misbehaved {
    misbehaved("malformed", "not a message of the loopback pipe".to_owned())
}

pub(super) fn misbehaved(code: &'static str, detail: String) -> Misbehaved {
    Misbehaved { code, detail, fatal: false }
}
