//! Power spectrum of the last 64 ms, every 20 ms.
//!
//! Written out here instead of taken from a library that picks instructions at run time: sums would
//! differ by a rounding between processors, and a tape must replay the same on all of them.
//! Source: Stockham's autosort, radix 4 (Van Loan, "Computational Frameworks for the Fast Fourier
//! Transform", 1992, §1.7), and the usual split of a real transform into a complex one of half length.

use std::{f64::consts::PI, sync::LazyLock};

use super::STEP;

/// Samples looked at, 64 ms at 8 kHz.
pub(super) const WINDOW: usize = 512;
/// Bins from 0 to 4 kHz.
pub(super) const BINS: usize = WINDOW / 2;
/// Width of a bin, in Hz.
pub(super) const BIN_HZ: f32 = 8_000.0 / WINDOW as f32;
/// Full scale of a sine in one bin of [`Spectrum::power`], with Hann's window.
const FULL_SCALE: f32 = 32_768.0 * WINDOW as f32 / 4.0;

struct Tables {
    hann: [f32; WINDOW],
    /// e^(−2πik/BINS), for the stages.
    turn: [[f32; BINS]; 2],
    /// e^(−2πik/WINDOW), to part even from odd samples.
    half_turn: [[f32; BINS]; 2],
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let circle = |k: usize, of: usize| -2.0 * PI * k as f64 / of as f64;
    let turns = |of| {
        let part = |f: fn(f64) -> f64| std::array::from_fn(|k| f(circle(k, of)) as f32);
        [part(f64::cos), part(f64::sin)]
    };
    Tables {
        hann: std::array::from_fn(|n| (0.5 - 0.5 * circle(n, WINDOW).cos()) as f32),
        turn: turns(BINS),
        half_turn: turns(WINDOW),
    }
});

type Complex = [[f32; BINS]; 2];

/// The last 64 ms and what they are made of.
pub struct Spectrum {
    past: [f32; WINDOW],
    power: [f32; BINS],
}

impl Default for Spectrum {
    fn default() -> Self {
        Self::new()
    }
}

impl Spectrum {
    /// Of silence.
    pub fn new() -> Self {
        Self { past: [0.0; WINDOW], power: [0.0; BINS] }
    }

    /// Takes 20 ms; [`Self::transform`] looks at them.
    pub fn push(&mut self, step: &[i16; STEP]) {
        self.past.copy_within(STEP.., 0);
        for (place, sample) in self.past[WINDOW - STEP..].iter_mut().zip(step) {
            *place = f32::from(*sample);
        }
    }

    /// Power of each of the 256 bins from 0 to 4 kHz, as of the last [`Self::transform`]; 1 is a sine at full scale.
    pub fn power(&self) -> &[f32; 256] {
        &self.power
    }

    /// Samples of the window, oldest first.
    pub(super) fn past(&self) -> &[f32; WINDOW] {
        &self.past
    }

    /// Brings [`Self::power`] up to date.
    pub fn transform(&mut self) {
        let tables = &*TABLES;
        let mut a: Complex = [[0.0; BINS]; 2];
        let [evens, odds] = &mut a;
        let pairs = self.past.chunks_exact(2).zip(tables.hann.chunks_exact(2));
        for ((even, odd), (sound, hann)) in evens.iter_mut().zip(odds).zip(pairs) {
            (*even, *odd) = (sound[0] * hann[0], sound[1] * hann[1]);
        }
        let mut b: Complex = [[0.0; BINS]; 2];
        stage::<1>(&a, &mut b, &tables.turn);
        stage::<4>(&b, &mut a, &tables.turn);
        stage::<16>(&a, &mut b, &tables.turn);
        stage::<64>(&b, &mut a, &tables.turn);
        let scale = 1.0 / (FULL_SCALE * FULL_SCALE);
        for k in 0..BINS {
            let mirrored = (BINS - k) % BINS;
            let (re, im) = (a[0][k], a[1][k]);
            let (re_m, im_m) = (a[0][mirrored], -a[1][mirrored]);
            let even = [0.5 * (re + re_m), 0.5 * (im + im_m)];
            // (z − z*) / 2i
            let odd = [0.5 * (im - im_m), -0.5 * (re - re_m)];
            let (c, s) = (tables.half_turn[0][k], tables.half_turn[1][k]);
            let x = even[0] + odd[0] * c - odd[1] * s;
            let y = even[1] + odd[0] * s + odd[1] * c;
            self.power[k] = (x * x + y * y) * scale;
        }
    }
}

/// One pass of the transform; `S` is how far it has come.
fn stage<const S: usize>(from: &Complex, to: &mut Complex, turn: &[[f32; BINS]; 2]) {
    let quarter = BINS / S / 4;
    let [from_re, from_im] = from;
    let [to_re, to_im] = to;
    for p in 0..quarter {
        let w = |times: usize| (turn[0][p * S * times], turn[1][p * S * times]);
        let (w1, w2, w3) = (w(1), w(2), w(3));
        for q in 0..S {
            let at = |part: usize| {
                let at = q + S * (p + quarter * part);
                (from_re[at], from_im[at])
            };
            let (a, b, c, d) = (at(0), at(1), at(2), at(3));
            let (sum, difference) = ((a.0 + c.0, a.1 + c.1), (a.0 - c.0, a.1 - c.1));
            let (sum_bd, turned) = ((b.0 + d.0, b.1 + d.1), (b.1 - d.1, d.0 - b.0));
            let outs = [
                (sum.0 + sum_bd.0, sum.1 + sum_bd.1),
                (difference.0 + turned.0, difference.1 + turned.1),
                (sum.0 - sum_bd.0, sum.1 - sum_bd.1),
                (difference.0 - turned.0, difference.1 - turned.1),
            ];
            let mut put = |part: usize, (re, im): (f32, f32), w: (f32, f32)| {
                let at = q + S * (4 * p + part);
                to_re[at] = re * w.0 - im * w.1;
                to_im[at] = re * w.1 + im * w.0;
            };
            put(0, outs[0], (1.0, 0.0));
            put(1, outs[1], w1);
            put(2, outs[2], w2);
            put(3, outs[3], w3);
        }
    }
}

/// Sum of products, eight at a time: a sum in strict order cannot use wide instructions.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// Logarithm to base 2 of a positive number, within 0.01: from the exponent and a parabola.
pub(super) fn log2(value: f32) -> f32 {
    let bits = value.to_bits();
    let exponent = (bits >> 23) as i32 - 127;
    let mantissa = f32::from_bits(bits & 0x007F_FFFF | 0x3F80_0000);
    exponent as f32 + (-0.344_845 * mantissa + 2.024_658) * mantissa - 1.674_873
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hz: f64, amplitude: f64) -> Spectrum {
        let mut spectrum = Spectrum::new();
        for block in 0..4 {
            spectrum.push(&std::array::from_fn(|n| {
                let t = (block * STEP + n) as f64 / 8_000.0;
                (amplitude * (2.0 * PI * hz * t).sin()) as i16
            }));
        }
        spectrum.transform();
        spectrum
    }

    #[test]
    fn a_sine_is_in_its_bin_with_its_power() {
        for (hz, amplitude) in [(500.0, 32_000.0), (1_000.0, 3_200.0), (3_000.0, 320.0)] {
            let spectrum = sine(hz, amplitude);
            let bin = (hz as f32 / BIN_HZ) as usize;
            let power: f32 = spectrum.power[bin];
            let expected = (amplitude as f32 / 32_768.0).powi(2);
            assert!((power / expected - 1.0).abs() < 0.02, "{hz} Hz: {power} for {expected}");
            let rest: f32 = spectrum.power.iter().sum::<f32>()
                - spectrum.power[bin - 1..=bin + 1].iter().sum::<f32>();
            assert!(rest < 1e-4 * expected, "{hz} Hz: {rest} elsewhere");
        }
    }

    #[test]
    fn agrees_with_the_definition() {
        let mut spectrum = Spectrum::new();
        let mut seed = 7u32;
        for _ in 0..4 {
            spectrum.push(&std::array::from_fn(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 16) as i16
            }));
        }
        spectrum.transform();
        for k in [0, 1, 2, 17, 100, 128, 200, 255] {
            let (mut re, mut im) = (0.0, 0.0);
            for (n, (x, w)) in spectrum.past.iter().zip(&TABLES.hann).enumerate() {
                let angle = -2.0 * PI * (k * n) as f64 / WINDOW as f64;
                re += f64::from(x * w) * angle.cos();
                im += f64::from(x * w) * angle.sin();
            }
            let expected = ((re * re + im * im) / f64::from(FULL_SCALE).powi(2)) as f32;
            let found = spectrum.power[k];
            assert!((found - expected).abs() < 1e-4 * expected + 1e-9, "{k}: {found} {expected}");
        }
    }

    #[test]
    fn logarithms_are_near_enough() {
        for value in [1e-9_f32, 1e-4, 0.3, 1.0, 1.4, 1.999, 77.0, 1e9] {
            assert!((log2(value) - value.log2()).abs() < 0.012, "{value}");
        }
    }
}
