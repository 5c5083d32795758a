//! The ear over real sound: recorded music and speech, made noise and tones.

use media::{
    codec::g711,
    ear::{CHANGES_MAX, Change, Ear, HOP, Kind},
};

const MUSIC: &[u8] = include_bytes!("../../fixtures/ear/hold-music.wav");
const COLD_HEARTED: &[u8] = include_bytes!("../../fixtures/speech-callee/austen-cold-hearted.wav");
const ILL_DISPOSED: &[u8] = include_bytes!("../../fixtures/speech-callee/austen-ill-disposed.wav");

/// Samples of a WAV file at 8 kHz, µ-law or 16 bit.
fn samples(bytes: &[u8]) -> Vec<i16> {
    let data = bytes.windows(4).position(|chunk| chunk == b"data").expect("sound") + 8;
    match bytes[20] {
        7 => bytes[data..].iter().map(|byte| g711::mulaw_decode(*byte)).collect(),
        _ => bytes[data..].chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect(),
    }
}

fn at_level(sound: &[i16], gain: f32) -> Vec<i16> {
    sound.iter().map(|sample| (f32::from(*sample) * gain) as i16).collect()
}

/// Hops for which each kind sounded, from the second on.
fn kinds(sound: &[i16]) -> Vec<(Kind, usize)> {
    let mut ear = Ear::new();
    let mut kinds: Vec<(Kind, usize)> = Vec::new();
    for (at, hop) in sound.chunks_exact(HOP).enumerate() {
        ear.hop(hop.try_into().expect("a hop"), false);
        while ear.poll().is_some() {}
        if at < 200 {
            continue;
        }
        match kinds.iter_mut().find(|(kind, _)| *kind == ear.kind()) {
            Some((_, count)) => *count += 1,
            None => kinds.push((ear.kind(), 1)),
        }
    }
    kinds
}

fn share(kinds: &[(Kind, usize)], wanted: Kind) -> f32 {
    let all: usize = kinds.iter().map(|(_, count)| count).sum();
    let of_it: usize = kinds.iter().filter(|(kind, _)| *kind == wanted).map(|(_, n)| n).sum();
    of_it as f32 / all as f32
}

#[test]
fn music_is_music_and_speech_is_speech_at_any_level() {
    for gain in [1.0, 0.5, 0.25] {
        let music = samples(MUSIC).repeat(3);
        let kinds_of_music = kinds(&at_level(&music, gain));
        assert!(share(&kinds_of_music, Kind::Music) > 0.85, "{gain}: {kinds_of_music:?}");
        for (name, speech) in [("cold", COLD_HEARTED), ("ill", ILL_DISPOSED)] {
            let found = kinds(&at_level(&samples(speech), gain));
            assert!(share(&found, Kind::Music) < 0.05, "{name}, {gain}: {found:?}");
            assert!(share(&found, Kind::Speech) > 0.6, "{name}, {gain}: {found:?}");
        }
    }
}

#[test]
fn steady_noise_is_no_speech_and_a_tone_is_a_tone() {
    let mut seed = 5u32;
    let noise: Vec<i16> = (0..8_000 * 8)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((seed >> 16) as i16) / 64
        })
        .collect();
    let found = kinds(&noise);
    assert!(share(&found, Kind::Noise) + share(&found, Kind::Silence) > 0.95, "{found:?}");
    let ring: Vec<i16> = (0..8_000 * 5)
        .map(|n| {
            let t = n as f32 / 8_000.0 * std::f32::consts::TAU;
            (4_000.0 * ((440.0 * t).sin() + (480.0 * t).sin())) as i16
        })
        .collect();
    assert!(share(&kinds(&ring), Kind::Tone) > 0.98);
}

#[test]
fn an_announcement_that_comes_again_is_noticed() {
    let announcement = samples(COLD_HEARTED);
    let mut sound = announcement.clone();
    sound.extend(samples(MUSIC).repeat(2));
    let begins = sound.len();
    sound.extend(at_level(&announcement, 0.6));
    let mut ear = Ear::new();
    let mut noticed = Vec::new();
    for (at, hop) in sound.chunks_exact(HOP).enumerate() {
        ear.hop(hop.try_into().expect("a hop"), false);
        while let Some(change) = ear.poll() {
            if let Change::Repeats { ago_ms } = change
                && at * HOP > begins
            {
                noticed.push(ago_ms);
            }
        }
    }
    let ago_ms = begins as u32 / 8;
    assert!(noticed.iter().any(|found| found.abs_diff(ago_ms) < 100), "{ago_ms}: {noticed:?}");
}

#[test]
fn nothing_is_allocated_after_set_up_and_changes_are_bounded() {
    let sound = samples(COLD_HEARTED);
    let mut ear = Ear::new();
    let hear = |ear: &mut Ear| {
        for hop in sound.chunks_exact(HOP) {
            ear.hop(hop.try_into().expect("a hop"), false);
        }
    };
    hear(&mut ear);
    let counted = allocation_counter::measure(|| hear(&mut ear));
    assert_eq!(counted.count_total, 0);
    assert!(std::iter::from_fn(|| ear.poll()).count() <= CHANGES_MAX);
}
