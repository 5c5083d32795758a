//! What is read back from disk: tapes, journals and sound files, and the configuration.

use std::io::Cursor;

use media::tape;
use server::config::{Sources, load};
use server::journal::{First, Line};
use server::wav::Wav;

/// Tapes: reading ends, and so does replay, at the latest at the first damage.
pub fn circuit_tape(data: &[u8]) {
    if let Ok(mut reader) = tape::Reader::new(data) {
        let _ = reader.config();
        let mut records = 0;
        while let Some(record) = reader.next() {
            records += 1;
            assert!(records <= data.len(), "more records than bytes");
            if record.is_err() {
                assert!(reader.next().is_none(), "something follows an error");
            }
        }
    }
    let _ = tape::replay(data);
}

/// Lines of a journal: what reads, written again, reads the same.
pub fn journal(data: &[u8]) {
    let mut lines = data.split(|byte| *byte == b'\n');
    if let Some(Ok(first)) = lines.next().map(serde_json::from_slice::<First>) {
        let written = serde_json::to_vec(&first);
        assert_eq!(written.ok().and_then(|text| serde_json::from_slice(&text).ok()), Some(first));
    }
    for line in lines.filter_map(|line| serde_json::from_slice::<Line>(line).ok()) {
        let written = serde_json::to_vec(&line);
        assert_eq!(written.ok().and_then(|text| serde_json::from_slice(&text).ok()), Some(line));
    }
}

/// Sound files: all channels give the same number of samples, and no more than the bytes can hold.
pub fn wav(data: &[u8]) {
    let Ok(mut wav) = Wav::from_reader(Cursor::new(data.to_vec())) else { return };
    let mut sound = vec![Vec::new(); usize::from(wav.channels())];
    let mut samples = 0;
    while let Ok(true) = wav.read(&mut sound) {
        samples += sound[0].len();
        assert!(
            sound.iter().all(|channel| channel.len() == sound[0].len()),
            "channels drift apart"
        );
        sound.iter_mut().for_each(Vec::clear);
    }
    let most = data.len() as u64 * 8_000 / u64::from(wav.rate_hz()) + 1;
    assert!(samples as u64 <= most, "{samples} samples of {} bytes", data.len());
}

/// Configuration as environment and flags: one `KEY=VALUE` a line, flags first, then a blank line,
/// then the environment. What is wrong is said, and a secret is never shown.
pub fn config(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let pairs = |text: &str| -> Vec<(String, String)> {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    };
    let (flags, env) = text.split_once("\n\n").unwrap_or((&text, ""));
    let secret = ("keys.openai".to_owned(), "sk-must-not-be-shown".to_owned());
    let flags = pairs(flags).into_iter().chain([secret]).collect();
    let sources = Sources { file: None, dot_env: None, env: pairs(env), flags };
    match load(&sources) {
        Ok(config) => {
            let shown = config.redacted().unwrap_or_default();
            assert!(!shown.contains("sk-must-not-be-shown"), "{shown}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
