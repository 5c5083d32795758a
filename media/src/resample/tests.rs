use std::f64::consts::TAU;

use proptest::prelude::*;

use super::*;

fn tone(rate_hz: u32, hz: f64, samples: usize) -> Vec<i16> {
    (0..samples)
        .map(|n| ((n as f64 * TAU * hz / f64::from(rate_hz)).sin() * 16_000.0).round() as i16)
        .collect()
}

fn resampled(from_hz: u32, to_hz: u32, input: &[i16]) -> Vec<i16> {
    let mut resampler = Resampler::new(from_hz, to_hz).unwrap();
    let mut out = Vec::new();
    resampler.process(input, &mut out);
    out
}

fn rms(samples: &[i16]) -> f64 {
    let sum: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    (sum / samples.len() as f64).sqrt()
}

/// Level of a tone after resampling against before, in dB, the filter's start left out.
fn gain_db(from_hz: u32, to_hz: u32, hz: f64) -> f64 {
    let input = tone(from_hz, hz, from_hz as usize / 2);
    let output = resampled(from_hz, to_hz, &input);
    let settled = &output[to_hz as usize / 20..];
    20.0 * (rms(settled).max(1e-9) / rms(&input)).log10()
}

const PAIRS: [(u32, u32); 16] = [
    (8_000, 16_000),
    (16_000, 8_000),
    (8_000, 24_000),
    (24_000, 8_000),
    (8_000, 48_000),
    (48_000, 8_000),
    (16_000, 48_000),
    (48_000, 16_000),
    (24_000, 16_000),
    (16_000, 24_000),
    (24_000, 48_000),
    (48_000, 24_000),
    (22_050, 8_000),
    (44_100, 8_000),
    (8_000, 44_100),
    (44_100, 16_000),
];

#[test]
fn telephone_band_passes_flat() {
    for (from_hz, to_hz) in PAIRS {
        for hz in [300.0, 1_000.0, 2_000.0, 3_000.0, 3_400.0] {
            let db = gain_db(from_hz, to_hz, hz);
            assert!(db.abs() <= 0.5, "{from_hz}→{to_hz} at {hz} Hz: {db:.2} dB");
        }
    }
}

#[test]
fn what_would_alias_is_60_db_down() {
    for (from_hz, to_hz) in PAIRS.into_iter().filter(|(from, to)| from > to) {
        let nyquist = f64::from(to_hz) / 2.0;
        for hz in [1.15 * nyquist, 1.25 * nyquist, 1.4 * nyquist] {
            if hz < f64::from(from_hz) / 2.0 {
                let db = gain_db(from_hz, to_hz, hz);
                assert!(db <= -60.0, "{from_hz}→{to_hz} at {hz} Hz: {db:.1} dB");
            }
        }
    }
}

/// What is left of a tone after resampling, against the tone itself, in dB: images and noise. The
/// tone is taken out by a least-squares fit.
fn rest_db(from_hz: u32, to_hz: u32, hz: f64) -> f64 {
    let out = resampled(from_hz, to_hz, &tone(from_hz, hz, from_hz as usize));
    let settled = &out[out.len() / 4..out.len() / 4 + to_hz as usize / 2];
    let (mut s, mut c) = (0.0, 0.0);
    let angle = |n: usize| n as f64 * TAU * hz / f64::from(to_hz);
    for (n, &x) in settled.iter().enumerate() {
        s += f64::from(x) * angle(n).sin();
        c += f64::from(x) * angle(n).cos();
    }
    let scale = 2.0 / settled.len() as f64;
    let left: f64 = settled
        .iter()
        .enumerate()
        .map(|(n, &x)| {
            let fit = scale * (s * angle(n).sin() + c * angle(n).cos());
            (f64::from(x) - fit).powi(2)
        })
        .sum();
    10.0 * (left / settled.len() as f64 / rms(settled).powi(2)).log10()
}

#[test]
fn images_of_a_tone_are_60_db_down() {
    for (from_hz, to_hz) in PAIRS.into_iter().filter(|(from, to)| from < to) {
        for hz in [1_000.0, 2_000.0, 3_400.0] {
            let db = rest_db(from_hz, to_hz, hz);
            assert!(db <= -60.0, "{from_hz}→{to_hz} at {hz} Hz: {db:.1} dB");
        }
    }
}

/// The figures in the documentation of [`Resampler`], in twentieths of the lower Nyquist frequency.
#[test]
fn the_small_filters_are_as_good_as_they_say() {
    for (from_hz, to_hz) in PAIRS {
        if !FIXED_HZ.contains(&from_hz) || !FIXED_HZ.contains(&to_hz) {
            continue;
        }
        let twentieth = f64::from(from_hz.min(to_hz)) / 40.0;
        let pair = format!("{from_hz}→{to_hz}");
        for n in 1..=17 {
            let db = gain_db(from_hz, to_hz, f64::from(n) * twentieth);
            assert!(db.abs() <= 0.01, "{pair} at {n}/20: {db:.4} dB");
        }
        let edge = gain_db(from_hz, to_hz, 18.0 * twentieth);
        assert!((-0.45..=-0.3).contains(&edge), "{pair} at 18/20: {edge:.2} dB");
        if from_hz < to_hz {
            for n in [5, 11, 17] {
                let db = rest_db(from_hz, to_hz, f64::from(n) * twentieth);
                assert!(db <= -63.0, "{pair} at {n}/20: {db:.1} dB of images");
            }
        }
        for n in 23..20 * from_hz / to_hz {
            let db = gain_db(from_hz, to_hz, f64::from(n) * twentieth);
            assert!(db <= -63.0, "{pair} at {n}/20: {db:.1} dB");
        }
    }
}

#[test]
fn the_stated_delay_is_the_delay() {
    for (from_hz, to_hz) in PAIRS {
        let mut input = vec![0i16; from_hz as usize / 10];
        input[from_hz as usize / 20] = 32_000;
        let out = resampled(from_hz, to_hz, &input);
        let peak = (0..out.len()).max_by_key(|&i| out[i].unsigned_abs()).unwrap();
        let expected =
            to_hz as usize / 20 + Resampler::new(from_hz, to_hz).unwrap().delay_samples();
        assert!(peak.abs_diff(expected) <= 2, "{from_hz}→{to_hz}: {peak} not {expected}");
        assert!(expected - to_hz as usize / 20 <= to_hz as usize * 7 / 1000, "over 7 ms");
    }
}

#[test]
fn ten_minutes_do_not_drift() {
    let frame = vec![1i16; 441];
    for (from_hz, to_hz) in [(24_000, 16_000), (22_050, 8_000), (44_100, 8_000)] {
        let mut resampler = Resampler::new(from_hz, to_hz).unwrap();
        let (mut fed, mut got) = (0u64, 0u64);
        let mut out = Vec::with_capacity(resampler.output_samples_max(441));
        while fed < 600 * u64::from(from_hz) {
            out.clear();
            resampler.process(&frame, &mut out);
            fed += 441;
            got += out.len() as u64;
        }
        let exact = fed * u64::from(to_hz) / u64::from(from_hz);
        let slack = u64::from(to_hz) / 200 + resampler.delay_samples() as u64 + 2;
        assert!(got <= exact + 2 && got + slack >= exact, "{from_hz}→{to_hz}: {got} of {exact}");
    }
}

#[test]
fn a_full_scale_square_clips_and_does_not_wrap() {
    let square: Vec<i16> =
        (0..800).map(|n| if n / 20 % 2 == 0 { 32_767 } else { -32_768 }).collect();
    let out = resampled(8_000, 16_000, &square);
    // A wrapped sample would sit on the wrong side in the middle of a half-wave.
    let delay = Resampler::new(8_000, 16_000).unwrap().delay_samples();
    for wave in 2..15 {
        let middle = out[delay + wave * 40 + 20];
        assert_eq!(middle > 0, wave % 2 == 0, "{middle} in half-wave {wave}");
    }
}

#[test]
fn impossible_rates_are_refused() {
    for (from_hz, to_hz) in [(0, 8_000), (8_000, 0), (8_000, 1_000_000), (3_999, 8_000)] {
        assert_eq!(Resampler::new(from_hz, to_hz).err(), Some(ResampleError { from_hz, to_hz }));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn cutting_changes_nothing(
        pair in 0..PAIRS.len(),
        input in prop::collection::vec(any::<i16>(), 0..2_000),
        cuts in prop::collection::vec(0usize..2_000, 0..12),
    ) {
        let (from_hz, to_hz) = PAIRS[pair];
        let whole = resampled(from_hz, to_hz, &input);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(input.len())).collect();
        cuts.extend([0, input.len()]);
        cuts.sort_unstable();
        let mut resampler = Resampler::new(from_hz, to_hz).unwrap();
        let mut pieces = Vec::new();
        for cut in cuts.windows(2) {
            let before = pieces.len();
            resampler.process(&input[cut[0]..cut[1]], &mut pieces);
            prop_assert!(pieces.len() - before <= resampler.output_samples_max(cut[1] - cut[0]));
        }
        prop_assert_eq!(whole, pieces);
    }
}
