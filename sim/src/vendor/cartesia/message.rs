//! What a client may ask of `/tts/websocket`, and what is sent back.

use agent::wire::Request;
use serde_json::{Value, json};

use crate::vendor::request::{header, path, query};

/// Rates Cartesia makes, in Hz.
const RATES_HZ: [u64; 6] = [8000, 16_000, 22_050, 24_000, 44_100, 48_000];

/// Whether the upgrade is let in; else its HTTP status.
pub(super) fn admit(request: &Request, key: &str) -> Result<(), u16> {
    let url = request.url.as_str();
    if path(url) != "/tts/websocket" {
        return Err(404);
    }
    let given = header(request, "x-api-key").map(str::to_owned).or_else(|| query(url, "api_key"));
    if given.as_deref() != Some(key) {
        return Err(401);
    }
    let version = header(request, "cartesia-version").map(str::to_owned);
    match version.or_else(|| query(url, "cartesia_version")) {
        Some(version) if !version.is_empty() => Ok(()),
        _ => Err(400),
    }
}

/// How the sound is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Mulaw,
    Alaw,
    S16,
    F32,
}

/// One message of a client.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Asked {
    Generate(Generate),
    Cancel(String),
}

/// Sound is wanted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Generate {
    pub(super) context: String,
    pub(super) transcript: String,
    pub(super) encoding: Encoding,
    pub(super) rate_hz: u64,
    pub(super) timestamps: bool,
    pub(super) more_follows: bool,
    pub(super) flush: bool,
}

/// Reads a message; the error names the context, if it has one, and what is wrong.
pub(super) fn read(text: &str) -> Result<Asked, (Option<String>, &'static str)> {
    let Ok(message) = serde_json::from_str::<Value>(text) else {
        return Err((None, "not JSON"));
    };
    let context = message["context_id"].as_str().map(str::to_owned);
    let wrong = |what| Err((context.clone(), what));
    let Some(id) = context.clone() else { return wrong("context_id is missing") };
    if message["cancel"] == true {
        return Ok(Asked::Cancel(id));
    }
    if message["model_id"].as_str().is_none_or(str::is_empty) {
        return wrong("model_id is missing");
    }
    let Some(transcript) = message["transcript"].as_str() else {
        return wrong("transcript is missing");
    };
    if message["voice"]["mode"] != "id" || message["voice"]["id"].as_str().is_none_or(str::is_empty)
    {
        return wrong("voice is invalid");
    }
    let format = &message["output_format"];
    if format["container"] != "raw" {
        return wrong("output_format.container must be raw");
    }
    let encoding = match format["encoding"].as_str() {
        Some("pcm_mulaw") => Encoding::Mulaw,
        Some("pcm_alaw") => Encoding::Alaw,
        Some("pcm_s16le") => Encoding::S16,
        Some("pcm_f32le") => Encoding::F32,
        _ => return wrong("output_format.encoding is unknown"),
    };
    let Some(rate_hz) = format["sample_rate"].as_u64().filter(|hz| RATES_HZ.contains(hz)) else {
        return wrong("output_format.sample_rate is unknown");
    };
    if message["max_buffer_delay_ms"].as_u64().is_some_and(|ms| ms > 5000) {
        return wrong("max_buffer_delay_ms is above 5000");
    }
    Ok(Asked::Generate(Generate {
        context: id,
        transcript: transcript.to_owned(),
        encoding,
        rate_hz,
        timestamps: message["add_timestamps"] == true,
        more_follows: message["continue"] == true,
        flush: message["flush"] == true,
    }))
}

pub(super) fn chunk(context: &str, data: &str, step_ms: f64) -> Value {
    json!({"type": "chunk", "data": data, "done": false, "status_code": 206,
        "step_time": step_ms, "context_id": context})
}

pub(super) fn timestamps(context: &str, words: &[(String, f64, f64)]) -> Value {
    let texts: Vec<_> = words.iter().map(|(word, ..)| word).collect();
    let starts: Vec<_> = words.iter().map(|(_, start, _)| start).collect();
    let ends: Vec<_> = words.iter().map(|(.., end)| end).collect();
    json!({"type": "timestamps", "done": false, "status_code": 206, "context_id": context,
        "word_timestamps": {"words": texts, "start": starts, "end": ends}})
}

pub(super) fn flush_done(context: &str, flush_id: u32) -> Value {
    json!({"type": "flush_done", "done": false, "flush_done": true, "flush_id": flush_id,
        "status_code": 206, "context_id": context})
}

pub(super) fn done(context: &str) -> Value {
    json!({"type": "done", "done": true, "status_code": 200, "context_id": context})
}

pub(super) fn error(context: Option<&str>, status: u16, message: &str) -> Value {
    let (title, code) = match status {
        401 => ("Unauthorized", "unauthorized"),
        402 => ("Payment required", "quota_exceeded"),
        429 => ("Too many requests", "concurrency_limited"),
        400..=499 => ("Bad request", "invalid_request"),
        _ => ("Internal error", "internal_error"),
    };
    let mut object = json!({"type": "error", "done": true, "status_code": status, "title": title,
        "message": message, "error_code": code});
    if let Some(context) = context {
        object["context_id"] = json!(context);
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_let_in() {
        let request = |url: &str, key: &str| Request {
            url: format!("wss://api.cartesia.ai{url}"),
            headers: vec![("X-API-Key", key.to_owned())],
        };
        for (url, key, expected) in [
            ("/tts/websocket?cartesia_version=2025-04-16", "key", Ok(())),
            ("/tts/websocket?cartesia_version=2025-04-16", "other", Err(401)),
            ("/tts/websocket", "key", Err(400)),
            ("/stt/websocket?cartesia_version=1", "key", Err(404)),
        ] {
            assert_eq!(admit(&request(url, key), "key"), expected, "{url} {key}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let good = json!({"model_id": "m", "transcript": "Hi.", "voice": {"mode": "id", "id": "v"},
            "context_id": "c", "output_format":
            {"container": "raw", "encoding": "pcm_mulaw", "sample_rate": 8000}});
        assert!(matches!(read(&good.to_string()), Ok(Asked::Generate(_))));
        for (field, value, what) in [
            ("/context_id", Value::Null, "context_id is missing"),
            ("/model_id", json!(""), "model_id is missing"),
            ("/transcript", json!(7), "transcript is missing"),
            ("/voice/id", json!(""), "voice is invalid"),
            ("/output_format/container", json!("ogg"), "output_format.container must be raw"),
            ("/output_format/encoding", json!("mp3"), "output_format.encoding is unknown"),
            ("/output_format/sample_rate", json!(8001), "output_format.sample_rate is unknown"),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(field).expect("a field of the good one") = value;
            assert_eq!(read(&bad.to_string()).unwrap_err().1, what);
        }
        assert_eq!(read("{").unwrap_err(), (None, "not JSON"));
        assert_eq!(read(r#"{"context_id":"c","cancel":true}"#), Ok(Asked::Cancel("c".into())));
    }
}
