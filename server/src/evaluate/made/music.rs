//! Music from a seed: chords, a bass, a tune, sometimes drums; a band, a piano alone, or strings.

use std::f32::consts::TAU;

use fastrand::Rng;

use super::line::{RATE, pick, samples, within};

/// Steps of chords, in semitones from the key.
const CHORDS: [[i32; 4]; 4] = [[0, 7, 9, 5], [0, 5, 7, 0], [0, 9, 5, 7], [9, 5, 0, 7]];
const SCALE: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];

/// So many s of it, at an RMS of about 2,500; a loop of 24 to 48 s comes round.
pub(super) fn play(seconds: f32, seed: u64) -> Vec<f32> {
    let mut rng = Rng::with_seed(seed);
    let beat_s = 60.0 / within(&mut rng, 70.0, 140.0);
    let bars = ((24.0 + 24.0 * rng.f32()) / (4.0 * beat_s)) as usize;
    let style = rng.u8(0..3);
    let mut sound = vec![0.0; samples(bars as f32 * 4.0 * beat_s)];
    let key_hz = within(&mut rng, 110.0, 220.0);
    let chords = *pick(&mut rng, &CHORDS);
    let mut degree = 7_i32;
    for bar in 0..bars {
        let root = chords[bar % 4];
        let minor = matches!(root, 9 | 2 | 4);
        let at = |beat: f32| samples((bar as f32 * 4.0 + beat) * beat_s);
        let third = if minor { 3 } else { 4 };
        for interval in [0, third, 7] {
            let hz = pitch(key_hz, root + interval);
            match style {
                0 => note(&mut sound, at(0.0), 4.0 * beat_s, hz, 0.25, 1.2),
                1 => note(&mut sound, at(2.0), 2.0 * beat_s, hz, 0.3, 2.5),
                _ => note(&mut sound, at(0.0), 4.2 * beat_s, hz, 0.4, 0.05),
            }
        }
        for beat in 0..4 {
            if style == 0 {
                drum(&mut sound, at(beat as f32), beat % 2 == 1, &mut rng);
                let bass = pitch(key_hz / 2.0, root);
                note(&mut sound, at(beat as f32), beat_s, bass, 0.6, 4.0);
            }
            // A piano alone leaves out notes.
            for half in 0..2 {
                if rng.f32() < [0.7, 0.45, 0.3][usize::from(style)] {
                    degree = (degree + rng.i32(-2..=2)).clamp(3, 14);
                    let step = SCALE[degree as usize % 7] + 12 * (degree / 7);
                    let start = at(beat as f32 + 0.5 * half as f32);
                    let fades = [2.5, 2.0, 0.8][usize::from(style)];
                    note(&mut sound, start, 2.0 * beat_s, pitch(key_hz * 2.0, step), 0.5, fades);
                }
            }
        }
    }
    let power = sound.iter().map(|x| x * x).sum::<f32>() / sound.len() as f32;
    let gain = 2_500.0 / power.sqrt();
    let wanted = samples(seconds);
    sound.iter().cycle().take(wanted).map(|x| x * gain).collect()
}

fn pitch(from_hz: f32, semitones: i32) -> f32 {
    from_hz * 2_f32.powf(semitones as f32 / 12.0)
}

/// A note with five harmonics; `fades`: how fast, a second.
fn note(sound: &mut [f32], at: usize, seconds: f32, hz: f32, level: f32, fades: f32) {
    let count = samples(seconds).min(sound.len().saturating_sub(at));
    for (n, place) in sound[at.min(at + count)..at + count].iter_mut().enumerate() {
        let t = n as f32 / RATE;
        let ends = ((count - n) as f32 / 160.0).min(1.0) * (n as f32 / 60.0).min(1.0);
        let wave: f32 = (1..=5)
            .map(|harmonic| harmonic as f32)
            .filter(|harmonic| harmonic * hz < 3_400.0)
            .map(|harmonic| (TAU * harmonic * hz * t).sin() / (harmonic * harmonic))
            .sum();
        *place += level * ends * (-fades * t).exp() * wave;
    }
}

/// A drum, or a snare.
fn drum(sound: &mut [f32], at: usize, snare: bool, rng: &mut Rng) {
    for n in 0..samples(0.12).min(sound.len().saturating_sub(at)) {
        let t = n as f32 / RATE;
        let hit = if snare {
            0.5 * (rng.f32() - 0.5) * (-30.0 * t).exp()
        } else {
            (TAU * (150.0 - 500.0 * t) * t).sin() * (-25.0 * t).exp()
        };
        sound[at + n] += hit;
    }
}
