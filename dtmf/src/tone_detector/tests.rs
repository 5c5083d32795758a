use proptest::prelude::*;

use super::*;
use crate::tone::{self, Cadence, Tones};

/// Everything heard, each with the sample it was told at.
fn heard(sound: &[i16]) -> Vec<(u64, Tone)> {
    let (mut tones, mut fed) = (Vec::new(), 0);
    let mut detector = ToneDetector::new();
    for frame in sound.chunks(80) {
        fed += frame.len() as u64;
        detector.feed(frame, |tone| tones.push((fed, tone)));
    }
    tones
}

fn kinds(sound: &[i16]) -> Vec<Kind> {
    heard(sound).into_iter().map(|(_, tone)| tone.kind).collect()
}

fn silence(ms: u32) -> Vec<i16> {
    vec![0; 8 * ms as usize]
}

/// Half a second of silence, so much of a cadence, a second of silence.
fn played(cadence: Cadence, ms: u32) -> Vec<i16> {
    let mut sound = silence(ms);
    let length = Tones::new(cadence, 8_000).fill(&mut sound);
    sound.truncate(length);
    [silence(500), sound, silence(1_000)].concat()
}

/// A tone whose frequency goes from one to another, at a level.
fn glide(from_hz: f32, to_hz: f32, ms: u32, dbfs: f32) -> Vec<i16> {
    let samples = 8 * ms;
    let mut turns = 0.0f64;
    (0..samples)
        .map(|n| {
            let hz = from_hz + (to_hz - from_hz) * n as f32 / samples as f32;
            turns += f64::from(hz) / 8_000.0;
            let size = 32_767.0 * 10f64.powf(f64::from(dbfs) / 20.0);
            ((turns.fract() * std::f64::consts::TAU).sin() * size) as i16
        })
        .collect()
}

fn beep(hz: f32, ms: u32) -> Vec<i16> {
    glide(hz, hz, ms, -14.0)
}

fn sum(one: &[i16], other: &[i16]) -> Vec<i16> {
    one.iter().zip(other).map(|(a, b)| a.saturating_add(*b)).collect()
}

/// Seeded noise under a sound, of so many dBFS.
fn noisy(sound: &[i16], dbfs: f32, mut seed: u64) -> Vec<i16> {
    let peak = 32_767.0 * 10f32.powf(dbfs / 20.0) * 3f32.sqrt();
    let mut hiss = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((seed >> 40) as f32 / (1u64 << 23) as f32 - 1.0) * peak
    };
    sound.iter().map(|&sample| sample.saturating_add(hiss() as i16)).collect()
}

#[test]
fn the_tones_of_every_exchange_are_told_apart() {
    use Kind::*;
    let special = |code| vec![SpecialInformation(code)];
    let twice = |kind| vec![kind, kind];
    for (name, cadence, ms, expected) in [
        ("ring-back, US", tone::RINGBACK_US, 14_000, twice(Ringback)),
        ("ring-back, UK", tone::RINGBACK_UK, 9_000, twice(Ringback)),
        ("ring-back, EU", tone::RINGBACK_EU, 11_000, twice(Ringback)),
        ("busy, US", tone::BUSY_US, 5_000, twice(Busy)),
        ("busy, UK", tone::BUSY_UK, 5_000, twice(Busy)),
        ("busy, EU", tone::BUSY_EU, 5_000, twice(Busy)),
        ("reorder, US", tone::REORDER_US, 5_000, twice(Reorder)),
        ("congestion, EU", tone::CONGESTION_EU, 5_000, twice(Reorder)),
        ("dial tone, US", tone::DIAL_US, 4_000, twice(Dial)),
        ("dial tone, UK", tone::DIAL_UK, 4_000, twice(Dial)),
        ("dial tone, EU", tone::DIAL_EU, 4_000, twice(Dial)),
        ("special information, ITU", tone::SPECIAL_INFORMATION, 2_000, special(Special::Other)),
        ("IC", tone::INTERCEPT_US, 2_000, special(Special::Intercept)),
        ("VC", tone::VACANT_CODE_US, 2_000, special(Special::VacantCode)),
        ("RO'", tone::REORDER_LOCAL_US, 2_000, special(Special::ReorderLocal)),
        ("RO\"", tone::REORDER_DISTANT_US, 2_000, special(Special::ReorderDistant)),
        ("NC'", tone::NO_CIRCUIT_LOCAL_US, 2_000, special(Special::NoCircuitLocal)),
        ("NC\"", tone::NO_CIRCUIT_DISTANT_US, 2_000, special(Special::NoCircuitDistant)),
        ("fax calling", tone::FAX_CALLING, 4_200, twice(FaxCalling)),
        ("fax answering", tone::FAX_ANSWER, 3_300, twice(FaxAnswer)),
        ("mailbox", tone::BEEP, 700, vec![Beep { hz: 1_000 }]),
        ("call waiting", tone::CALL_WAITING_US, 10_400, twice(CallWaiting)),
        ("off hook", tone::OFF_HOOK_US, 3_000, vec![]),
    ] {
        let sound = played(cadence, ms);
        let sound = [sound, silence(7_000)].concat();
        for (how, sound) in [("clean", sound.clone()), ("in noise", noisy(&sound, -34.0, 3))] {
            assert_eq!(kinds(&sound), expected, "{name}, {how}: {:?}", heard(&sound));
        }
    }
    // The first burst alone may be a mailbox.
    for (name, cadence, kind) in [
        ("ring-back, FR", tone::RINGBACK_FR, Ringback),
        ("busy, FR", tone::BUSY_FR, Busy),
        ("congestion, UK", tone::CONGESTION_UK, Reorder),
    ] {
        let sound = [played(cadence, 9_000), silence(7_000)].concat();
        let found: Vec<Kind> =
            kinds(&sound).into_iter().filter(|kind| !matches!(kind, Beep { .. })).collect();
        assert_eq!(found, [kind, kind], "{name}");
    }
}

/// Told once, as a beep, in time.
fn assert_beep(name: &str, sound: &[i16], ends_at_ms: u32) {
    let found = heard(sound);
    let [(told, Tone { kind: Kind::Beep { .. }, to_sample: Some(to_sample), .. })] = found[..]
    else {
        panic!("{name}: {found:?}");
    };
    let late_ms = told as i64 / 8 - i64::from(ends_at_ms);
    assert!((0..=150).contains(&late_ms), "{name}: told {late_ms} ms after its end");
    let off_ms = to_sample as i64 / 8 - i64::from(ends_at_ms);
    assert!(off_ms.abs() < 20, "{name}: {off_ms} ms off");
}

#[test]
fn beeps_are_told_within_150_ms_of_their_end() {
    for hz in [350, 400, 440, 480, 500, 620, 700, 850, 1_000, 1_100, 1_336, 1_400, 1_633, 2_000] {
        for ms in [100, 130, 200, 400, 500, 800, 1_000, 1_500] {
            let known = matches!((hz, ms), (1_100, 500) | (400, 400) | (440, 1_500));
            for shift in [0, 37, 90] {
                let sound =
                    [silence(600), vec![0; shift], beep(hz as f32, ms), silence(400)].concat();
                let name = format!("{hz} Hz, {ms} ms");
                if known {
                    assert!(!kinds(&sound).contains(&Kind::Beep { hz }), "{name}");
                    continue;
                }
                assert_beep(&name, &sound, 600 + ms + shift as u32 / 8);
                let noise = noisy(&sound, -14.0 - 3.0 - 18.0, u64::from(hz) + u64::from(ms));
                assert_beep(&format!("{name} in noise"), &noise, 600 + ms + shift as u32 / 8);
            }
        }
    }
}

#[test]
fn beeps_of_two_tones_and_gliding_ones_are_beeps() {
    let two = |low_hz: f32, high_hz: f32, ms| sum(&beep(low_hz, ms), &beep(high_hz, ms));
    for (name, tone) in [
        ("two at once", two(800.0, 1_200.0, 400)),
        ("two at once, near", two(1_000.0, 1_150.0, 400)),
        ("an octave", two(500.0, 1_000.0, 250)),
        ("one after the other", [beep(800.0, 200), beep(1_000.0, 300)].concat()),
        ("downwards", [beep(1_400.0, 250), beep(900.0, 250)].concat()),
        ("with a gap", [beep(800.0, 200), silence(30), beep(1_000.0, 300)].concat()),
        ("rising", glide(600.0, 1_200.0, 500, -14.0)),
        ("falling", glide(1_800.0, 900.0, 600, -14.0)),
        ("rising slowly", glide(950.0, 1_050.0, 1_000, -14.0)),
    ] {
        let ms = tone.len() as u32 / 8;
        let sound = [silence(600), tone, silence(400)].concat();
        assert_beep(name, &sound, 600 + ms);
        assert_beep(name, &noisy(&sound, -40.0, 9), 600 + ms);
    }
}

#[test]
fn beeps_are_heard_at_any_level_and_with_a_lost_packet() {
    for dbfs in [-3.0, -20.0, -40.0] {
        let sound = [silence(600), glide(1_000.0, 1_000.0, 500, dbfs), silence(400)].concat();
        assert_beep(&format!("{dbfs} dBFS"), &sound, 1_100);
    }
    let mut sound = [silence(600), beep(900.0, 600), silence(400)].concat();
    sound[7_000..7_160].fill(0);
    assert_beep("a lost packet", &sound, 1_200);
}

#[test]
fn what_is_no_beep_is_not_told() {
    let key = |key: char| {
        let mut generator = crate::Generator::new(8_000, 200, 50);
        generator.push(crate::Digit::try_from(key).unwrap()).unwrap();
        let mut sound = silence(250);
        generator.fill(&mut sound);
        sound
    };
    let overtones = |ms| {
        (1..5).fold(silence(ms), |sound, n| {
            sum(&sound, &glide(300.0 * n as f32, 300.0 * n as f32, ms, -20.0 - 2.0 * n as f32))
        })
    };
    let fading: Vec<i16> = beep(880.0, 900)
        .iter()
        .zip(0..)
        .map(|(&sample, n)| (f32::from(sample) * (-(n as f32) / 1_600.0).exp()) as i16)
        .collect();
    for (name, tone) in [
        ("a key", key('5')),
        ("another key", key('D')),
        ("overtones", overtones(500)),
        ("a bell", fading),
        ("too short", beep(1_000.0, 40)),
        ("too long", beep(1_000.0, 2_500)),
        ("too low", beep(250.0, 500)),
        ("too high", beep(2_400.0, 500)),
        ("a melody", [beep(523.0, 200), beep(659.0, 200), beep(784.0, 200)].concat()),
        ("too faint", glide(1_000.0, 1_000.0, 500, -52.0)),
        ("noise", noisy(&silence(2_000), -20.0, 5)),
    ] {
        let sound = [silence(600), tone, silence(400)].concat();
        assert_eq!(kinds(&sound), [], "{name}");
    }
    let spoken = noisy(&[silence(600), beep(1_000.0, 400)].concat(), -50.0, 4);
    let sound = [spoken, noisy(&silence(500), -16.0, 6)].concat();
    assert_eq!(kinds(&sound), [], "sound goes on behind it");
}

#[test]
fn machines_that_answer_are_told_apart() {
    let plain = beep(2_100.0, 3_000);
    let turned: Vec<i16> = plain
        .chunks(450 * 8)
        .zip(0..)
        .flat_map(|(piece, n)| piece.iter().map(move |&s| if n % 2 == 0 { s } else { -s }))
        .collect();
    let wavering = |sound: &[i16]| -> Vec<i16> {
        let size = |n: usize| 0.8 + 0.2 * (std::f32::consts::TAU * 15.0 * n as f32 / 8_000.0).sin();
        sound.iter().enumerate().map(|(n, &s)| (f32::from(s) * size(n)) as i16).collect()
    };
    for (name, tone, kind) in [
        ("CED", plain.clone(), Kind::FaxAnswer),
        ("ANS with turns", turned.clone(), Kind::ModemAnswer),
        ("ANSam", wavering(&plain), Kind::ModemAnswer),
        ("ANSam with turns", wavering(&turned), Kind::ModemAnswer),
    ] {
        for shift in (0..128).step_by(9) {
            let sound = [silence(400), vec![0; shift], tone.clone(), silence(400)].concat();
            assert_eq!(kinds(&sound), [kind, kind], "{name}");
            assert_eq!(kinds(&noisy(&sound, -40.0, 8)), [kind, kind], "{name} in noise");
        }
    }
}

#[test]
fn a_recorded_beep_is_a_beep() {
    let beep = include_bytes!("../../../fixtures/dtmf/beep.wav");
    let sound = [silence(300), crate::detector::tests::wav(beep), silence(300)].concat();
    assert_eq!(kinds(&sound), [Kind::Beep { hz: 700 }]);
}

#[test]
fn spoken_prompts_hold_no_tones() {
    for (name, bytes) in [
        ("directory", &include_bytes!("../../../fixtures/dtmf/dir-intro-fn.wav")[..]),
        ("invalid", include_bytes!("../../../fixtures/dtmf/invalid.wav")),
    ] {
        assert_eq!(kinds(&crate::detector::tests::wav(bytes)), [], "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn cuts_change_nothing(
        hz in 350.0f32..2_000.0,
        ms in 50u32..900,
        cut in 1usize..700,
        seed: u64,
    ) {
        let sound = noisy(&[silence(500), beep(hz, ms), silence(500)].concat(), -40.0, seed);
        let (mut whole, mut pieces) = (Vec::new(), Vec::new());
        ToneDetector::new().feed(&sound, |tone| whole.push(tone));
        let mut detector = ToneDetector::new();
        for piece in sound.chunks(cut) {
            detector.feed(piece, |tone| pieces.push(tone));
        }
        prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn any_sound_is_taken(sound in prop::collection::vec(any::<i16>(), 0..6_000)) {
        let _ = kinds(&sound);
    }
}
