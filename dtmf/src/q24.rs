//! The detector of keys against ITU-T Q.24 (the column of North American administrations) and what lines do to tones:
//! every run makes the same tones.
//!
//! `trunkline evaluate` and `cargo test -p dtmf --test q24 -- --nocapture` print the table.

use std::f64::consts::TAU;

use crate::{Detector, Digit, Press};

const KEYS: &str = "123A456B789C*0#D";

/// Seeded, so that every run hears the same.
struct Random(u64);

impl Random {
    /// Evenly from 0 to 1.
    fn unit(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, end: usize) -> usize {
        (self.unit() * end as f64) as usize
    }

    /// Gaussian, of standard deviation 1.
    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (TAU * self.unit()).cos()
    }
}

/// How a key's tones are made.
#[derive(Clone, Copy)]
struct Made {
    samples: usize,
    low_dbfs: f64,
    high_dbfs: f64,
    /// Frequencies as multiples of the right ones.
    low_scale: f64,
    high_scale: f64,
}

impl Default for Made {
    fn default() -> Self {
        let samples = 50 * 8;
        Self { samples, low_dbfs: -16.0, high_dbfs: -16.0, low_scale: 1.0, high_scale: 1.0 }
    }
}

fn digits() -> impl Iterator<Item = Digit> {
    KEYS.chars().map(|key| Digit::try_from(key).expect("a key"))
}

/// Appends a key's tones, their phases by chance.
fn press(sound: &mut Vec<f64>, digit: Digit, made: Made, random: &mut Random) {
    let (low_hz, high_hz) = digit.frequencies_hz();
    let phases = (random.unit(), random.unit());
    sound.extend((0..made.samples).map(|n| {
        let wave = |hz: u16, scale: f64, phase: f64, dbfs: f64| {
            let turns = f64::from(hz) * scale / 8_000.0 * n as f64 + phase;
            (turns * TAU).sin() * 32_767.0 * 10f64.powf(dbfs / 20.0)
        };
        wave(low_hz, made.low_scale, phases.0, made.low_dbfs)
            + wave(high_hz, made.high_scale, phases.1, made.high_dbfs)
    }));
}

fn pause(sound: &mut Vec<f64>, samples: usize) {
    sound.resize(sound.len() + samples, 0.0);
}

fn presses(sound: &[f64]) -> Vec<Press> {
    let samples: Vec<i16> = sound.iter().map(|&x| x as i16).collect();
    let mut found = Vec::new();
    let mut detector = Detector::new();
    for frame in samples.chunks(160) {
        detector.feed(frame, |press| found.push(press));
    }
    found
}

fn keys(sound: &[f64]) -> String {
    presses(sound).iter().map(|press| press.digit.as_char()).collect()
}

/// One key at an offset, then silence.
fn one(digit: Digit, offset: usize, made: Made, random: &mut Random) -> Vec<f64> {
    let mut sound = vec![0.0; 400 + offset];
    press(&mut sound, digit, made, random);
    pause(&mut sound, 800);
    sound
}

/// A line of the table: of so many trials, so many as wanted.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What was tried.
    pub what: &'static str,
    /// How often.
    pub trials: usize,
    /// How often it went as wanted.
    pub right: usize,
}

/// Counts trials over all keys and some offsets against the steps of the detector.
fn count(
    what: &'static str,
    random: &mut Random,
    mut trial: impl FnMut(Digit, usize, &mut Random) -> bool,
) -> Row {
    let mut row = Row { what, trials: 0, right: 0 };
    for digit in digits() {
        for offset in (0..102).step_by(3) {
            row.trials += 1;
            row.right += usize::from(trial(digit, offset, random));
        }
    }
    row
}

/// Frequency, level, twist.
fn tones(random: &mut Random) -> Vec<Row> {
    let taken = |made: Made| {
        move |digit: Digit, offset: usize, random: &mut Random| {
            keys(&one(digit, offset, made, random)) == digit.to_string()
        }
    };
    let refused = |made: Made| {
        move |digit: Digit, offset: usize, random: &mut Random| {
            keys(&one(digit, offset, Made { samples: 800, ..made }, random)).is_empty()
        }
    };
    let off = |low_scale, high_scale| Made { low_scale, high_scale, ..Made::default() };
    let level = |low_dbfs, high_dbfs| Made { low_dbfs, high_dbfs, ..Made::default() };
    let mut rows = vec![
        count("both tones 1.5 % high: taken", random, taken(off(1.015, 1.015))),
        count("both tones 1.5 % low: taken", random, taken(off(0.985, 0.985))),
        count("low tone 1.5 % high, high one low: taken", random, taken(off(1.015, 0.985))),
        count("low tone 3.5 % high: refused", random, refused(off(1.035, 1.0))),
        count("low tone 3.5 % low: refused", random, refused(off(0.965, 1.0))),
        count("high tone 3.5 % high: refused", random, refused(off(1.0, 1.035))),
        count("high tone 3.5 % low: refused", random, refused(off(1.0, 0.965))),
        count("high tone 4 dB stronger: taken", random, taken(level(-18.0, -14.0))),
        count("high tone 8 dB weaker: taken", random, taken(level(-12.0, -20.0))),
        count("high tone 14 dB stronger: refused", random, refused(level(-24.0, -10.0))),
        count("high tone 16 dB weaker: refused", random, refused(level(-8.0, -24.0))),
        count("one tone alone: refused", random, refused(level(-10.0, -90.0))),
    ];
    // −3 to −40 dBFS in all: 37 dB.
    let mut each = -6.0;
    let mut range = Row { what: "levels from -3 to -40 dBFS: taken", trials: 0, right: 0 };
    while each >= -43.0 {
        let row = count("", random, taken(level(each, each)));
        range.trials += row.trials;
        range.right += row.right;
        each -= 1.0;
    }
    rows.push(range);
    rows
}

/// Durations, pauses, interruptions, losses.
fn times(random: &mut Random) -> Vec<Row> {
    let of = |samples| Made { samples, ..Made::default() };
    let twice = |gap: usize| {
        move |digit: Digit, offset: usize, random: &mut Random| {
            let mut sound = vec![0.0; 400 + offset];
            press(&mut sound, digit, of(320), random);
            pause(&mut sound, gap);
            press(&mut sound, digit, of(320), random);
            pause(&mut sound, 800);
            keys(&sound) == format!("{digit}{digit}")
        }
    };
    let interrupted = |samples: usize, gap: usize| {
        move |digit: Digit, offset: usize, random: &mut Random| {
            let mut sound = one(digit, offset, of(samples), random);
            let from = 400 + offset + 160 + random.below(samples - 320);
            sound[from..from + gap].fill(0.0);
            keys(&sound) == digit.to_string()
        }
    };
    vec![
        count("40 ms: taken", random, |digit, offset, random| {
            keys(&one(digit, offset, of(320), random)) == digit.to_string()
        }),
        count("under 23 ms: refused", random, |digit, offset, random| {
            keys(&one(digit, offset, of(183), random)).is_empty()
        }),
        count("40 ms of pause: two presses", random, twice(320)),
        count("10 ms interruption: one press", random, interrupted(640, 80)),
        count(
            "40 ms of pause, all in noise 12 dB below: two presses",
            random,
            |digit, offset, random| {
                let mut sound = vec![0.0; 400 + offset];
                for _ in 0..2 {
                    press(&mut sound, digit, of(320), random);
                    pause(&mut sound, 320);
                }
                pause(&mut sound, 800);
                let deviation = 32_767.0 * 10f64.powf((-16.0 - 12.0) / 20.0);
                sound.iter_mut().for_each(|x| *x += deviation * random.normal());
                keys(&sound) == format!("{digit}{digit}")
            },
        ),
        count("a lost packet of 20 ms: one press", random, interrupted(800, 160)),
        count("every fifth packet of 3 s lost: one press", random, |digit, offset, random| {
            let mut sound = one(digit, offset, of(24_000), random);
            sound.chunks_mut(160).skip(4).step_by(5).for_each(|packet| packet.fill(0.0));
            keys(&sound) == digit.to_string()
        }),
        count("held for 10 s, level wavering by 6 dB: one press", random, |digit, _, random| {
            let mut sound = one(digit, 0, of(80_000), random);
            for (n, x) in sound.iter_mut().enumerate() {
                *x *= 0.75 + 0.25 * (TAU * 2.0 * n as f64 / 8_000.0).sin();
            }
            keys(&sound) == digit.to_string()
        }),
    ]
}

/// A thousand presses of so many ms in white noise, so many dB below the two tones together, over the whole band.
fn in_noise(what: &'static str, snr_db: f64, ms: usize, random: &mut Random) -> Row {
    let deviation = 32_767.0 * 10f64.powf((-16.0 - snr_db) / 20.0);
    let mut row = Row { what, trials: 1_000, right: 0 };
    for trial in 0..row.trials {
        let digit = digits().nth(trial % 16).expect("sixteen keys");
        let made = Made { samples: 8 * ms, ..Made::default() };
        let mut sound = one(digit, random.below(200), made, random);
        sound.iter_mut().for_each(|x| *x += deviation * random.normal());
        row.right += usize::from(keys(&sound) == digit.to_string());
    }
    row
}

/// How late presses are reported: the 95th percentile and the latest, in ms after the tone's first sample.
pub fn lateness_ms() -> (f64, f64) {
    let random = &mut Random(24);
    let mut late: Vec<u64> = Vec::new();
    for digit in digits() {
        for offset in 0..102 {
            let found = presses(&one(digit, offset, Made::default(), random));
            late.push(found[0].known_sample - (400 + offset as u64));
        }
    }
    late.sort_unstable();
    (late[late.len() * 95 / 100] as f64 / 8.0, late[late.len() - 1] as f64 / 8.0)
}

/// Per tone, by how many per cent it may be off, downwards and upwards, so that the key is still heard.
pub fn bandwidths_percent() -> Vec<(u16, f64, f64)> {
    let random = &mut Random(24);
    let mut widths = Vec::new();
    for key in "159D".chars() {
        let digit = Digit::try_from(key).expect("a key");
        let reach = |is_low: bool, sign: f64, random: &mut Random| {
            let mut off = 0.0;
            while off < 0.05 {
                let scale = 1.0 + sign * (off + 0.001);
                let (low_scale, high_scale) = if is_low { (scale, 1.0) } else { (1.0, scale) };
                let made = Made { low_scale, high_scale, ..Made::default() };
                if keys(&one(digit, 0, made, random)).is_empty() {
                    break;
                }
                off += 0.001;
            }
            100.0 * off
        };
        let (low_hz, high_hz) = digit.frequencies_hz();
        for (hz, is_low) in [(low_hz, true), (high_hz, false)] {
            widths.push((hz, reach(is_low, -1.0, random), reach(is_low, 1.0, random)));
        }
    }
    widths
}

/// A vowel sung for a second: a glottis at a pitch, with vibrato, through three formants.
fn vowel(pitch_hz: f64, formants_hz: [f64; 3], random: &mut Random) -> Vec<f64> {
    let vibrato_hz = 4.5 + 2.0 * random.unit();
    let depth = 0.01 * random.unit();
    let mut turns = 0.0;
    (0..8_000)
        .map(|n| {
            turns += pitch_hz / 8_000.0
                * (1.0 + depth * (TAU * vibrato_hz * f64::from(n) / 8_000.0).sin());
            let mut x = 0.0;
            for harmonic in 1..=(3_400.0 / pitch_hz) as i32 {
                let hz = pitch_hz * f64::from(harmonic);
                let gain: f64 = formants_hz
                    .iter()
                    .zip([1.0, 0.6, 0.25])
                    .map(|(formant_hz, size)| size / (1.0 + ((hz - formant_hz) / 60.0).powi(2)))
                    .sum();
                x += gain / f64::from(harmonic).sqrt() * (TAU * turns * f64::from(harmonic)).sin();
            }
            8_000.0 * x
        })
        .collect()
}

/// Seconds of sung vowels, and the keys heard in them.
pub fn sung() -> (usize, usize) {
    let random = &mut Random(24);
    let vowels = [
        [730.0, 1_090.0, 2_440.0],
        [530.0, 1_840.0, 2_480.0],
        [270.0, 2_290.0, 3_010.0],
        [570.0, 840.0, 2_410.0],
        [300.0, 870.0, 2_240.0],
    ];
    let (mut seconds, mut heard) = (0, 0);
    for formants_hz in vowels {
        for step in 0..120 {
            let pitch_hz = 80.0 * 2f64.powf(f64::from(step) / 40.0);
            heard += keys(&vowel(pitch_hz, formants_hz, random)).len();
            seconds += 1;
        }
    }
    (seconds, heard)
}

/// Everything a key may meet, line by line; each is to be right in all of its trials.
pub fn table() -> Vec<Row> {
    let mut random = Random(24);
    let mut rows = tones(&mut random);
    rows.extend(times(&mut random));
    for (what, snr_db, ms) in [
        ("noise 24 dB below: heard once", 24.0, 50),
        ("noise 18 dB below: heard once", 18.0, 50),
        ("noise 12 dB below: heard once", 12.0, 50),
        ("noise 9 dB below: heard once", 9.0, 50),
        ("noise 3 dB below, 150 ms: heard once", 3.0, 150),
    ] {
        rows.push(in_noise(what, snr_db, ms, &mut random));
    }
    rows
}
