use proptest::prelude::*;

use super::*;

const KEYS: &str = "123A456B789C*0#D";

/// Two sines for `samples`, frequencies scaled, levels in dBFS.
fn pair(digit: Digit, samples: usize, scale: f32, low_dbfs: f32, high_dbfs: f32) -> Vec<i16> {
    let (low, high) = digit.frequencies_hz();
    let wave = |n: usize, hz: u16, dbfs: f32| {
        let turns = f64::from(hz) * f64::from(scale) / 8_000.0 * n as f64;
        (turns.fract() * std::f64::consts::TAU).sin()
            * 32_767.0
            * 10f64.powf(f64::from(dbfs) / 20.0)
    };
    (0..samples).map(|n| (wave(n, low, low_dbfs) + wave(n, high, high_dbfs)) as i16).collect()
}

fn digits() -> impl Iterator<Item = Digit> {
    KEYS.chars().map(|key| Digit::try_from(key).unwrap())
}

fn presses(sound: &[i16]) -> Vec<Press> {
    let mut found = Vec::new();
    let mut detector = Detector::new();
    for frame in sound.chunks(160) {
        detector.feed(frame, |press| found.push(press));
    }
    found
}

fn keys(sound: &[i16]) -> String {
    presses(sound).iter().map(|press| press.digit.as_char()).collect()
}

/// Seeded noise, uniform, of the given RMS.
fn noise(samples: usize, rms: f32, mut seed: u64) -> Vec<f32> {
    let peak = rms * 3f32.sqrt();
    (0..samples)
        .map(|_| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            ((seed >> 40) as f32 / (1u64 << 23) as f32 - 1.0) * peak
        })
        .collect()
}

#[test]
fn every_key_of_40_ms_at_every_offset_is_one_press_reported_in_time() {
    for digit in digits() {
        for offset in (0..102).step_by(7) {
            let mut sound = vec![0; 400 + offset];
            sound.extend(pair(digit, 320, 1.0, -12.0, -10.0));
            sound.extend([0; 400]);
            let mut detector = Detector::new();
            let mut found = Vec::new();
            for (n, sample) in sound.iter().enumerate() {
                detector.feed(&[*sample], |press| found.push((press, n)));
            }
            assert_eq!(found.len(), 1, "{digit} at {offset}");
            let (press, reported) = found[0];
            assert_eq!(press.digit, digit);
            assert!(press.at_sample.abs_diff(400 + offset as u64) <= 60, "{press:?} at {offset}");
            assert!(
                reported <= 400 + offset + 360,
                "{digit}: {} samples late",
                reported - 400 - offset
            );
            assert_eq!(detector.held(), None);
        }
    }
}

#[test]
fn levels_twist_and_detuning_of_q_24_are_taken() {
    for digit in digits() {
        for (scale, low_dbfs, high_dbfs) in [
            (1.0, -6.1, -6.1),
            (1.0, -20.0, -20.0),
            (1.0, -38.0, -38.0),
            (1.0, -20.0, -14.5),
            (1.0, -14.0, -22.0),
            (1.015, -12.0, -12.0),
            (0.985, -12.0, -12.0),
            (1.015, -30.0, -26.0),
        ] {
            let mut sound = pair(digit, 400, scale, low_dbfs, high_dbfs);
            sound.extend([0; 400]);
            assert_eq!(keys(&sound), digit.to_string(), "×{scale} {low_dbfs}/{high_dbfs} dBFS");
        }
    }
}

#[test]
fn what_is_no_key_is_not_taken() {
    for digit in digits() {
        for (why, sound) in [
            ("too short", pair(digit, 160, 1.0, -12.0, -12.0)),
            ("too weak", pair(digit, 800, 1.0, -55.0, -55.0)),
            ("twisted", pair(digit, 800, 1.0, -8.0, -24.0)),
            ("twisted back", pair(digit, 800, 1.0, -24.0, -10.0)),
            ("3.5 % high", pair(digit, 800, 1.035, -12.0, -12.0)),
            ("3.5 % low", pair(digit, 800, 0.965, -12.0, -12.0)),
            ("one tone", pair(digit, 800, 1.0, -12.0, -90.0)),
        ] {
            let sound: Vec<i16> = sound.into_iter().chain([0; 400]).collect();
            assert_eq!(keys(&sound), "", "{digit}: {why}");
        }
    }
}

#[test]
fn a_drop_out_does_not_double_and_a_pause_separates() {
    for digit in digits() {
        let tone = pair(digit, 480, 1.0, -12.0, -10.0);
        let with_gap = |gap: usize| {
            let mut sound = tone.clone();
            sound.extend(vec![0; gap]);
            sound.extend(&tone);
            sound.extend([0; 400]);
            keys(&sound)
        };
        assert_eq!(with_gap(80), digit.to_string(), "10 ms drop-out");
        assert_eq!(with_gap(320), format!("{digit}{digit}"), "40 ms pause");
    }
}

#[test]
fn keys_are_heard_through_noise() {
    // 15 dB below the keys, on all of it.
    for digit in digits() {
        let mut sound = vec![0; 200];
        for _ in 0..3 {
            sound.extend(pair(digit, 480, 1.0, -15.0, -15.0));
            sound.extend([0; 480]);
        }
        let rms = 32_767.0 * 10f32.powf((-15.0 - 15.0) / 20.0);
        let hiss = noise(sound.len(), rms, u64::from(digit.as_char() as u32));
        let noisy: Vec<i16> =
            sound.iter().zip(hiss).map(|(&s, n)| s.saturating_add(n as i16)).collect();
        assert_eq!(keys(&noisy), format!("{digit}{digit}{digit}"));
    }
}

#[test]
fn noise_and_call_progress_tones_are_no_keys() {
    let hiss: Vec<i16> = noise(80_000, 5_000.0, 7).into_iter().map(|s| s as i16).collect();
    assert_eq!(keys(&hiss), "");
    for (name, cadence) in crate::tone::ALL {
        let mut sound = vec![0; 40_000];
        crate::tone::Tones::new(cadence, 8_000).fill(&mut sound);
        assert_eq!(keys(&sound), "", "{name}");
    }
}

/// The samples of a WAV file with 16-bit or µ-law sound.
pub(crate) fn wav(bytes: &[u8]) -> Vec<i16> {
    let format = u16::from_le_bytes([bytes[20], bytes[21]]);
    let data = bytes.windows(4).position(|w| w == b"data").unwrap() + 8;
    let mulaw = |byte: u8| {
        let bits = !byte;
        let magnitude = (((i16::from(bits & 0x0F) << 3) + 132) << ((bits >> 4) & 7)) - 132;
        if bits & 0x80 == 0 { magnitude } else { -magnitude }
    };
    match format {
        7 => bytes[data..].iter().map(|&byte| mulaw(byte)).collect(),
        _ => {
            bytes[data..].as_chunks::<2>().0.iter().map(|&pair| i16::from_le_bytes(pair)).collect()
        }
    }
}

#[test]
fn recordings_give_the_keys_they_hold() {
    for (name, bytes, expected) in [
        ("0-9", &include_bytes!("../../../fixtures/dtmf/tino_0-9-8Khz.wav")[..], "0123456789"),
        (
            "complete",
            include_bytes!("../../../fixtures/dtmf/tino_complete-sequence-8kHz-old1.wav"),
            "1234567890*#ABCD",
        ),
        ("hash", include_bytes!("../../../fixtures/dtmf/tino_hash-8kHz.wav"), "####"),
        ("one, noisy", include_bytes!("../../../fixtures/dtmf/tino_oneN.wav"), "1"),
        ("spoken directory", include_bytes!("../../../fixtures/dtmf/dir-intro-fn.wav"), ""),
        ("spoken invalid", include_bytes!("../../../fixtures/dtmf/invalid.wav"), ""),
    ] {
        assert_eq!(keys(&wav(bytes)), expected, "{name}");
    }
}

#[test]
fn full_scale_clipped_input_is_still_one_key() {
    let digit = Digit::try_from('5').unwrap();
    let clipped: Vec<i16> =
        pair(digit, 800, 1.0, -12.0, -12.0).iter().map(|s| s.saturating_mul(2)).collect();
    assert_eq!(keys(&clipped), "5");
    assert_eq!(keys(&[i16::MIN; 4_000]), "");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_the_generator_plays_is_heard_whatever_the_cuts(
        numbers in prop::collection::vec(0usize..16, 1..10),
        tone_ms in 40u32..150,
        gap_ms in 40u32..150,
        lead in 0usize..200,
        cut in 1usize..400,
    ) {
        let pressed: String = numbers.iter().map(|&n| KEYS.as_bytes()[n] as char).collect();
        let mut generator = crate::Generator::new(8_000, tone_ms, gap_ms);
        for key in pressed.chars() {
            generator.push(Digit::try_from(key).unwrap()).unwrap();
        }
        let mut sound = vec![0; lead + 12 * 2_400 + 400];
        generator.fill(&mut sound[lead..]);
        let mut heard = String::new();
        let mut detector = Detector::new();
        for piece in sound.chunks(cut) {
            detector.feed(piece, |press| heard.push(press.digit.as_char()));
        }
        prop_assert_eq!(heard, pressed);
    }

    /// Two steps are summed side by side where both are at hand; to the last bit it makes no difference.
    #[test]
    fn cuts_change_no_bit(
        sound in prop::collection::vec(any::<i16>(), 0..1_000),
        cuts in prop::collection::vec(1usize..200, 1..20),
    ) {
        let (mut whole, mut cut) = (Detector::new(), Detector::new());
        whole.feed(&sound, |_| {});
        let mut rest = &sound[..];
        for length in cuts.into_iter().cycle() {
            let (now, later) = rest.split_at(length.min(rest.len()));
            cut.feed(now, |_| {});
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(format!("{whole:?}"), format!("{cut:?}"));
    }

    #[test]
    fn any_sound_is_taken(sound in prop::collection::vec(any::<i16>(), 0..3_000)) {
        let _ = keys(&sound);
    }
}
