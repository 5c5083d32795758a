//! `trunkline listen` and `evaluate` on files as people have them: right, or a clear error.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use hound::{SampleFormat, WavSpec, WavWriter};
use server::wav::Wav;

fn trunkline(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trunkline")).args(arguments).output().expect("it runs")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// The hold music of the fixtures, three times over.
fn music() -> Vec<i16> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/ear/hold-music.wav");
    let mut wav = Wav::open(&file).expect("a fixture");
    let mut sound = vec![Vec::new()];
    while wav.read(&mut sound).expect("sound") {}
    sound[0].repeat(3)
}

fn write(path: &Path, rate_hz: u32, bits: u16, channels: u16, sound: impl Iterator<Item = i32>) {
    let spec = WavSpec {
        channels,
        sample_rate: rate_hz,
        bits_per_sample: bits,
        sample_format: SampleFormat::Int,
    };
    let mut wav = WavWriter::create(path, spec).expect("a file");
    for sample in sound {
        wav.write_sample(sample).expect("a sample");
    }
    wav.finalize().expect("a header");
}

#[test]
fn a_24_bit_stereo_file_at_44_1_khz_is_heard_like_any_other() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("studio.wav");
    let music = music();
    let count = music.len() * 441 / 80;
    let at = |n: usize| i32::from(music[(n * 80 / 441).min(music.len() - 1)]) * 256;
    write(&path, 44_100, 24, 2, (0..count).flat_map(|n| [at(n), at(n)]));
    let out = trunkline(&["listen", "--sound-only", text(&path)]);
    let said = String::from_utf8(out.stdout).expect("text");
    assert!(out.status.success() && said.contains("\"state\":\"hold_music\""), "{said}");
}

#[test]
fn what_is_truncated_is_heard_and_told_and_what_is_empty_is_an_error() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("cut.wav");
    write(&path, 8_000, 16, 1, music().into_iter().map(i32::from));
    let bytes = fs::read(&path).expect("it");
    fs::write(&path, &bytes[..bytes.len() / 2]).expect("cut");
    let out = trunkline(&["listen", "--sound-only", text(&path)]);
    let said = String::from_utf8(out.stdout).expect("text");
    assert!(out.status.success() && said.contains("\"truncated\":true"), "{said}");
    for (name, bytes, wanted) in [
        ("empty.wav", &[][..], "empty"),
        ("head.wav", &bytes[..20], "header"),
        ("other.wav", b"this is not sound at all", "not a RIFF/WAVE file"),
    ] {
        let path = dir.path().join(name);
        fs::write(&path, bytes).expect("a file");
        let out = trunkline(&["listen", "--sound-only", text(&path)]);
        let said = String::from_utf8(out.stderr).expect("text");
        assert!(!out.status.success() && said.contains(wanted), "{name}: {said}");
    }
}

#[test]
fn of_two_parties_our_own_echo_is_nobody() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("call.wav");
    let music = music();
    // What we send comes back 60 ms later, 18 dB quieter; the callee says nothing.
    let echo = |n: usize| n.checked_sub(480).map_or(0, |n| i32::from(music[n]) / 8);
    let both = (0..music.len()).flat_map(|n| [echo(n), i32::from(music[n])]);
    write(&path, 8_000, 16, 2, both);
    let states = |more: &[&str]| {
        let out = trunkline(&[&["listen", "--sound-only", text(&path)], more].concat());
        String::from_utf8(out.stdout).expect("text")
    };
    assert!(!states(&["--stereo"]).contains("hold_music"), "{}", states(&["--stereo"]));
    assert!(states(&[]).contains("hold_music"), "both in one: music is heard");
}

#[test]
fn a_folder_of_ones_own_is_judged_by_its_labels() {
    let dir = tempfile::tempdir().expect("a folder");
    let out_dir = dir.path().join("report");
    let wav = dir.path().join("queue.wav");
    write(&wav, 8_000, 16, 1, music().into_iter().map(i32::from));
    let label = |line: &str| fs::write(dir.path().join("labels.jsonl"), line).expect("labels");
    let run =
        || trunkline(&["evaluate", "--sound-only", text(dir.path()), "--out", text(&out_dir)]);
    label(r#"{"file":"queue.wav","is":"hold"}"#);
    let out = run();
    assert!(out.status.success(), "{out:?}");
    let page = fs::read_to_string(out_dir.join("report.md")).expect("a report");
    assert!(page.contains("1 of 1, 100.0 %"), "{page}");
    assert!(out_dir.join("confusion-all.png").is_file());
    // What is wrong is counted as wrong.
    label(r#"{"file":"queue.wav","is":"human"}"#);
    run();
    let page = fs::read_to_string(out_dir.join("report.md")).expect("a report");
    assert!(page.contains("0 of 1, 0.0 %") && page.contains("taken for hold"), "{page}");
    for (line, wanted) in [
        (r#"{"file":"queue.wav"}"#, "either"),
        (r#"{"file":"queue.wav","is":"undecided"}"#, "line 1"),
        (r#"{"file":"other.wav","is":"hold"}"#, "other.wav"),
        ("", "empty"),
    ] {
        label(line);
        let out = run();
        let said = String::from_utf8(out.stderr).expect("text");
        assert!(!out.status.success() && said.contains(wanted), "{line}: {said}");
    }
    let none: PathBuf = dir.path().join("nowhere");
    assert!(!trunkline(&["evaluate", text(&none)]).status.success());
}

#[test]
fn an_hour_takes_no_more_memory_than_a_minute() {
    use server::listening::{Listening, Nets};
    let mut listening = Listening::new(&Nets::default());
    let music = music();
    let mut hear = |times: usize| {
        let measured = allocation_counter::measure(|| {
            for _ in 0..times {
                listening.feed(&music, &[], |_| ());
            }
        });
        measured.bytes_current
    };
    hear(3);
    assert!(hear(20) <= 4_096, "it grows");
}
