//! Sounds made from nothing: something like speech, coughs, clicks, noise. 8 kHz mono, from a seed.

use std::f32::consts::TAU;

use fastrand::Rng;

/// Samples per second of everything here.
pub const RATE_HZ: u32 = 8_000;
/// Samples in a callee's frame: 20 ms.
pub const FRAME_SAMPLES: usize = 160;

/// Samples in `ms`.
pub const fn samples_in(ms: u32) -> usize {
    ms as usize * RATE_HZ as usize / 1000
}

/// Something a voice detector takes for speech: a voiced sound with syllables of 160–260 ms, moving
/// pitch and formants, at about −18 dBFS. It begins within its first few samples.
pub fn burst(ms: u32, seed: u64) -> Vec<i16> {
    let mut rng = Rng::with_seed(seed);
    let mut samples = Vec::with_capacity(samples_in(ms));
    let (mut phase, mut left, mut length) = (0.0_f32, 0_usize, 1_usize);
    let (mut pitch_hz, mut formants_hz) = (120.0_f32, [500.0_f32, 1500.0]);
    while samples.len() < samples_in(ms) {
        if left == 0 {
            length = samples_in(rng.u32(160..260));
            left = length;
            pitch_hz = 100.0 + 60.0 * rng.f32();
            formants_hz = [350.0 + 400.0 * rng.f32(), 1000.0 + 1200.0 * rng.f32()];
        }
        let done = 1.0 - left as f32 / length as f32;
        phase = (phase + pitch_hz * (1.0 - 0.1 * done) / RATE_HZ as f32).fract();
        // Harmonics of the pitch under two formants.
        let mut value = 0.0;
        for harmonic in 1..=(3_300.0 / pitch_hz) as u32 {
            let hz = harmonic as f32 * pitch_hz;
            let near =
                formants_hz.iter().map(|f| 1.0 / (1.0 + ((hz - f) / 150.0).powi(2))).sum::<f32>();
            value += (0.08 + near) * (TAU * phase * harmonic as f32).sin();
        }
        let envelope = (done * 12.0).min(1.0).min((1.0 - done) * 6.0).max(0.12);
        samples.push((value * envelope * 3_200.0).clamp(-30_000.0, 30_000.0) as i16);
        left -= 1;
    }
    samples
}

/// A cough: two short explosions of noise, 280 ms, loud.
pub fn cough(seed: u64) -> Vec<i16> {
    let mut rng = Rng::with_seed(seed);
    let mut smooth = 0.0;
    (0..samples_in(280))
        .map(|i| {
            let t_ms = i as f32 / 8.0;
            let first = (-t_ms / 35.0).exp();
            let second = if t_ms > 130.0 { 0.6 * (-(t_ms - 130.0) / 45.0).exp() } else { 0.0 };
            smooth = 0.5 * smooth + 0.5 * (rng.f32() * 2.0 - 1.0);
            (smooth * (first + second) * 16_000.0) as i16
        })
        .collect()
}

/// A click: 3 ms of ringing.
pub fn click() -> Vec<i16> {
    (0..samples_in(3))
        .map(|i| {
            (20_000.0 * (-(i as f32) / 5.0).exp() * if i % 2 == 0 { 1.0 } else { -0.8 }) as i16
        })
        .collect()
}

/// Noise of the line at about −38 dBFS.
pub fn line_noise(ms: u32, seed: u64) -> Vec<i16> {
    let mut rng = Rng::with_seed(seed);
    (0..samples_in(ms)).map(|_| ((rng.f32() * 2.0 - 1.0) * 700.0) as i16).collect()
}

/// A sine.
pub fn tone(hz: f32, ms: u32, dbfs: f32) -> Vec<i16> {
    let amplitude = 32_767.0 * 10_f32.powf(dbfs / 20.0);
    (0..samples_in(ms))
        .map(|i| (amplitude * (TAU * hz * i as f32 / RATE_HZ as f32).sin()) as i16)
        .collect()
}

/// A tone of the telephone, once through its cadence: its name in [`dtmf::tone::ALL`].
pub fn cadence(name: &str) -> Option<Vec<i16>> {
    let (_, cadence) = dtmf::tone::ALL.iter().find(|(known, _)| *known == name)?;
    let mut samples = vec![0; samples_in(cadence.parts.iter().map(|part| part.ms).sum())];
    dtmf::tone::Tones::new(*cadence, RATE_HZ).fill(&mut samples);
    Some(samples)
}

/// RMS level in dBFS of a full-scale square wave; silence is −96.
pub fn level_dbfs(samples: &[i16]) -> f32 {
    if samples.is_empty() {
        return -96.0;
    }
    let power = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum::<f64>();
    let rms = (power / samples.len() as f64).sqrt() / 32_768.0;
    (20.0 * rms.max(1.6e-5).log10()) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sounds_have_their_length_and_level() {
        let table = [
            (burst(1_000, 1), 8_000, -26.0..-12.0),
            (cough(1), 2_240, -32.0..-10.0),
            (click(), 24, -20.0..-3.0),
            (line_noise(500, 1), 4_000, -42.0..-34.0),
            (tone(440.0, 100, -10.0), 800, -13.5..-12.5),
        ];
        for (index, (samples, length, level)) in table.into_iter().enumerate() {
            assert_eq!(samples.len(), length, "{index}");
            let got = level_dbfs(&samples);
            assert!(level.contains(&got), "{index}: {got}");
        }
        assert_eq!(level_dbfs(&[0; 10]).round(), -96.0);
    }

    #[test]
    fn the_same_seed_sounds_the_same() {
        assert_eq!(burst(300, 7), burst(300, 7));
        assert_ne!(burst(300, 7), burst(300, 8));
    }

    #[test]
    fn a_burst_begins_at_once() {
        let samples = burst(200, 3);
        assert!(level_dbfs(&samples[..160]) > -45.0, "{}", level_dbfs(&samples[..160]));
    }
}
