//! `trunkline dtmf FILE.wav` and `trunkline dtmf --make "1w2#" OUT.wav`

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use anyhow::Context;
use dtmf::{
    Detector, Generator, Press,
    sequence::{self, Step},
};
use serde::Serialize;

use super::say;
use crate::wav::{RATE_HZ, Wav, WavWriter};

/// Tone and gap of the keys that are made, in ms.
const KEY_MS: (u32, u32) = (100, 100);
/// Silence before the first key, in ms.
const BEFORE_MS: u32 = 100;
/// The same key on two channels within this is one press, in samples (50 ms): one sound, recorded twice.
const SAME_PRESS: u64 = 400;

/// One line of output.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Line {
    digit: char,
    /// Seconds from the start at which it was reported.
    t: f64,
}

/// Prints the keys heard in a file, one JSON line each; or makes a file of the keys `make`.
pub fn run(file: &Path, make: Option<&str>) -> anyhow::Result<ExitCode> {
    let named = || file.display().to_string();
    if let Some(keys) = make {
        let sound = sound_of(keys)?;
        let mut writer = WavWriter::create(file, 1).with_context(named)?;
        writer.write(&sound).with_context(named)?;
        writer.finish().with_context(named)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut wav = Wav::open(file).with_context(named)?;
    hear(&mut wav, |line| say(serde_json::to_string(&line).unwrap_or_default()))
        .with_context(named)?;
    if wav.truncated() {
        let what = "is shorter than its header says; these are the keys of what is there";
        // Nothing is left to do when even this cannot be written.
        let _ = writeln!(io::stderr(), "trunkline: {} {what}", file.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Tells each key of any channel, as it is heard.
fn hear(wav: &mut Wav, mut on_line: impl FnMut(Line)) -> anyhow::Result<()> {
    let channels = usize::from(wav.channels());
    let mut detectors = vec![Detector::new(); channels];
    let mut sound = vec![Vec::new(); channels];
    let mut last: Vec<Option<Press>> = vec![None; channels];
    let mut presses: Vec<(usize, Press)> = Vec::new();
    while wav.read(&mut sound)? {
        for (channel, (detector, sound)) in detectors.iter_mut().zip(&mut sound).enumerate() {
            detector.feed(sound, |press| presses.push((channel, press)));
            sound.clear();
        }
        presses.sort_by_key(|(_, press)| press.known_sample);
        for (channel, press) in presses.drain(..) {
            let twice = last.iter().enumerate().any(|(other, last)| {
                other != channel
                    && last.is_some_and(|last| {
                        last.digit == press.digit
                            && last.at_sample.abs_diff(press.at_sample) < SAME_PRESS
                    })
            });
            last[channel] = Some(press);
            if !twice {
                let ms = (press.known_sample * 1_000 / u64::from(RATE_HZ)) as f64;
                on_line(Line { digit: press.digit.as_char(), t: ms / 1_000.0 });
            }
        }
    }
    Ok(())
}

/// The sound of keys and pauses, at 8 kHz.
fn sound_of(keys: &str) -> anyhow::Result<Vec<i16>> {
    let samples = |ms: u32| vec![0; (RATE_HZ / 1_000 * ms) as usize];
    let mut sound = samples(BEFORE_MS);
    for step in sequence::parse(keys)? {
        match step {
            Step::Pause { ms } => sound.extend(samples(ms)),
            Step::Press(digit) => {
                let mut generator = Generator::new(RATE_HZ, KEY_MS.0, KEY_MS.1);
                generator.push(digit)?;
                let mut key = samples(KEY_MS.0 + KEY_MS.1);
                generator.fill(&mut key);
                sound.extend(key);
            }
        }
    }
    Ok(sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/dtmf").join(name)
    }

    fn lines(file: &Path) -> Vec<Line> {
        let mut lines = Vec::new();
        hear(&mut Wav::open(file).unwrap(), |line| lines.push(line)).unwrap();
        lines
    }

    fn keys(file: &Path) -> String {
        lines(file).iter().map(|line| line.digit).collect()
    }

    #[test]
    fn recordings_give_their_keys_in_order() {
        for (name, expected) in [
            ("tino_0-9-8Khz.wav", "0123456789"),
            ("tino_complete-sequence-8kHz-old1.wav", "1234567890*#ABCD"),
            ("tino_oneN.wav", "1"),
            ("invalid.wav", ""),
        ] {
            let lines = lines(&fixture(name));
            let heard: String = lines.iter().map(|line| line.digit).collect();
            assert_eq!(heard, expected, "{name}");
            assert!(lines.windows(2).all(|pair| pair[0].t < pair[1].t), "{name}");
        }
    }

    #[test]
    fn what_is_made_is_heard_at_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("keys.wav");
        run(&file, Some("1w2,#W0")).unwrap();
        let lines = lines(&file);
        let starts = [0.1, 0.8, 3.0, 4.2];
        assert_eq!(lines.iter().map(|line| line.digit).collect::<String>(), "12#0");
        for (line, start) in lines.iter().zip(starts) {
            let late = line.t - start;
            assert!((0.02..0.045).contains(&late), "{line:?}: {late} s after its start");
        }
        let text = serde_json::to_string(&lines[0]).unwrap();
        assert!(text.starts_with(r#"{"digit":"1","t":0.1"#), "{text}");
    }

    #[test]
    fn two_channels_are_heard_and_one_sound_on_both_counts_once() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("stereo.wav");
        let (left, right) = (sound_of("15").unwrap(), sound_of("19").unwrap());
        let both: Vec<i16> = left.iter().zip(&right).flat_map(|(l, r)| [*l, *r]).collect();
        let mut writer = WavWriter::create(&file, 2).unwrap();
        writer.write(&both).unwrap();
        writer.finish().unwrap();
        assert_eq!(keys(&file), "159");
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("none.wav");
        let said = format!("{:#}", run(&file, None).unwrap_err());
        assert!(said.contains("none.wav") && said.contains("cannot read it"), "{said}");
        let said = format!("{:#}", run(&file, Some("12x")).unwrap_err());
        assert!(said.contains("character 3"), "{said}");
        assert!(!file.exists());
    }
}
