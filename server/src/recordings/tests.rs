use std::{
    fs,
    process::Command,
    time::{Duration, SystemTime},
};

use super::*;
use crate::{
    config::{Records, Storage},
    journal::{JOURNAL, TAPE, TRANSCRIPT, USER_TAPE},
};

const DAY: Duration = Duration::from_hours(24);

/// Speech-like sound on one side at a time: a buzz with a syllable's rhythm.
fn buzz(at: usize) -> i16 {
    let (pulse, syllable) = (at % 73, (at / 1_600) % 2);
    if syllable == 0 { (9_000 - 240 * pulse as i32) as i16 } else { 0 }
}

/// A finished call to this number, as its folder was left.
fn call(calls_dir: &Path, id: &str, to: &str, samples: usize) -> PathBuf {
    let dir = calls_dir.join(id);
    fs::create_dir_all(&dir).expect("made");
    let policy = serde_json::to_value(agent::call::Policy::default()).expect("JSON");
    let first = serde_json::json!({
        "version": 1, "call_id": id, "started": "2026-11-22T03:00:00.000Z",
        "config": {"direction": "outbound", "to": to, "from": null, "brief": {"task": "x"}, "policy": policy},
    });
    fs::write(dir.join(JOURNAL), format!("{first}\n")).expect("written");
    fs::write(dir.join(TAPE), "a tape").expect("written");
    fs::write(dir.join(USER_TAPE), "another").expect("written");
    fs::write(dir.join(TRANSCRIPT), "{}").expect("written");
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(dir.join(RECORDING), spec).expect("made");
    // Left speaks first, then right.
    for at in 0..samples {
        let left = at < samples / 2;
        wav.write_sample(if left { buzz(at) } else { 0 }).expect("written");
        wav.write_sample(if left { 0 } else { buzz(at) }).expect("written");
    }
    wav.finalize().expect("whole");
    dir
}

fn level(samples: &[i16]) -> f64 {
    let power: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
    (power / samples.len().max(1) as f64).sqrt()
}

#[test]
fn a_stored_recording_has_both_sides_in_their_places_and_the_same_length() {
    let dir = tempfile::tempdir().expect("a folder");
    for samples in [0, 1, 159, 160, 8_001, 80_000] {
        let dir = call(dir.path(), &format!("c{samples}"), "+12125550142", samples);
        let before = sound(&dir).expect("a WAV");
        let swept = sweep(dir.parent().expect("calls"), &Records::default(), SystemTime::now());
        assert_eq!(swept.expect("swept").stored, 1);
        assert!(!dir.join(RECORDING).exists());
        let after = sound(&dir).expect("an Opus file");
        assert_eq!((after.0.len(), after.1.len()), (samples, samples));
        if samples < 80_000 {
            continue;
        }
        let size = fs::metadata(dir.join(STORED)).expect("there").len();
        assert!(size < 4 * samples as u64 / 6, "{size} bytes of {samples} samples");
        let (first, second) = (2_000..38_000, 42_000..78_000);
        for (speaks, silent) in [
            (&after.0[first.clone()], &after.1[first.clone()]),
            (&after.1[second.clone()], &after.0[second]),
        ] {
            assert!(level(speaks) > 1_500.0 && level(silent) < 5.0, "{}", level(silent));
        }
        // Not a sample early or late: the syllables begin where they began.
        let best = (-40_i32..=40).max_by_key(|shift| {
            first
                .clone()
                .map(|at| {
                    let other = after.0[at.saturating_add_signed(*shift as isize)];
                    i64::from(before.0[at]) * i64::from(other)
                })
                .sum::<i64>()
        });
        assert!(best.is_some_and(|shift| shift.abs() <= 2), "{best:?} samples off");
    }
}

/// What others make of the file. Says so where there is nobody to ask.
#[test]
fn other_programs_read_a_stored_recording() {
    let asked = Command::new("ffprobe").arg("-version").output();
    if asked.is_err() {
        println!("NOT TRIED: there is no ffprobe (apt-get install ffmpeg)");
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let folder = call(dir.path(), "c", "+12125550142", 80_000);
    sweep(dir.path(), &Records::default(), SystemTime::now()).expect("swept");
    let stored = folder.join(STORED);
    let entries = "stream=codec_name,channels,initial_padding,duration";
    let args = ["-v", "error", "-show_entries", entries, "-of", "default=nw=1"];
    let probed = Command::new("ffprobe").args(args).arg(&stored).output().expect("ran");
    let text = String::from_utf8_lossy(&probed.stdout);
    assert!(probed.status.success() && probed.stderr.is_empty(), "{probed:?}");
    assert!(text.contains("codec_name=opus") && text.contains("channels=2"), "{text}");
    // Left and right as raw samples, by another decoder.
    let args = ["-v", "error", "-f", "s16le", "-ar", "8000", "-"];
    let decoded = Command::new("ffmpeg").arg("-i").arg(&stored).args(args).output().expect("ran");
    assert!(decoded.stderr.is_empty(), "{}", String::from_utf8_lossy(&decoded.stderr));
    let side = |skip| -> Vec<i16> {
        let frames = decoded.stdout.chunks_exact(4).map(|frame| &frame[skip..skip + 2]);
        frames.map(|sample| i16::from_le_bytes([sample[0], sample[1]])).collect()
    };
    let (left, right) = (side(0), side(2));
    assert!(left.len().abs_diff(80_000) <= 8, "{} samples", left.len());
    assert!(level(&left[2_000..38_000]) > 1_500.0 && level(&right[2_000..38_000]) < 5.0);
    assert!(level(&right[42_000..78_000]) > 1_500.0 && level(&left[42_000..78_000]) < 5.0);
}

#[test]
fn sound_and_calls_go_when_their_days_are_over() {
    let dir = tempfile::tempdir().expect("a folder");
    let records =
        Records { storage: Storage::Wav, sound_days: 2, call_days: 4, ..Records::default() };
    let folder = call(dir.path(), "c", "+12125550142", 160);
    let half_made = dir.path().join(".half-made");
    fs::create_dir(&half_made).expect("made");
    let after = |days: u32| {
        sweep(dir.path(), &records, SystemTime::now() + days * DAY + DAY / 2).expect("swept")
    };
    assert_eq!(sweep(dir.path(), &records, SystemTime::now()).expect("swept"), Swept::default());
    assert!(half_made.exists(), "somebody may be making it now");
    assert_eq!(after(1), Swept::default());
    assert!(file(&folder).is_some() && !half_made.exists());
    assert_eq!(after(2), Swept { silenced: 1, ..Swept::default() });
    assert!(file(&folder).is_none() && !folder.join(TAPE).exists());
    assert!(!folder.join(USER_TAPE).exists());
    assert!(folder.join(TRANSCRIPT).exists());
    assert_eq!(after(3), Swept::default(), "once");
    assert_eq!(after(4), Swept { forgotten: 1, ..Swept::default() });
    assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 0);
    let forever = Records { sound_days: 0, call_days: 0, ..records };
    call(dir.path(), "d", "+12125550142", 160);
    let late = SystemTime::now() + 10_000 * DAY;
    assert_eq!(sweep(dir.path(), &forever, late).expect("swept"), Swept::default());
}

#[test]
fn a_call_or_a_number_is_forgotten_and_a_running_call_is_not() {
    let dir = tempfile::tempdir().expect("a folder");
    let (one, other) = ("+12125550142", "+12125550143");
    for (id, to) in [("a", one), ("b", other), ("c", one), ("runs", one)] {
        call(dir.path(), id, to, 160);
    }
    fs::create_dir(dir.path().join("odd")).expect("made");
    let journal = fs::File::open(dir.path().join("runs").join(JOURNAL)).expect("there");
    journal.try_lock().expect("nobody else runs it");
    let by_id = |id: &str| forget(dir.path(), &Whose::Call(id.to_owned())).expect("forgotten");
    assert_eq!(by_id("../a"), Forgotten::default());
    assert_eq!(by_id("nobody"), Forgotten::default());
    assert_eq!(by_id("c").calls, ["c"]);
    assert_eq!(by_id("runs").running, ["runs"]);
    let number = Whose::Number(one.parse().expect("a number"));
    let forgotten = forget(dir.path(), &number).expect("forgotten");
    assert_eq!(forgotten.calls, ["a"]);
    assert_eq!(
        (forgotten.running, forgotten.unreadable),
        (vec!["runs".into()], vec!["odd".into()])
    );
    let mut left: Vec<_> =
        fs::read_dir(dir.path()).expect("listed").map(|e| e.expect("one").file_name()).collect();
    left.sort();
    assert_eq!(left, ["b", "odd", "runs"]);
}
