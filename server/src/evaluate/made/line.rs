//! What lines do to sound, and tones: level, echo, noise, µ-law. All from a seed.

use std::f32::consts::TAU;

use fastrand::Rng;
use media::codec::g711::{mulaw_decode, mulaw_encode};

/// Samples a second.
pub(super) const RATE: f32 = 8_000.0;

/// So many s in samples.
pub(super) fn samples(seconds: f32) -> usize {
    (seconds * RATE) as usize
}

/// Somewhere from `from` to `to`.
pub(super) fn within(rng: &mut Rng, from: f32, to: f32) -> f32 {
    from + (to - from) * rng.f32()
}

/// One of them.
pub(super) fn pick<'a, T>(rng: &mut Rng, from: &'a [T]) -> &'a T {
    &from[rng.usize(..from.len())]
}

/// Sines together for so many s, with ramps of 5 ms.
pub(super) fn tone(hz: &[f32], seconds: f32, level: f32) -> Vec<f32> {
    let count = samples(seconds);
    (0..count)
        .map(|n| {
            let ramp = (n.min(count - n) as f32 / 40.0).min(1.0);
            let sum: f32 = hz.iter().map(|hz| (TAU * hz * n as f32 / RATE).sin()).sum();
            ramp * level * sum
        })
        .collect()
}

/// The same at this RMS, of its loud parts.
pub(super) fn at_level(sound: &[i16], rms: f32) -> Vec<f32> {
    let mut powers: Vec<f32> = sound
        .chunks(400)
        .map(|part| part.iter().map(|s| f32::from(*s).powi(2)).sum::<f32>() / part.len() as f32)
        .collect();
    powers.sort_by(f32::total_cmp);
    let loud = &powers[powers.len() / 2..];
    let mean = (loud.iter().sum::<f32>() / loud.len().max(1) as f32).sqrt().max(1.0);
    sound.iter().map(|s| f32::from(*s) * rms / mean).collect()
}

/// A line: some are quiet, some echo, all hiss and are µ-law. `noise_dbfs` before and after `changes_at`, in samples.
pub(super) fn carry(
    sound: &[f32],
    noise_dbfs: [f32; 2],
    changes_at: usize,
    rng: &mut Rng,
) -> Vec<i16> {
    let gain = 10_f32.powf(within(rng, -12.0, 0.0) / 20.0);
    let echo = rng.f32() < 0.3;
    let late = samples(within(rng, 0.02, 0.06));
    let levels = noise_dbfs.map(|dbfs| 32_768.0 * 10_f32.powf(dbfs / 20.0) * 1.7);
    let mut before = 0.0;
    (0..sound.len())
        .map(|at| {
            let back = if echo && at >= late { 0.12 * sound[at - late] } else { 0.0 };
            // Low-passed a little, as lines are.
            let hiss = (0..4).map(|_| rng.f32() - 0.5).sum::<f32>();
            let noise = levels[usize::from(at >= changes_at)] * 0.5 * (hiss + before);
            before = hiss;
            let value = gain * (sound[at] + back) + noise;
            mulaw_decode(mulaw_encode(value.clamp(-32_000.0, 32_000.0) as i16))
        })
        .collect()
}
