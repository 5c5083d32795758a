//! Rational ratios by a polyphase FIR: a Kaiser-windowed sinc computed at construction.
//!
//! The prototype runs at `from · up`, passes to 0.9 of the lower Nyquist frequency, and stops
//! (70 dB) from 1.1 of it: for 8 kHz, flat to 3.6 kHz and nothing that could alias below 3.6 kHz.

use super::to_sample;

/// Half the filter's length, in samples of the lower rate.
const HALF_WIDTH: usize = 22;
/// Kaiser's β for 70 dB of stop band.
const KAISER_BETA: f64 = 6.755;
/// Most input samples filtered in one go.
const BLOCK: usize = 480;

pub(super) struct Polyphase {
    up: usize,
    down: usize,
    /// Taps of one phase.
    taps: usize,
    /// `up` phases of `taps` coefficients, oldest input sample first.
    coefficients: Vec<f32>,
    /// The last `taps - 1` samples, then the block being filtered.
    window: Vec<f32>,
    /// Position of the next output, in steps of `1 / up` input samples from the next input sample.
    next: usize,
    delay_samples: usize,
}

impl Polyphase {
    pub(super) fn new(from_hz: u32, to_hz: u32) -> Self {
        let common = gcd(from_hz, to_hz);
        let (up, down) = ((to_hz / common) as usize, (from_hz / common) as usize);
        let half = HALF_WIDTH * up.max(down);
        let prototype = windowed_sinc(half, up.max(down));
        let taps = prototype.len().div_ceil(up);
        let mut coefficients = Vec::with_capacity(taps * up);
        for phase in 0..up {
            let of_phase = |tap: usize| prototype.get(phase + tap * up).copied().unwrap_or(0.0);
            let gain: f64 = (0..taps).map(of_phase).sum();
            coefficients.extend((0..taps).rev().map(|tap| (of_phase(tap) / gain) as f32));
        }
        Self {
            up,
            down,
            taps,
            coefficients,
            window: vec![0.0; taps - 1 + BLOCK],
            next: 0,
            delay_samples: half / down,
        }
    }

    pub(super) fn delay_samples(&self) -> usize {
        self.delay_samples
    }

    pub(super) fn process(&mut self, input: &[i16], out: &mut Vec<i16>) {
        for block in input.chunks(BLOCK) {
            let past = self.taps - 1;
            for (slot, sample) in self.window[past..].iter_mut().zip(block) {
                *slot = f32::from(*sample);
            }
            let end = block.len() * self.up;
            while self.next < end {
                let (at, phase) = (self.next / self.up, self.next % self.up);
                let heard = &self.window[at..at + self.taps];
                let filter = &self.coefficients[phase * self.taps..][..self.taps];
                out.push(to_sample(dot(heard, filter)));
                self.next += self.down;
            }
            self.next -= end;
            self.window.copy_within(block.len()..block.len() + past, 0);
        }
    }
}

/// Sum of products in eight lanes: always in the same order, so always the same sample.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_lanes, a_rest) = a.as_chunks::<8>();
    let (b_lanes, b_rest) = b.as_chunks::<8>();
    let mut lanes = [0.0f32; 8];
    for (x, y) in a_lanes.iter().zip(b_lanes) {
        for ((lane, x), y) in lanes.iter_mut().zip(x).zip(y) {
            *lane += x * y;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    lanes.iter().sum::<f32>() + rest
}

/// A low-pass of `2 · half + 1` taps with its corner at `1 / factor` of the Nyquist frequency.
fn windowed_sinc(half: usize, factor: usize) -> Vec<f64> {
    let at = |i: usize| i as f64 - half as f64;
    let window = |t: f64| {
        let x = t / (half as f64 + 0.5);
        bessel_i0(KAISER_BETA * (1.0 - x * x).max(0.0).sqrt()) / bessel_i0(KAISER_BETA)
    };
    (0..=2 * half)
        .map(|i| {
            let x = std::f64::consts::PI * at(i) / factor as f64;
            let sinc = if x == 0.0 { 1.0 } else { x.sin() / x };
            sinc * window(at(i))
        })
        .collect()
}

/// The modified Bessel function of order 0, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..40 {
        let half = x / (2.0 * f64::from(k));
        term *= half * half;
        sum += term;
    }
    sum
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
