//! Levels, pitch and likeness of sound at 8 kHz.

use std::f32::consts::TAU;

const FRAME: usize = 256;
const HOP: usize = 128;
/// Bands between 200 Hz and 3.6 kHz for comparing spectra.
const BANDS: usize = 20;

/// Level of the frames within 25 dB of the loudest.
pub(crate) fn speech_dbfs(samples: &[i16]) -> f32 {
    let powers: Vec<f32> = samples.chunks_exact(160).map(power).collect();
    let loudest = powers.iter().fold(0.0, |a: f32, b| a.max(*b));
    let speech: Vec<f32> = powers.into_iter().filter(|p| *p > loudest * 0.00316).collect();
    10.0 * (speech.iter().sum::<f32>() / speech.len() as f32).log10()
}

fn power(samples: &[i16]) -> f32 {
    samples.iter().map(|s| (f32::from(*s) / 32768.0).powi(2)).sum::<f32>() / samples.len() as f32
}

/// The middle of the pitches of voiced frames, by autocorrelation.
pub(crate) fn median_pitch_hz(samples: &[i16]) -> f32 {
    let mut pitches: Vec<f32> = samples.chunks_exact(480).filter_map(pitch_hz).collect();
    pitches.sort_by(f32::total_cmp);
    pitches.get(pitches.len() / 2).copied().unwrap_or_default()
}

fn pitch_hz(frame: &[i16]) -> Option<f32> {
    let x: Vec<f32> = frame.iter().map(|s| f32::from(*s) / 32768.0).collect();
    let at = |lag: usize| {
        let (a, b) = (&x[..x.len() - lag], &x[lag..]);
        let dot: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
        let norm: f32 = a.iter().map(|a| a * a).sum::<f32>() * b.iter().map(|b| b * b).sum::<f32>();
        dot / norm.sqrt().max(1e-6)
    };
    if power(frame) < 1e-4 {
        return None;
    }
    let best = (20..160).max_by(|a, b| at(*a).total_cmp(&at(*b)))?;
    // The shortest period that is about as good.
    let first = (20..=best).find(|lag| at(*lag) > 0.9 * at(best))?;
    (at(best) > 0.6).then_some(8000.0 / first as f32)
}

/// Without the silence at both ends.
pub(crate) fn trim(samples: &[i16]) -> &[i16] {
    let loud = |frame: &[i16]| power(frame) > 3e-5;
    let first = samples.chunks(80).position(loud).unwrap_or_default() * 80;
    let last = samples.chunks(80).rposition(loud).map_or(samples.len(), |last| (last + 1) * 80);
    &samples[first..last.min(samples.len())]
}

/// Mean distance of log spectra in bands, frame by frame, the shorter stretched to the longer, both
/// at their own mean level.
pub(crate) fn distance_db(a: &[i16], b: &[i16]) -> f64 {
    let (a, b) = (bands(a), bands(b));
    let (mut sum, mut count) = (0.0, 0);
    for (i, frame) in a.iter().enumerate() {
        let other = &b[i * b.len() / a.len()];
        for (x, y) in frame.iter().zip(other) {
            sum += f64::from((x - y).powi(2));
            count += 1;
        }
    }
    (sum / f64::from(count.max(1))).sqrt()
}

fn bands(samples: &[i16]) -> Vec<[f32; BANDS]> {
    let mut frames: Vec<[f32; BANDS]> = Vec::new();
    for start in (0..samples.len().saturating_sub(FRAME)).step_by(HOP) {
        let mut frame = [0.0; BANDS];
        for (band, level) in frame.iter_mut().enumerate() {
            // Goertzel at three places of a band.
            let low = 200.0 * 18.0_f32.powf(band as f32 / BANDS as f32);
            for part in 0..3 {
                let hz = low * 18.0_f32.powf(part as f32 / 3.0 / BANDS as f32);
                *level += goertzel(&samples[start..start + FRAME], hz);
            }
            *level = 10.0 * (*level + 1e-6).log10();
        }
        frames.push(frame);
    }
    let mean = frames.iter().flatten().sum::<f32>() / (frames.len() * BANDS).max(1) as f32;
    frames.iter_mut().flatten().for_each(|level| *level = (*level - mean).max(-30.0));
    frames
}

fn goertzel(samples: &[i16], hz: f32) -> f32 {
    let twice_cos = 2.0 * (TAU * hz / 8000.0).cos();
    let (mut one, mut two) = (0.0, 0.0);
    for (i, sample) in samples.iter().enumerate() {
        let window = 0.5 - 0.5 * (TAU * i as f32 / samples.len() as f32).cos();
        let next = f32::from(*sample) / 32768.0 * window + twice_cos * one - two;
        (two, one) = (one, next);
    }
    one * one + two * two - twice_cos * one * two
}

/// A 16-bit WAV file.
pub(crate) fn wav(samples: &[i16]) -> Vec<u8> {
    let bytes = samples.len() as u32 * 2;
    let mut file = Vec::with_capacity(44 + bytes as usize);
    file.extend(b"RIFF");
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(8000_u32.to_le_bytes());
    file.extend(16_000_u32.to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend(bytes.to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}
