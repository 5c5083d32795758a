//! Which lines a window of sound holds: a Hann window of 32 ms, a Fourier transform of 256 real samples as one of 128
//! complex ones, the strongest peak and the next.

use std::f32::consts::{PI, TAU};

use crate::detector::RATE_HZ;

/// Samples in one window.
pub(super) const WINDOW: usize = 256;
/// Samples from one window to the next.
pub(super) const HOP: usize = 128;

const HALF: usize = WINDOW / 2;
/// Width of a bin, in Hz.
const BIN_HZ: f32 = RATE_HZ as f32 / WINDOW as f32;
/// Bins counted as sound: mains hum lies below.
const LOWEST: usize = 4;
/// Bins in which lines are looked for: 312 to 2,125 Hz.
const PEAKS: std::ops::RangeInclusive<usize> = 10..=68;
/// A line in a Hann window spreads over so many bins to either side.
const LOBE: usize = 2;
/// Peaks this near to each other, in bins, are one group of lines (94 Hz).
const GROUP: usize = 3;
/// The next peak counts from this share of the strongest on (−13 dB).
const SECOND_MIN: f32 = 0.05;

/// A group of lines nearer to each other than the window can part.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Line {
    /// Its middle, in Hz.
    pub(super) hz: f32,
    /// Mean square distance from the middle, in Hz²; 330 for a single line.
    pub(super) spread: f32,
    /// Energy, in squared units of the transform.
    pub(super) energy: f32,
}

/// What one window holds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    /// Energy of everything.
    pub(super) total: f32,
    /// The strongest line.
    pub(super) first: Line,
    /// The next one, if it is strong enough.
    pub(super) second: Option<Line>,
}

/// Looks at windows. Holds the constants of the transform and its working memory.
#[derive(Clone, Debug)]
pub(super) struct Spectrum {
    hann: [f32; WINDOW],
    /// Where each input of the transform goes.
    place: [u8; HALF],
    /// Turns of the stages of 8, 16, … 128 points, one after the other.
    turn_re: [f32; HALF],
    turn_im: [f32; HALF],
    /// Turns that part the spectrum of real samples from that of the complex ones.
    part_re: [f32; HALF],
    part_im: [f32; HALF],
    re: [f32; HALF],
    im: [f32; HALF],
    power: [f32; HALF],
}

impl Spectrum {
    pub(super) fn new() -> Self {
        let mut turn_re = [0.0; HALF];
        let mut turn_im = [0.0; HALF];
        let mut half = 4;
        while half < HALF {
            for at in 0..half {
                let angle = -PI * at as f32 / half as f32;
                (turn_re[half + at], turn_im[half + at]) = (angle.cos(), angle.sin());
            }
            half *= 2;
        }
        let part = |k: usize| TAU * k as f32 / WINDOW as f32;
        Self {
            hann: std::array::from_fn(|n| 0.5 - 0.5 * (TAU * n as f32 / WINDOW as f32).cos()),
            place: std::array::from_fn(|n| (n as u8).reverse_bits() >> 1),
            turn_re,
            turn_im,
            part_re: std::array::from_fn(|k| part(k).cos()),
            part_im: std::array::from_fn(|k| -part(k).sin()),
            re: [0.0; HALF],
            im: [0.0; HALF],
            power: [0.0; HALF],
        }
    }

    /// Looks at one window.
    pub(super) fn look(&mut self, window: &[f32; WINDOW]) -> Look {
        let pairs = window.as_chunks::<2>().0.iter().zip(self.hann.as_chunks::<2>().0);
        for ((samples, hann), &place) in pairs.zip(&self.place) {
            self.re[usize::from(place)] = samples[0] * hann[0];
            self.im[usize::from(place)] = samples[1] * hann[1];
        }
        self.transform();
        self.part();
        let total: f32 = self.power[LOWEST..].iter().sum();
        let first_at = self.peak(PEAKS, None);
        let second_at = self.peak(PEAKS, Some(first_at));
        let mut first = self.line(first_at, None);
        let second = self.line(second_at, Some(first_at));
        if second.energy < SECOND_MIN * first.energy {
            return Look { total, first, second: None };
        }
        if first_at.abs_diff(second_at) <= GROUP {
            first = together(first, second);
            return Look { total, first, second: None };
        }
        Look { total, first, second: Some(second) }
    }

    /// The transform of 128 points in place, inputs in bit-reversed order: stages of 2 and 4 points at once, then
    /// those of 8 to 128.
    fn transform(&mut self) {
        for (re, im) in self.re.as_chunks_mut::<4>().0.iter_mut().zip(self.im.as_chunks_mut().0) {
            four_points(re, im);
        }
        let mut half = 4;
        while half < HALF {
            let (cos, sin) = (&self.turn_re[half..2 * half], &self.turn_im[half..2 * half]);
            let blocks = self.re.chunks_exact_mut(2 * half).zip(self.im.chunks_exact_mut(2 * half));
            for (re, im) in blocks {
                let (re, re_far) = re.split_at_mut(half);
                let (im, im_far) = im.split_at_mut(half);
                for at in 0..half {
                    let turned_re = re_far[at] * cos[at] - im_far[at] * sin[at];
                    let turned_im = re_far[at] * sin[at] + im_far[at] * cos[at];
                    re_far[at] = re[at] - turned_re;
                    im_far[at] = im[at] - turned_im;
                    re[at] += turned_re;
                    im[at] += turned_im;
                }
            }
            half *= 2;
        }
    }

    /// Powers of the real samples' bins 1 to 127.
    fn part(&mut self) {
        for k in 1..HALF {
            let (re, im) = (self.re[k], self.im[k]);
            let (far_re, far_im) = (self.re[HALF - k], self.im[HALF - k]);
            let (even_re, even_im) = (re + far_re, im - far_im);
            let (odd_re, odd_im) = (im + far_im, far_re - re);
            let (cos, sin) = (self.part_re[k], self.part_im[k]);
            let whole_re = even_re + odd_re * cos - odd_im * sin;
            let whole_im = even_im + odd_re * sin + odd_im * cos;
            self.power[k] = 0.25 * (whole_re * whole_re + whole_im * whole_im);
        }
    }

    /// The strongest bin, outside of what belongs to `other`.
    fn peak(&self, bins: std::ops::RangeInclusive<usize>, other: Option<usize>) -> usize {
        let mut best = *bins.start();
        let mut highest = -1.0;
        for bin in bins {
            let near = other.is_some_and(|other| other.abs_diff(bin) <= LOBE);
            if self.power[bin] > highest && !near {
                (best, highest) = (bin, self.power[bin]);
            }
        }
        best
    }

    /// The line around a bin; what belongs to the line at `other` is not counted again.
    fn line(&self, bin: usize, other: Option<usize>) -> Line {
        let (mut energy, mut first, mut second) = (0.0, 0.0, 0.0);
        for at in bin - LOBE..=bin + LOBE {
            if other.is_some_and(|other| other.abs_diff(at) <= LOBE) {
                continue;
            }
            let off = (at as f32 - bin as f32) * BIN_HZ;
            energy += self.power[at];
            first += off * self.power[at];
            second += off * off * self.power[at];
        }
        let mean = first / energy.max(f32::MIN_POSITIVE);
        let spread = second / energy.max(f32::MIN_POSITIVE) - mean * mean;
        Line { hz: bin as f32 * BIN_HZ + mean, spread, energy }
    }
}

/// Two groups of lines as one.
pub(super) fn together(one: Line, other: Line) -> Line {
    let energy = one.energy + other.energy;
    let share = one.energy / energy.max(f32::MIN_POSITIVE);
    let apart = one.hz - other.hz;
    Line {
        hz: other.hz + share * apart,
        spread: share * one.spread
            + (1.0 - share) * other.spread
            + share * (1.0 - share) * apart * apart,
        energy,
    }
}

/// A transform of four points, inputs in bit-reversed order.
fn four_points(re: &mut [f32; 4], im: &mut [f32; 4]) {
    let ([a, b, c, d], [e, f, g, h]) = (*re, *im);
    let (sum, off, far_sum, far_off) = (a + b, a - b, c + d, c - d);
    let (sum_im, off_im, far_sum_im, far_off_im) = (e + f, e - f, g + h, g - h);
    *re = [sum + far_sum, off + far_off_im, sum - far_sum, off - far_off_im];
    *im = [sum_im + far_sum_im, off_im - far_off, sum_im - far_sum_im, off_im + far_off];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(parts: &[(f32, f32)]) -> [f32; WINDOW] {
        std::array::from_fn(|n| {
            parts.iter().map(|(hz, size)| size * (TAU * hz * n as f32 / 8_000.0).sin()).sum()
        })
    }

    #[test]
    fn the_transform_is_the_sum_it_stands_for() {
        let mut seed = 1u32;
        let sound: [f32; WINDOW] = std::array::from_fn(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) as f32 - 32_768.0
        });
        let mut spectrum = Spectrum::new();
        spectrum.look(&sound);
        for k in 1..HALF {
            let (mut re, mut im) = (0.0f64, 0.0f64);
            for (n, x) in sound.iter().enumerate() {
                let angle = std::f64::consts::TAU * (k * n % WINDOW) as f64 / WINDOW as f64;
                let x = f64::from(x * spectrum.hann[n]);
                re += x * angle.cos();
                im -= x * angle.sin();
            }
            let exact = re * re + im * im;
            let off = (f64::from(spectrum.power[k]) - exact).abs() / exact.max(1e6);
            assert!(off < 1e-3, "bin {k}: {} for {exact}", spectrum.power[k]);
        }
    }

    #[test]
    fn lines_are_found_to_the_hertz() {
        let mut spectrum = Spectrum::new();
        for hz in [350.0, 425.0, 913.8, 1_000.0, 1_370.6, 2_000.0, 2_100.0] {
            let look = spectrum.look(&window(&[(hz, 1_000.0)]));
            assert!((look.first.hz - hz).abs() < 1.5 && look.second.is_none(), "{hz}: {look:?}");
            assert!(look.first.energy > 0.99 * look.total, "{hz}: {look:?}");
            assert!((look.first.spread - 330.0).abs() < 60.0, "{hz}: {look:?}");
        }
        let look = spectrum.look(&window(&[(480.0, 1_000.0), (620.0, 900.0)]));
        let second = look.second.expect("two lines");
        assert!((look.first.hz - 480.0).abs() < 4.0 && (second.hz - 620.0).abs() < 4.0);
        let look = spectrum.look(&window(&[(350.0, 1_000.0), (440.0, 1_000.0)]));
        assert!((look.first.hz - 395.0).abs() < 20.0 && look.second.is_none(), "{look:?}");
        assert!(look.first.spread > 1_200.0, "{look:?}");
    }
}
