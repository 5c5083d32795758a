//! What is done to 20 ms of sound.

use std::{f32::consts::TAU, hint::black_box};

use dtmf::{Detector, Digit, Generator, ToneDetector, tone, tone_detector::Kind};
use media::{
    mix::{Level, Mixer, mix_into},
    resample::Resampler,
};
use webrtc_vad::{SampleRate, Vad, VadMode};

use super::{Stage, Work};
use crate::sound;

pub(super) const STAGES: &[Stage] = &[
    Stage {
        name: "vad-gate",
        what: "webrtc-vad over two hops of 10 ms",
        set_up: gate,
        counted: 500,
    },
    Stage { name: "level", what: "level of two hops of 10 ms", set_up: level, counted: 500 },
    Stage { name: "keys", what: "look for keys in 20 ms of speech", set_up: keys, counted: 510 },
    Stage {
        name: "tones",
        what: "look for tones of exchanges and mailboxes in 20 ms of speech",
        set_up: tones,
        counted: 520,
    },
    Stage {
        name: "keys-naive",
        what: "the eight Goertzel filters one after the other, no judgement",
        set_up: keys_naive,
        counted: 510,
    },
    Stage {
        name: "keys-make",
        what: "make the tones of a key, 200 ms",
        set_up: make_keys,
        counted: 100,
    },
    Stage { name: "tone-make", what: "make 20 ms of ring-back", set_up: make_tone, counted: 500 },
    Stage {
        name: "resample-8-16",
        what: "20 ms",
        set_up: || resample(8_000, 16_000),
        counted: 500,
    },
    Stage {
        name: "resample-16-8",
        what: "20 ms",
        set_up: || resample(16_000, 8_000),
        counted: 500,
    },
    Stage {
        name: "resample-24-8",
        what: "20 ms",
        set_up: || resample(24_000, 8_000),
        counted: 500,
    },
    Stage {
        name: "resample-22-8",
        what: "20 ms of 22.05 kHz",
        set_up: || resample(22_050, 8_000),
        counted: 100,
    },
    Stage { name: "mix-two", what: "add one stream onto another", set_up: mix_two, counted: 1000 },
    Stage { name: "mix-four", what: "four streams with gains", set_up: mix_four, counted: 1000 },
];

/// Calls it with each 20 ms of speech in turn.
fn over_speech(mut each: impl FnMut(&[i16]) + 'static) -> Work {
    let speech = sound::speech();
    let mut at = 0;
    Box::new(move || {
        at = if at + 320 > speech.len() { 0 } else { at + 160 };
        each(black_box(&speech[at..at + 160]));
    })
}

fn gate() -> Work {
    let detector = || Vad::new_with_rate_and_mode(SampleRate::Rate8kHz, VadMode::VeryAggressive);
    let mut first = detector();
    let mut voiced = |sound: &[i16]| {
        sound.chunks_exact(80).filter(|hop| first.is_voice_segment(hop) == Ok(true)).count()
    };
    let (speech, hiss) = (voiced(&sound::speech()), voiced(&sound::hiss(8_000)));
    assert!(speech > 100 && hiss < 20, "{speech} hops of speech, {hiss} of hiss");
    let mut detector = detector();
    over_speech(move |frame| {
        for hop in frame.chunks_exact(80) {
            black_box(detector.is_voice_segment(hop).is_ok());
        }
    })
}

fn level() -> Work {
    over_speech(|frame| {
        for hop in frame.chunks_exact(80) {
            black_box(Level::of(hop));
        }
    })
}

/// 100 ms of the tones of the key 5 and as much silence.
fn five(out: &mut [i16; 1600]) {
    let key = Digit::try_from('5').expect("a key");
    let mut generator = Generator::new(8_000, 100, 100);
    generator.push(key).expect("room for one key");
    assert_eq!(generator.fill(out), 1600);
}

fn keys() -> Work {
    let (mut tone, mut found) = ([0; 1600], Vec::new());
    five(&mut tone);
    Detector::new().feed(&tone, |press| found.push(press.digit.as_char()));
    assert_eq!(found, ['5'], "the key that is made is found");
    let mut detector = Detector::new();
    over_speech(move |frame| {
        detector.feed(frame, |press| {
            black_box(press);
        })
    })
}

fn tones() -> Work {
    let (mut sound, mut found) = (vec![0; 16_000], Vec::new());
    tone::Tones::new(tone::BEEP, 8_000).fill(&mut sound[4_000..8_000]);
    ToneDetector::new().feed(&sound, |tone| found.push(tone.kind));
    assert_eq!(found, [Kind::Beep { hz: 1_000 }], "the beep that is made is found");
    let mut detector = ToneDetector::new();
    over_speech(move |frame| {
        detector.feed(frame, |tone| {
            black_box(tone);
        })
    })
}

fn keys_naive() -> Work {
    let tones = [697.0, 770.0, 852.0, 941.0, 1209.0, 1336.0, 1477.0, 1633.0_f32];
    over_speech(move |frame| {
        for frequency_hz in tones {
            let coefficient = 2.0 * (TAU * frequency_hz / 8_000.0).cos();
            let (mut one, mut two) = (0.0, 0.0);
            for sample in frame {
                (one, two) = (f32::from(*sample) + coefficient * one - two, one);
            }
            black_box(one * one + two * two - coefficient * one * two);
        }
    })
}

fn make_keys() -> Work {
    let mut out = [0; 1600];
    Box::new(move || {
        five(&mut out);
        black_box(&out);
    })
}

fn make_tone() -> Work {
    let mut tones = tone::Tones::new(tone::RINGBACK_US, 8_000);
    let mut out = [0; 160];
    for _ in 0..3 {
        assert_eq!(tones.fill(&mut out), 160);
    }
    assert!(out.iter().any(|sample| sample.unsigned_abs() > 3_000), "no ring");
    // Within the two seconds that sound.
    let begun = tones;
    let mut frames = 0;
    Box::new(move || {
        frames = (frames + 1) % 90;
        if frames == 0 {
            tones = begun;
        }
        tones.fill(&mut out);
        black_box(&out);
    })
}

fn resample(from_hz: u32, to_hz: u32) -> Work {
    let mut resampler = Resampler::new(from_hz, to_hz).expect("a telephone rate");
    let input = sound::hiss(from_hz as usize / 50);
    let mut out = Vec::new();
    for _ in 0..50 {
        resampler.process(&input, &mut out);
    }
    assert!(out.len().abs_diff(to_hz as usize) < 400, "{} samples a second", out.len());
    assert!(out.iter().any(|sample| *sample != 0), "{from_hz} to {to_hz} Hz: silence");
    Box::new(move || {
        out.clear();
        resampler.process(black_box(&input), &mut out);
        black_box(&out);
    })
}

fn mix_two() -> Work {
    let (speech, mut onto) = (sound::speech(), sound::hiss(160));
    let before = onto.clone();
    mix_into(&mut onto, &speech[8_000..8_160]);
    assert_eq!(onto[5], before[5] + speech[8_005]);
    Box::new(move || {
        mix_into(&mut onto, black_box(&speech[8_000..8_160]));
        black_box(&onto);
    })
}

fn mix_four() -> Work {
    let speech = sound::speech();
    let inputs: [Vec<i16>; 4] =
        std::array::from_fn(|n| speech[8_000 + 160 * n..8_160 + 160 * n].to_vec());
    let mut mixer = Mixer::<4>::new(8_000, 160);
    let mut out = [0; 160];
    for (input, db) in [0.0, -3.0, -6.0, -9.0].into_iter().enumerate() {
        mixer.set_db(input, db);
    }
    mixer.mix(inputs.iter().map(Vec::as_slice), &mut out);
    assert!(out.iter().any(|sample| *sample != 0), "silence");
    Box::new(move || {
        mixer.mix(black_box(&inputs).iter().map(Vec::as_slice), &mut out);
        black_box(&out);
    })
}
