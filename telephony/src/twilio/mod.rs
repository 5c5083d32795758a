//! Twilio Media Streams, bidirectional (`<Connect><Stream>`): "Media Streams – WebSocket Messages",
//! twilio.com/docs/voice/media-streams/websocket-messages.
//!
//! To us: `connected`, `start`, `media`, `dtmf`, `mark`, `stop`. From us: `media`, `mark`, `clear`.
//! Left out: unidirectional streams (`<Start><Stream>`; their `outbound` track is skipped),
//! REST and webhooks. The stream has no message for keys from us: all it can carry is their tones.

mod cut;
mod wire;

#[cfg(test)]
mod tests;

use std::io::Write as _;

use base64_simd::STANDARD as BASE64;
use dtmf::Digit;
use media::{circuit::MarkId, codec::Codec};

use crate::{
    capabilities::{Bridging, Capabilities, DigitPath, MachineDetection},
    stream::{Format, Incoming, Kind, Message, Misbehaved, Outgoing, Started, Translator},
};

/// Longest message read, in bytes; a regular `media` is about 400.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// Most audio in one message, in bytes: 4 s of µ-law; a regular frame is 160.
pub const PAYLOAD_BYTES_MAX: usize = 32_000;
/// Most custom parameters in a `start`.
pub const PARAMETERS_MAX: usize = 64;
/// Longest name and value of one parameter together, in bytes (Twilio itself allows 500).
pub const PARAMETER_BYTES_MAX: usize = 1024;
/// Longest stream or call id, in bytes (Twilio's have 34).
pub const ID_BYTES_MAX: usize = 128;
/// Rates a stream may announce, in Hz.
pub const RATES_HZ: [u32; 4] = [8_000, 16_000, 24_000, 48_000];

/// How much media time passes before the bytes per second are held against the announced format.
const RATE_CHECK_AFTER_MS: u64 = 1_000;

/// Where the stream stands. It only moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    BeforeStart,
    Streaming,
    Stopped,
}

/// The Twilio dialect of one stream.
#[derive(Debug)]
pub struct Twilio {
    phase: Phase,
    stream_id: String,
    format: Format,
    payload: Vec<u8>,
    /// `{"event":"media","streamSid":"MZ…","media":{"payload":"`, made once at the start.
    media_head: Vec<u8>,
    sequence: Option<u64>,
    sequence_breaks: u64,
    first_timestamp_ms: Option<u64>,
    payload_bytes: u64,
    rate_reported: bool,
}

impl Default for Twilio {
    fn default() -> Self {
        Self::new()
    }
}

impl Twilio {
    /// A stream of which nothing has been heard.
    pub fn new() -> Self {
        Self {
            phase: Phase::BeforeStart,
            stream_id: String::new(),
            format: Format { codec: Codec::Mulaw, rate_hz: 8_000, channels: 1 },
            payload: Vec::new(),
            media_head: Vec::new(),
            sequence: None,
            sequence_breaks: 0,
            first_timestamp_ms: None,
            payload_bytes: 0,
            rate_reported: false,
        }
    }

    /// How often a message's `sequenceNumber` was not the one after its predecessor's.
    pub fn sequence_breaks(&self) -> u64 {
        self.sequence_breaks
    }

    fn read_text<'a>(&'a mut self, text: &str) -> Result<Option<Incoming<'a>>, Misbehaved> {
        if text.len() > MESSAGE_BYTES_MAX {
            let detail = format!("{} bytes, at most {MESSAGE_BYTES_MAX} are read", text.len());
            return Err(misbehaved("message_too_long", detail));
        }
        // What comes fifty times a second is cut by hand or parsed in one pass; anything else in two.
        if text.starts_with(r#"{"event":"media""#) {
            return self.read_media(text);
        }
        let head: wire::Head<'_> = parse(text)?;
        match head.event.as_str() {
            "media" => self.read_media(text),
            "start" => self.read_start(text).map(Some),
            "dtmf" => self.read_digit(text).map(Some),
            "mark" => self.read_mark(text).map(Some),
            "stop" => self.read_stop(text).map(Some),
            _ => Ok(None),
        }
    }

    fn read_media<'a>(&'a mut self, text: &str) -> Result<Option<Incoming<'a>>, Misbehaved> {
        let message = match cut::media(text, &self.stream_id) {
            Some(message) => message,
            None => {
                let message: wire::MediaMessage<'_> = parse(text)?;
                // A key given twice counts by its last value, in JSON's common reading.
                if message.event.as_str() != "media" {
                    let detail = "two events in one message".to_owned();
                    return Err(misbehaved("malformed", detail));
                }
                message
            }
        };
        self.place("media", message.sequence_number.as_ref(), message.stream_sid.as_ref())?;
        if message.media.track.as_ref().is_some_and(|track| track.as_str().starts_with("outbound"))
        {
            return Ok(None);
        }
        let encoded = message.media.payload.as_str().as_bytes();
        if BASE64.estimated_decoded_length(encoded.len()) > PAYLOAD_BYTES_MAX + 2 {
            let detail = format!("more than {PAYLOAD_BYTES_MAX} bytes of audio in one message");
            return Err(misbehaved("payload_too_long", detail));
        }
        self.payload.clear();
        BASE64.decode_append(encoded, &mut self.payload).map_err(|_| {
            misbehaved("bad_base64", format!("{} characters that are not base64", encoded.len()))
        })?;
        self.check_payload(message.media.timestamp.as_ref().and_then(wire::Text::number))?;
        if self.payload.is_empty() {
            return Ok(None);
        }
        Ok(Some(Incoming::Audio { payload: &self.payload }))
    }

    /// Whole samples only, and about as many a second as the format promised. A stream that runs at
    /// another rate is reported once and then played as announced: nothing better can be known.
    fn check_payload(&mut self, timestamp_ms: Option<u64>) -> Result<(), Misbehaved> {
        let sample_bytes = bytes_per_sample(self.format.codec);
        if !self.payload.len().is_multiple_of(sample_bytes) {
            let detail =
                format!("{} bytes are no whole number of 16-bit samples", self.payload.len());
            return Err(misbehaved("odd_payload", detail));
        }
        if let Some(now_ms) = timestamp_ms {
            let first_ms = *self.first_timestamp_ms.get_or_insert(now_ms);
            let elapsed_ms = now_ms.saturating_sub(first_ms);
            let per_ms = u64::from(self.format.rate_hz) / 1000 * sample_bytes as u64;
            let promised = elapsed_ms.saturating_mul(per_ms);
            if !self.rate_reported
                && elapsed_ms >= RATE_CHECK_AFTER_MS
                && self.payload_bytes > promised.saturating_mul(3) / 2
            {
                self.rate_reported = true;
                let detail = format!(
                    "{} bytes in {elapsed_ms} ms, {promised} were announced: is the rate right?",
                    self.payload_bytes
                );
                return Err(misbehaved("rate_mismatch", detail));
            }
        }
        self.payload_bytes += self.payload.len() as u64;
        Ok(())
    }

    fn read_start<'a>(&'a mut self, text: &str) -> Result<Incoming<'a>, Misbehaved> {
        match self.phase {
            Phase::BeforeStart => {}
            Phase::Streaming => {
                let detail = "the stream has started already".to_owned();
                return Err(misbehaved("second_start", detail));
            }
            Phase::Stopped => return Err(after_stop("start")),
        }
        let message: wire::StartMessage<'_> = parse(text)?;
        let start = message.start;
        let stream_id = start.stream_sid.as_ref().or(message.stream_sid.as_ref());
        let stream_id = stream_id.map(wire::Text::as_str).unwrap_or_default();
        for (name, id) in [("streamSid", stream_id), ("callSid", start.call_sid.as_str())] {
            if !is_id(id) {
                return Err(fatal("bad_start", format!("{name} is missing or no plain id")));
            }
        }
        if start.custom_parameters.len() > PARAMETERS_MAX
            || start
                .custom_parameters
                .iter()
                .any(|(name, value)| name.0.len() + value.0.len() > PARAMETER_BYTES_MAX)
        {
            let detail = format!(
                "at most {PARAMETERS_MAX} parameters of {PARAMETER_BYTES_MAX} bytes each are taken"
            );
            return Err(fatal("bad_start", detail));
        }
        self.format = format_of(&start.media_format)?;
        self.note_sequence(message.sequence_number.as_ref());
        self.stream_id = stream_id.to_owned();
        self.media_head =
            format!(r#"{{"event":"media","streamSid":"{stream_id}","media":{{"payload":""#)
                .into_bytes();
        self.phase = Phase::Streaming;
        Ok(Incoming::Started(Started {
            stream_id: stream_id.to_owned(),
            carrier_call_id: start.call_sid.as_str().to_owned(),
            format: self.format,
            parameters: start
                .custom_parameters
                .into_iter()
                .map(|(name, value)| (name.0.into_owned(), value.0.into_owned()))
                .collect(),
        }))
    }

    fn read_digit<'a>(&'a mut self, text: &str) -> Result<Incoming<'a>, Misbehaved> {
        self.place_of("dtmf", text)?;
        let message: wire::DtmfMessage<'_> = parse(text)?;
        let mut keys = message.dtmf.digit.as_str().chars();
        match (keys.next().map(Digit::try_from), keys.next()) {
            (Some(Ok(digit)), None) => Ok(Incoming::Digit(digit)),
            _ => Err(misbehaved("bad_digit", "one of 0-9, *, #, A-D was expected".to_owned())),
        }
    }

    fn read_mark<'a>(&'a mut self, text: &str) -> Result<Incoming<'a>, Misbehaved> {
        self.place_of("mark", text)?;
        let message: wire::MarkMessage<'_> = parse(text)?;
        let number = message.mark.name.number().and_then(|number| u32::try_from(number).ok());
        number
            .map(|number| Incoming::Mark(MarkId(number)))
            .ok_or_else(|| misbehaved("unknown_mark", "a mark that is none of ours".to_owned()))
    }

    fn read_stop<'a>(&'a mut self, text: &str) -> Result<Incoming<'a>, Misbehaved> {
        self.place_of("stop", text)?;
        self.phase = Phase::Stopped;
        Ok(Incoming::Stopped)
    }

    fn place_of(&mut self, event: &'static str, text: &str) -> Result<(), Misbehaved> {
        let place: wire::Place<'_> = parse(text)?;
        self.place(event, place.sequence_number.as_ref(), place.stream_sid.as_ref())
    }

    /// Is this message in its place: after the start, before the stop, of this stream?
    fn place(
        &mut self,
        event: &'static str,
        sequence: Option<&wire::Text<'_>>,
        stream: Option<&wire::Text<'_>>,
    ) -> Result<(), Misbehaved> {
        match self.phase {
            Phase::BeforeStart => {
                return Err(misbehaved("before_start", format!("{event} before the start")));
            }
            Phase::Streaming => {}
            Phase::Stopped => return Err(after_stop(event)),
        }
        if stream.is_some_and(|stream| stream.as_str() != self.stream_id) {
            return Err(misbehaved("wrong_stream", format!("{event} of another stream")));
        }
        self.note_sequence(sequence);
        Ok(())
    }

    fn note_sequence(&mut self, sequence: Option<&wire::Text<'_>>) {
        let Some(number) = sequence.and_then(wire::Text::number) else { return };
        if self.sequence.is_some_and(|last| number != last.wrapping_add(1)) {
            self.sequence_breaks += 1;
        }
        self.sequence = Some(number);
    }
}

impl Translator for Twilio {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            clear: true,
            mark: true,
            digits: DigitPath::InBand,
            // Two streams, joined here: the conference of Twilio's API takes the call out of our hearing.
            bridging: Bridging::LocalMix,
            machine_detection: MachineDetection::Async,
            reattach: true,
            in_order: true,
        }
    }

    fn read<'a>(&'a mut self, message: Message<'a>) -> Result<Option<Incoming<'a>>, Misbehaved> {
        match message {
            Message::Text(text) => self.read_text(text),
            Message::Binary(bytes) => {
                let detail = format!("{} bytes of binary; only text is expected", bytes.len());
                Err(misbehaved("binary_message", detail))
            }
        }
    }

    fn write(&mut self, outgoing: Outgoing<'_>, out: &mut Vec<u8>) -> Option<Kind> {
        if self.phase != Phase::Streaming {
            return None;
        }
        match outgoing {
            Outgoing::Audio(payload) => {
                out.extend_from_slice(&self.media_head);
                BASE64.encode_append(payload, out);
                out.extend_from_slice(br#""}}"#);
            }
            Outgoing::Mark(MarkId(name)) => {
                let stream = &self.stream_id;
                write!(
                    out,
                    r#"{{"event":"mark","streamSid":"{stream}","mark":{{"name":"{name}"}}}}"#
                )
                .ok()?;
            }
            Outgoing::Clear => {
                let stream = &self.stream_id;
                write!(out, r#"{{"event":"clear","streamSid":"{stream}"}}"#).ok()?;
            }
        }
        Some(Kind::Text)
    }
}

/// The announced format in our words; what we cannot decode ends the stream.
fn format_of(announced: &wire::MediaFormat<'_>) -> Result<Format, Misbehaved> {
    let encoding = announced.encoding.as_str().to_ascii_lowercase();
    let codec = match encoding.as_str() {
        "audio/x-mulaw" | "audio/mulaw" | "audio/pcmu" => Some(Codec::Mulaw),
        "audio/x-alaw" | "audio/alaw" | "audio/pcma" => Some(Codec::Alaw),
        "audio/x-l16" | "audio/l16" => Some(Codec::L16Le),
        _ => None,
    };
    let rate_hz = announced.sample_rate.number().and_then(|rate| u32::try_from(rate).ok());
    let channels = announced.channels.as_ref().map_or(Some(1), wire::Text::number);
    match (codec, rate_hz, channels) {
        (Some(codec), Some(rate_hz), Some(1)) if RATES_HZ.contains(&rate_hz) => {
            Ok(Format { codec, rate_hz, channels: 1 })
        }
        _ => {
            let detail = format!(
                "{} at {} Hz, {} channels",
                clip(&encoding),
                clip(announced.sample_rate.as_str()),
                announced.channels.as_ref().map_or("1", |channels| clip(channels.as_str())),
            );
            Err(fatal("unsupported_format", detail))
        }
    }
}

fn bytes_per_sample(codec: Codec) -> usize {
    match codec {
        Codec::L16 | Codec::L16Le => 2,
        Codec::Mulaw | Codec::Alaw | Codec::G722 | Codec::Opus => 1,
    }
}

/// Letters, digits and `-_.:`: safe to put back into JSON as it is.
fn is_id(id: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
}

fn parse<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, Misbehaved> {
    serde_json::from_str(text).map_err(|error| {
        let detail = format!("not the JSON expected, at column {}", error.column());
        misbehaved("malformed", detail)
    })
}

/// The first characters of what somebody else wrote.
fn clip(text: &str) -> &str {
    text.char_indices().nth(40).map_or(text, |(end, _)| &text[..end])
}

fn after_stop(event: &str) -> Misbehaved {
    misbehaved("after_stop", format!("{event} after the stop"))
}

fn misbehaved(code: &'static str, detail: String) -> Misbehaved {
    Misbehaved { code, detail, fatal: false }
}

fn fatal(code: &'static str, detail: String) -> Misbehaved {
    Misbehaved { code, detail, fatal: true }
}
