//! What Deepgram sends, and the address it is asked at.

use serde::Deserialize;

use super::{Config, Encoding};
use crate::wire::Request;

/// A text message from Deepgram. Fields we have no use for are left out.
#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
pub(super) enum Message {
    Results(Results),
    UtteranceEnd {},
    Error {
        #[serde(default)]
        description: String,
    },
    /// `Metadata`, `SpeechStarted`, and what they may invent.
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
pub(super) struct Results {
    /// Seconds since this connection's first sample.
    pub(super) start: f64,
    pub(super) duration: f64,
    pub(super) is_final: bool,
    #[serde(default)]
    pub(super) from_finalize: bool,
    pub(super) channel: Channel,
}

#[derive(Debug, Deserialize)]
pub(super) struct Channel {
    pub(super) alternatives: Vec<Alternative>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Alternative {
    pub(super) transcript: String,
    #[serde(default)]
    pub(super) words: Vec<Word>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Word {
    pub(super) word: String,
    pub(super) punctuated_word: Option<String>,
    pub(super) start: f64,
    pub(super) end: f64,
}

pub(super) const KEEP_ALIVE: &str = r#"{"type":"KeepAlive"}"#;
pub(super) const FINALIZE: &str = r#"{"type":"Finalize"}"#;
pub(super) const CLOSE_STREAM: &str = r#"{"type":"CloseStream"}"#;

/// The request that opens a stream.
pub(super) fn request(config: &Config) -> Request {
    let encoding = match config.encoding {
        Encoding::Mulaw => "mulaw",
        Encoding::Linear16 => "linear16",
    };
    let mut url = format!(
        "{}?model={}&language={}&encoding={encoding}&sample_rate=8000&channels=1\
         &interim_results=true&punctuate=true&endpointing={}&utterance_end_ms={}&vad_events=false",
        config.url,
        escaped(&config.model),
        escaped(&config.language),
        config.endpointing_ms,
        config.utterance_end_ms,
    );
    if config.smart_format {
        url.push_str("&smart_format=true");
    }
    for term in &config.keyterms {
        url.push_str("&keyterm=");
        url.push_str(&escaped(term));
    }
    Request { url, headers: vec![("Authorization", format!("Token {}", config.key))] }
}

/// Percent-encoding of everything but RFC 3986's unreserved characters.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
