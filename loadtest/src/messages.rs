//! Twilio's media-stream messages, cut by hand: what a carrier writes and what it reads.

use std::borrow::Cow;
use std::io::Write as _;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// What a server asks of its carrier.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said<'a> {
    /// So many samples of µ-law to play.
    Audio(u64),
    /// Return this when what came before has played.
    Mark(Cow<'a, str>),
    /// Drop what has not played.
    Clear,
    /// One of our own messages came back: an echo server.
    Echo,
}

/// Where a call's messages are numbered.
#[derive(Debug)]
pub(crate) struct Stream {
    id: String,
    call_id: String,
    sequence: u64,
    chunk: u64,
    text: Vec<u8>,
}

impl Stream {
    /// The stream of call `number`.
    pub(crate) fn new(number: u64) -> Self {
        Self {
            id: format!("MZ{number:032x}"),
            call_id: format!("CA{number:032x}"),
            sequence: 0,
            chunk: 0,
            text: Vec::with_capacity(400),
        }
    }

    /// The first message.
    pub(crate) fn connected(&mut self) -> &[u8] {
        br#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#
    }

    /// The stream's introduction.
    pub(crate) fn start(&mut self, token: &str) -> &[u8] {
        let json = serde_json::json!({
            "event": "start", "sequenceNumber": self.next().to_string(), "streamSid": self.id,
            "start": {
                "accountSid": "AC00000000000000000000000000000000", "streamSid": self.id,
                "callSid": self.call_id, "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": {"token": token},
            }
        });
        self.text = json.to_string().into_bytes();
        &self.text
    }

    /// A frame of the callee's; `base64` is its payload.
    pub(crate) fn media(&mut self, base64: &[u8], timestamp_ms: u64) -> &[u8] {
        self.chunk += 1;
        let (sequence, chunk) = (self.next(), self.chunk);
        self.text.clear();
        // Writing to memory does not fail.
        let _ = write!(
            self.text,
            r#"{{"event":"media","sequenceNumber":"{sequence}","media":{{"track":"inbound","chunk":"{chunk}","timestamp":"{timestamp_ms}","payload":""#
        );
        self.text.extend_from_slice(base64);
        self.text.extend_from_slice(br#""},"streamSid":""#);
        self.text.extend_from_slice(self.id.as_bytes());
        self.text.extend_from_slice(br#""}"#);
        &self.text
    }

    /// A mark that has played.
    pub(crate) fn mark(&mut self, name: &str) -> &[u8] {
        let json = serde_json::json!({
            "event": "mark", "sequenceNumber": self.next().to_string(), "streamSid": self.id,
            "mark": {"name": name}
        });
        self.text = json.to_string().into_bytes();
        &self.text
    }

    /// The end.
    pub(crate) fn stop(&mut self) -> &[u8] {
        let sequence = self.next();
        self.text.clear();
        let (id, call_id) = (&self.id, &self.call_id);
        let _ = write!(
            self.text,
            r#"{{"event":"stop","sequenceNumber":"{sequence}","streamSid":"{id}","stop":{{"accountSid":"AC00000000000000000000000000000000","callSid":"{call_id}"}}}}"#
        );
        &self.text
    }

    fn next(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }
}

#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow, default)]
    media: Option<Media<'a>>,
    #[serde(borrow, default)]
    mark: Option<Mark<'a>>,
}

#[derive(Deserialize)]
struct Media<'a> {
    #[serde(borrow)]
    payload: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Mark<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

/// Reads a server's message.
pub(crate) fn read(text: &[u8]) -> Result<Said<'_>> {
    // Almost every message is a frame, and of a frame only the length matters here.
    if text.starts_with(br#"{"event":"media""#)
        && let Some(payload) = payload(text)
    {
        return Ok(Said::Audio(decoded_length(payload)?));
    }
    let message: Whole<'_> = serde_json::from_slice(text).context("no JSON of a media stream")?;
    match (&*message.event, message.media, message.mark) {
        ("media", Some(media), _) => Ok(Said::Audio(decoded_length(media.payload.as_bytes())?)),
        ("mark", _, Some(mark)) => Ok(Said::Mark(mark.name)),
        ("clear", ..) => Ok(Said::Clear),
        ("connected" | "start" | "stop", ..) => Ok(Said::Echo),
        (event, ..) => bail!("event {event:?} is not known, or its body is missing"),
    }
}

/// The payload of a frame whose text is laid out as everybody does it.
fn payload(text: &[u8]) -> Option<&[u8]> {
    const KEY: &[u8] = br#""payload":""#;
    // An echo's frames carry a track, a chunk and a timestamp before the payload.
    let from = text.windows(KEY.len()).take(200).position(|part| part == KEY)? + KEY.len();
    let rest = text.get(from..)?;
    // Quotes end it; what follows is short, so looking from the end finds the quote soon.
    let length = rest.iter().position(|byte| *byte == b'"')?;
    Some(&rest[..length])
}

/// Bytes that base64 text stands for.
fn decoded_length(base64: &[u8]) -> Result<u64> {
    let padding = base64.iter().rev().take_while(|byte| **byte == b'=').count();
    if !base64.len().is_multiple_of(4) || padding > 2 {
        bail!("media.payload is not base64");
    }
    Ok((base64.len() / 4 * 3 - padding) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_measured_however_they_are_written() {
        let payload = base64_simd::STANDARD.encode_to_string([0xFF; 160]);
        for text in [
            format!(r#"{{"event":"media","streamSid":"MZ1","media":{{"payload":"{payload}"}}}}"#),
            format!(r#"{{"media": {{"payload": "{payload}"}}, "event": "media"}}"#),
            format!(r#"{{"event":"media","media":{{"payload":"{payload}","track":"outbound"}}}}"#),
        ] {
            assert_eq!(read(text.as_bytes()).expect("a frame"), Said::Audio(160), "{text}");
        }
        let echo = String::from_utf8(Stream::new(1).media(payload.as_bytes(), 20).to_vec());
        let echo = echo.expect("text");
        assert_eq!(read(echo.as_bytes()).expect("a frame"), Said::Audio(160));
    }

    #[test]
    fn marks_clears_and_nonsense() {
        let mark = br#"{"event":"mark","streamSid":"MZ1","mark":{"name":"7\u0041"}}"#;
        assert_eq!(read(mark).expect("a mark"), Said::Mark("7A".into()));
        assert_eq!(read(br#"{"event":"clear"}"#).expect("a clear"), Said::Clear);
        assert_eq!(read(Stream::new(1).start("t")).expect("ours"), Said::Echo);
        for bad in [
            &b""[..],
            b"{",
            br#"{"event":"mark"}"#,
            br#"{"event":"media"}"#,
            br#"{"event":"media","media":{"payload":"abc"}}"#,
            br#"{"event":"hello"}"#,
        ] {
            read(bad).expect_err("nonsense");
        }
    }

    #[test]
    fn the_server_understands_what_is_written() {
        let mut stream = Stream::new(3);
        let payload = base64_simd::STANDARD.encode_to_string([0x7F; 160]);
        for text in [
            stream.start("a \"token\"").to_vec(),
            stream.media(payload.as_bytes(), 20).to_vec(),
            stream.mark("7\"").to_vec(),
            stream.stop().to_vec(),
        ] {
            let json: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
            assert_eq!(json["streamSid"], format!("MZ{:032x}", 3));
        }
        let media: serde_json::Value = serde_json::from_slice(stream.media(b"", 40)).expect("JSON");
        assert_eq!(media["sequenceNumber"], "5");
        assert_eq!(media["media"]["chunk"], "2");
    }
}
