//! The messages of Cartesia's `/tts/websocket`, as documented under "Text to Speech (WebSocket)".
//! Left out: `continue` (an utterance is one complete piece), `flush`, phoneme times, voice
//! embeddings, `generation_config`.

use serde::{Deserialize, Serialize};

use super::Config;
use crate::fault::FaultClass;

#[derive(Serialize)]
struct Generate<'a> {
    model_id: &'a str,
    transcript: &'a str,
    voice: VoiceId<'a>,
    language: &'a str,
    context_id: String,
    output_format: Format,
    add_timestamps: bool,
    r#continue: bool,
}

#[derive(Serialize)]
struct VoiceId<'a> {
    mode: &'static str,
    id: &'a str,
}

#[derive(Serialize)]
struct Format {
    container: &'static str,
    encoding: &'static str,
    sample_rate: u32,
}

#[derive(Serialize)]
struct Cancel {
    context_id: String,
    cancel: bool,
}

/// Asks for the sound of `transcript` under `context_id`, µ-law at 8 kHz with word times.
pub(super) fn generate(config: &Config, context_id: String, transcript: &str) -> String {
    to_json(&Generate {
        model_id: &config.model,
        transcript,
        voice: VoiceId { mode: "id", id: &config.voice },
        language: &config.language,
        context_id,
        output_format: Format { container: "raw", encoding: "pcm_mulaw", sample_rate: 8000 },
        add_timestamps: true,
        r#continue: false,
    })
}

/// Stops what was not generated yet.
pub(super) fn cancel(context_id: String) -> String {
    to_json(&Cancel { context_id, cancel: true })
}

fn to_json(message: &impl Serialize) -> String {
    serde_json::to_string(message).expect("strings, numbers and booleans have a JSON form")
}

/// What the vendor sends. Fields that are not there are empty.
#[derive(Deserialize)]
pub(super) struct Message {
    pub(super) r#type: String,
    #[serde(default)]
    pub(super) context_id: Option<String>,
    /// `chunk`: base64 of µ-law.
    #[serde(default)]
    pub(super) data: Option<String>,
    #[serde(default)]
    pub(super) word_timestamps: Option<Words>,
    #[serde(default)]
    pub(super) status_code: Option<u16>,
    /// `error`, older versions: one text.
    #[serde(default)]
    error: Option<String>,
    /// `error`, newer versions.
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default, alias = "code")]
    error_code: Option<String>,
}

/// Words and when they begin, in s from the context's first sample.
#[derive(Deserialize)]
pub(super) struct Words {
    pub(super) words: Vec<String>,
    pub(super) start: Vec<f64>,
}

impl Message {
    /// For people.
    pub(super) fn detail(&self) -> String {
        let parts = [&self.error_code, &self.title, &self.message, &self.error];
        let parts: Vec<_> = parts.into_iter().filter_map(Option::as_deref).collect();
        if parts.is_empty() { "no reason given".into() } else { parts.join(": ") }
    }
}

/// The class of an HTTP status, in an answer to the upgrade or in an `error` message.
pub(super) fn class_of(status: u16) -> FaultClass {
    match status {
        401 | 403 => FaultClass::Auth,
        402 | 429 => FaultClass::Quota,
        408 => FaultClass::IdleClose,
        400..=499 => FaultClass::BadRequest,
        _ => FaultClass::Transient,
    }
}
