//! What must be true of a call's record after its process was killed.

use std::{fs, path::Path};

use serde_json::Value;

/// Whether the call was lost with its process.
pub(crate) fn check(dir: &Path, record: &Value, seen: Option<Value>) -> bool {
    assert_eq!(record["lifecycle"], "finalized", "{record:#}");
    timestamps(record);
    if let Some(seen) = &seen {
        transcript(record, seen);
    }
    let was_over = seen.is_some_and(|seen| seen["lifecycle"] == "finalized");
    let is_lost = record["outcome_detail"]["hangup_cause"] == "worker_lost";
    assert!(!(was_over && is_lost), "it was over: {record:#}");
    assert_eq!(is_lost, record["outcome"] == "system_error", "{record:#}");
    files(dir, record, is_lost);
    is_lost
}

/// Each that there is comes after the ones before.
fn timestamps(record: &Value) {
    let names = ["queued_at", "dialing_at", "answered_at", "finalized_at"];
    let times: Vec<_> =
        names.iter().filter_map(|name| record["timestamps"][name].as_str()).collect();
    assert!(times.is_sorted(), "{record:#}");
    assert!(record["timestamps"]["queued_at"].is_string(), "{record:#}");
    assert!(record["timestamps"]["finalized_at"].is_string(), "{record:#}");
}

/// What anybody was shown is there. The last words may have been corrected since.
fn transcript(record: &Value, seen: &Value) {
    let lines = |body: &Value| body["transcript"].as_array().cloned().unwrap_or_default();
    let (now, then) = (lines(record), lines(seen));
    assert!(now.len() >= then.len(), "shown: {seen:#}\nkept: {record:#}");
    let certain = then.len().saturating_sub(2);
    for (at, (now, then)) in now.iter().zip(&then).enumerate() {
        assert_eq!((&now["role"], &now["tool"]), (&then["role"], &then["tool"]), "line {at}");
        if at < certain {
            assert_eq!(now["text"], then["text"], "line {at}");
        }
    }
}

/// Without what depends on who asks, and when: the balance, and links that expire.
fn of_the_call(body: &Value) -> Value {
    let mut body = body.clone();
    for asked in ["_meta", "recording_url", "recordingUrl"] {
        body.as_object_mut().expect("an object").remove(asked);
    }
    body
}

fn files(dir: &Path, record: &Value, is_lost: bool) {
    let read = |name: &str| fs::read_to_string(dir.join(name)).expect("there");
    let kept: Value = serde_json::from_str(&read("transcript.json")).expect("JSON");
    assert_eq!(of_the_call(&kept), of_the_call(record));
    let journal = read("journal.jsonl");
    assert!(journal.ends_with('\n'), "half a line: {journal}");
    for line in journal.lines() {
        let line: Result<Value, _> = serde_json::from_str(line);
        assert!(line.is_ok(), "{line:?}");
    }
    assert!(journal.matches(r#"{"control":{"dial""#).count() <= 1, "dialled twice");
    assert_eq!(
        is_lost,
        journal.trim_end().lines().last().is_some_and(|l| l.contains("worker_lost"))
    );
    let same = server::replay::replay(dir, false).expect("readable");
    assert!(same.is_ok(), "{}: {same:?}", dir.display());
    // A stored recording has been read as a whole by whoever stored it.
    if let Ok(wav) = hound::WavReader::open(dir.join("recording.wav")) {
        let samples = u64::from(wav.len());
        let bytes = fs::metadata(dir.join("recording.wav")).expect("there").len();
        assert!(bytes - 44 - 2 * samples < 4, "{bytes} bytes, {samples} samples");
    }
    assert!(server::recordings::sound(dir).is_some(), "no recording");
}
