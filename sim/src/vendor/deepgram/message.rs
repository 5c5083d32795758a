//! Words, and how they stand on the wire.

use serde_json::{Value, json};

/// A word that is said.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// As punctuated.
    pub text: String,
    /// Place in the connection's sound, in s.
    pub from_s: f64,
    /// Its end.
    pub to_s: f64,
}

/// The words of a text from `from_s` on, 0.3 s each, evenly.
pub fn spoken(from_s: f64, text: &str) -> Vec<Word> {
    let word = |(n, text): (usize, &str)| {
        let from_s = from_s + n as f64 * 0.3;
        Word { text: text.to_owned(), from_s, to_s: from_s + 0.28 }
    };
    text.split_whitespace().enumerate().map(word).collect()
}

/// A `Results` message for these words and the sound from `from_s` to `to_s`; what it is for is
/// filled in by the stream.
pub(super) fn results(heard: &[Word], punctuate: bool, from_s: f64, to_s: f64) -> Value {
    let words = heard.iter().map(|word| {
        let mut object = json!({"word": bare(word), "start": rounded(word.from_s),
            "end": rounded(word.to_s), "confidence": 0.98});
        if punctuate {
            object["punctuated_word"] = json!(word.text);
        }
        object
    });
    let words: Vec<_> = words.collect();
    let texts = heard.iter().map(|word| if punctuate { word.text.clone() } else { bare(word) });
    let transcript = texts.collect::<Vec<_>>().join(" ");
    let confidence = if words.is_empty() { 0.0 } else { 0.98 };
    json!({
        "type": "Results", "channel_index": [0, 1],
        "duration": rounded(to_s - from_s), "start": rounded(from_s),
        "channel": {"alternatives": [
            {"transcript": transcript, "confidence": confidence, "words": words}]},
        "metadata": {"request_id": "c0ffee00-0000-4000-8000-000000000000",
            "model_uuid": "c0ffee00-0000-4000-8000-000000000001",
            "model_info": {"name": "general", "version": "1", "arch": "nova"}},
    })
}

/// Without punctuation.
fn bare(word: &Word) -> String {
    word.text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

/// Seconds as the vendor writes them.
pub(super) fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}
