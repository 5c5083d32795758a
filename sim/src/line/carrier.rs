//! The carrier's side of the two wires: what it sends, and how it reads what we send.
//!
//! Twilio: "Media Streams – WebSocket Messages". Written apart from `telephony::twilio`, so that a
//! mistake there is not repeated here.

use std::{borrow::Cow, collections::BTreeMap};

use base64_simd::STANDARD as BASE64;
use dtmf::Digit;
use media::{circuit::MarkId, codec::Codec};
use serde::{Deserialize, Serialize};
use telephony::{
    Cause,
    conformance::Wire,
    loopback,
    stream::{Format, Incoming, Message, Outgoing, Started},
};

/// Which wire the line speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// Twilio Media Streams; call progress comes beside the stream.
    #[default]
    Twilio,
    /// The in-process pipe; call progress comes in it.
    Loopback,
}

/// What the agent asked of the carrier.
#[derive(Debug, PartialEq)]
pub(super) enum Asked<'a> {
    /// µ-law to play.
    Audio(Cow<'a, [u8]>),
    /// Return this when what came before has played.
    Mark(String),
    /// Drop what has not played.
    Clear,
}

/// One stream's carrier end.
#[derive(Clone, Debug)]
pub(super) struct Carrier {
    dialect: Dialect,
    stream_id: String,
    call_id: String,
    sequence: u64,
    chunk: u64,
}

/// Any message of ours on Twilio's wire.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FromAgent<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow)]
    stream_sid: Cow<'a, str>,
    #[serde(borrow, default)]
    media: Option<MediaFromAgent<'a>>,
    #[serde(default)]
    mark: Option<MarkFromAgent>,
}

#[derive(Deserialize)]
struct MediaFromAgent<'a> {
    #[serde(borrow)]
    payload: Cow<'a, str>,
}

#[derive(Deserialize)]
struct MarkFromAgent {
    name: String,
}

impl Carrier {
    pub(super) fn new(dialect: Dialect, stream_id: String, call_id: String) -> Self {
        Self { dialect, stream_id, call_id, sequence: 0, chunk: 0 }
    }

    /// What begins the stream.
    pub(super) fn connected(&self) -> Option<Wire> {
        let connected = r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#;
        (self.dialect == Dialect::Twilio).then(|| Wire::Text(connected.to_owned()))
    }

    /// The stream's introduction.
    pub(super) fn start(&mut self, parameters: &BTreeMap<String, String>) -> Wire {
        if self.dialect == Dialect::Loopback {
            return encoded(&Incoming::Started(Started {
                stream_id: self.stream_id.clone(),
                carrier_call_id: self.call_id.clone(),
                format: Format { codec: Codec::Mulaw, rate_hz: 8_000, channels: 1 },
                parameters: parameters.clone(),
            }));
        }
        let sequence = self.next_sequence();
        Wire::Text(
            serde_json::json!({
                "event": "start", "sequenceNumber": sequence.to_string(), "streamSid": self.stream_id,
                "start": {
                    "accountSid": "AC00000000000000000000000000000000",
                    "streamSid": self.stream_id, "callSid": self.call_id, "tracks": ["inbound"],
                    "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                    "customParameters": parameters,
                }
            })
            .to_string(),
        )
    }

    /// The callee's sound. `timestamp_ms` counts from the stream's start.
    pub(super) fn media(&mut self, mulaw: &[u8], timestamp_ms: u64) -> Wire {
        if self.dialect == Dialect::Loopback {
            return encoded(&Incoming::Audio { payload: mulaw });
        }
        let sequence = self.next_sequence();
        self.chunk += 1;
        let mut text = format!(
            r#"{{"event":"media","sequenceNumber":"{sequence}","media":{{"track":"inbound","chunk":"{}","timestamp":"{timestamp_ms}","payload":""#,
            self.chunk
        );
        BASE64.encode_append(mulaw, &mut text);
        text.push_str(r#""},"streamSid":""#);
        text.push_str(&self.stream_id);
        text.push_str(r#""}"#);
        Wire::Text(text)
    }

    /// A key the callee pressed.
    pub(super) fn digit(&mut self, digit: Digit) -> Wire {
        if self.dialect == Dialect::Loopback {
            return encoded(&Incoming::Digit(digit));
        }
        let (sequence, stream) = (self.next_sequence(), &self.stream_id);
        Wire::Text(format!(
            r#"{{"event":"dtmf","streamSid":"{stream}","sequenceNumber":"{sequence}","dtmf":{{"track":"inbound_track","digit":"{digit}"}}}}"#
        ))
    }

    /// A mark of ours that comes back.
    pub(super) fn mark(&mut self, name: &str) -> Wire {
        if self.dialect == Dialect::Loopback {
            return encoded(&Incoming::Mark(MarkId(name.parse().unwrap_or(u32::MAX))));
        }
        let sequence = self.next_sequence();
        Wire::Text(
            serde_json::json!({
                "event": "mark", "sequenceNumber": sequence.to_string(),
                "streamSid": self.stream_id, "mark": {"name": name}
            })
            .to_string(),
        )
    }

    /// The stream's end.
    pub(super) fn stop(&mut self) -> Wire {
        if self.dialect == Dialect::Loopback {
            return encoded(&Incoming::Stopped);
        }
        let (sequence, stream, call) = (self.next_sequence(), &self.stream_id, &self.call_id);
        Wire::Text(format!(
            r#"{{"event":"stop","sequenceNumber":"{sequence}","streamSid":"{stream}","stop":{{"accountSid":"AC00000000000000000000000000000000","callSid":"{call}"}}}}"#
        ))
    }

    /// Something no carrier should send; `which` chooses.
    pub(super) fn garbage(&self, which: usize) -> Wire {
        let stream = &self.stream_id;
        let text = match which % 6 {
            0 => r#"{"event":"media","#.to_owned(),
            1 => {
                format!(r#"{{"event":"media","streamSid":"{stream}","media":{{"payload":"%%%"}}}}"#)
            }
            2 => "not json at all \u{0}\u{fffd}".to_owned(),
            3 => format!(r#"{{"event":"dtmf","streamSid":"{stream}","dtmf":{{"digit":"?"}}}}"#),
            4 => format!(r#"{{"event":"mark","streamSid":"{stream}","mark":{{"name":"theirs"}}}}"#),
            _ => return Wire::Binary(vec![0xFF; 33]),
        };
        match self.dialect {
            Dialect::Twilio => Wire::Text(text),
            Dialect::Loopback => Wire::Binary([&[9_u8, 99][..], text.as_bytes()].concat()),
        }
    }

    /// A message of 1 MiB.
    pub(super) fn giant(&self) -> Wire {
        match self.dialect {
            Dialect::Twilio => Wire::Text(format!(
                r#"{{"event":"media","streamSid":"{}","media":{{"payload":"{}"}}}}"#,
                self.stream_id,
                "A".repeat(1 << 20)
            )),
            Dialect::Loopback => Wire::Binary([&[2_u8][..], &vec![0xFF; 1 << 20]].concat()),
        }
    }

    /// Reads what the agent sent; an error is a complaint for people.
    pub(super) fn read<'m>(&self, message: Message<'m>) -> Result<Asked<'m>, String> {
        match (self.dialect, message) {
            (Dialect::Loopback, Message::Binary(bytes)) => match loopback::decode(bytes) {
                Ok(Outgoing::Audio(payload)) => Ok(Asked::Audio(Cow::Borrowed(payload))),
                Ok(Outgoing::Mark(mark)) => Ok(Asked::Mark(mark.0.to_string())),
                Ok(Outgoing::Clear) => Ok(Asked::Clear),
                Err(fault) => Err(fault.to_string()),
            },
            (Dialect::Twilio, Message::Text(text)) => self.read_twilio(text),
            _ => Err("the wrong kind of WebSocket message".to_owned()),
        }
    }

    fn read_twilio<'m>(&self, text: &str) -> Result<Asked<'m>, String> {
        let message: FromAgent<'_> = serde_json::from_str(text).map_err(|e| e.to_string())?;
        if message.stream_sid != self.stream_id {
            return Err(format!("streamSid {:?} is not this stream's", message.stream_sid));
        }
        match (&*message.event, message.media, message.mark) {
            ("media", Some(media), _) => BASE64
                .decode_to_vec(media.payload.as_bytes())
                .map(|payload| Asked::Audio(Cow::Owned(payload)))
                .map_err(|_| "media.payload is not base64".to_owned()),
            ("mark", _, Some(mark)) => Ok(Asked::Mark(mark.name)),
            ("clear", ..) => Ok(Asked::Clear),
            (event, ..) => Err(format!("event {event:?} is not known, or its body is missing")),
        }
    }

    /// Call progress, where the wire carries it.
    pub(super) fn progress(&self, progress: Progress) -> Option<Wire> {
        (self.dialect == Dialect::Loopback).then(|| match progress {
            Progress::Ringing => encoded(&Incoming::Ringing),
            Progress::Answered => encoded(&Incoming::Answered),
            Progress::Ended { cause, by_callee } => encoded(&Incoming::Ended { cause, by_callee }),
        })
    }

    fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }
}

/// How far the call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Ringing,
    Answered,
    Ended { cause: Cause, by_callee: bool },
}

fn encoded(incoming: &Incoming<'_>) -> Wire {
    let mut bytes = Vec::new();
    loopback::encode(incoming, &mut bytes);
    Wire::Binary(bytes)
}
