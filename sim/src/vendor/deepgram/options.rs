//! What a client may ask of `/v1/listen`, and what is refused.

use agent::wire::Request;

use crate::vendor::request::{header, path, query};

/// What the stream was opened with.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Options {
    /// Bytes of one second of sound.
    pub(super) bytes_per_s: f64,
    pub(super) interim_results: bool,
    pub(super) vad_events: bool,
    pub(super) punctuate: bool,
    /// Silence that ends an utterance, in s; `None` with `endpointing=false`.
    pub(super) endpointing_s: Option<f64>,
    /// Silence behind the last word that sends `UtteranceEnd`, in s.
    pub(super) utterance_end_s: Option<f64>,
}

/// Reads the request, or says with which HTTP status it is refused.
pub(super) fn read(request: &Request, key: &str) -> Result<Options, u16> {
    let url = request.url.as_str();
    if path(url) != "/v1/listen" {
        return Err(404);
    }
    let token = header(request, "authorization")
        .and_then(|value| value.strip_prefix("Token ").or_else(|| value.strip_prefix("Bearer ")));
    if token != Some(key) {
        return Err(401);
    }
    if query(url, "model").is_some_and(|model| model.is_empty()) {
        return Err(400);
    }
    let interim_results = flag(url, "interim_results")?;
    let utterance_end_s = match query(url, "utterance_end_ms") {
        None => None,
        Some(value) => {
            let ms = number(&value)?;
            if ms < 1000.0 || !interim_results {
                return Err(400);
            }
            Some(ms / 1000.0)
        }
    };
    Ok(Options {
        bytes_per_s: bytes_per_s(url)?,
        interim_results,
        vad_events: flag(url, "vad_events")?,
        punctuate: flag(url, "punctuate")? || flag(url, "smart_format")?,
        endpointing_s: match query(url, "endpointing").as_deref() {
            None => Some(0.01),
            Some("false") => None,
            Some(value) => Some(number(value)? / 1000.0),
        },
        utterance_end_s,
    })
}

/// Encodings this emulator can measure; without one Deepgram wants a container, which we never send.
fn bytes_per_s(url: &str) -> Result<f64, u16> {
    let bytes = match query(url, "encoding").as_deref() {
        Some("mulaw" | "alaw") => 1.0,
        Some("linear16") => 2.0,
        Some("linear32") => 4.0,
        _ => return Err(400),
    };
    let rate_hz = number(&query(url, "sample_rate").ok_or(400_u16)?)?;
    let channels = query(url, "channels").map_or(Ok(1.0), |value| number(&value))?;
    if !(8000.0..=48_000.0).contains(&rate_hz) || !(1.0..=20.0).contains(&channels) {
        return Err(400);
    }
    Ok(bytes * rate_hz * channels)
}

fn number(value: &str) -> Result<f64, u16> {
    value.parse::<u32>().map(f64::from).map_err(|_| 400)
}

fn flag(url: &str, name: &str) -> Result<bool, u16> {
    match query(url, name).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(url: &str, auth: &str) -> Option<u16> {
        let headers = vec![("Authorization", auth.to_owned())];
        read(&Request { url: format!("wss://x{url}"), headers }, "key").err()
    }

    #[test]
    fn what_is_refused_and_how() {
        let sound = "encoding=mulaw&sample_rate=8000";
        for (url, auth, expected) in [
            (format!("/v1/listen?{sound}"), "Token key", None),
            (format!("/v1/listen?{sound}"), "Bearer key", None),
            (format!("/v1/listen?{sound}"), "Token other", Some(401)),
            (format!("/v1/listen?{sound}"), "key", Some(401)),
            (format!("/v3/listen?{sound}"), "Token key", Some(404)),
            ("/v1/listen?encoding=mp9&sample_rate=8000".into(), "Token key", Some(400)),
            ("/v1/listen?encoding=mulaw".into(), "Token key", Some(400)),
            ("/v1/listen?encoding=mulaw&sample_rate=800".into(), "Token key", Some(400)),
            (format!("/v1/listen?{sound}&interim_results=1"), "Token key", Some(400)),
            (format!("/v1/listen?{sound}&endpointing=soon"), "Token key", Some(400)),
            (format!("/v1/listen?{sound}&endpointing=false"), "Token key", None),
            // UtteranceEnd needs interim results and a second at least.
            (format!("/v1/listen?{sound}&utterance_end_ms=1000"), "Token key", Some(400)),
            (
                format!("/v1/listen?{sound}&utterance_end_ms=999&interim_results=true"),
                "Token key",
                Some(400),
            ),
            (
                format!("/v1/listen?{sound}&utterance_end_ms=1000&interim_results=true"),
                "Token key",
                None,
            ),
        ] {
            assert_eq!(status(&url, auth), expected, "{url} {auth}");
        }
    }
}
