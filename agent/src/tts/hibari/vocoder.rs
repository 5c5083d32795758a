//! Spectra to sound, frame by frame, at the telephone's own 8 kHz.
//!
//! The net was trained with a 24 kHz vocoder: a band-limited pulse train at the pitch, a
//! 1,200-sample Hann window every 300 samples, and
//! `S = exp(h)·e^{iπ·tanh(θ)}·STFT(pulses) + exp(n)·Z + exp(r)·e^{iφ}`, then an inverse STFT. Its
//! bins are 20 Hz apart, so the first 200 of them are exactly the spectrum of a 400-sample window
//! every 100 samples at 8 kHz. Leaving the rest out is the low-pass; what is kept is tapered
//! towards 4 kHz. That costs a third and needs no resampler.
//!
//! Two things make one net sound like several people. A longer throat lowers all frequencies alike:
//! the same spectra are laid over a longer hop, which is playing the sound slower without being
//! slower (the net is asked for a faster pace to make up for it). A lower pitch beyond that takes
//! the envelope over the tops of the harmonics and lays it over a pulse train of the new pitch.

use std::{collections::VecDeque, f32::consts::TAU, sync::Arc};

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex, num_complex::Complex};

use super::{net::Spectra, voice::Timbre};

/// The hop at which the net's frequencies stay as they are.
pub(super) const HOP_NATURAL: usize = 100;
const RATE_HZ: f32 = 8000.0;
/// Hz from bin to bin, in the net's own frequencies.
const BIN_HZ: f32 = 20.0;
/// The inverse transform's norm is that of the net's own, longer window.
const INVERSE_NORM: f32 = 1.0 / 1200.0;
/// Gains are clipped at e^7.
const LOG_GAIN_MAX: f32 = 7.0;
/// Under this pitch there is no voice.
const VOICED_HZ_MIN: f32 = 40.0;
/// Harmonics end here.
const HARMONIC_HZ_MAX: f32 = 3950.0;
/// What is under this is silent: no telephone carries it.
const LOW_HZ: f32 = 60.0;
/// The taper towards 4 kHz begins here.
const TAPER_HZ: f32 = 3500.0;
/// Energy of a Hann window's main lobe around a harmonic of unit amplitude.
const LOBE_ENERGY: f32 = 1.5;
/// Where the limiter begins to bend, of full scale.
const KNEE: f32 = 0.6;

/// The transforms, the window and the taper of one hop: planned once, shared by all.
pub(super) struct Tables {
    hop: usize,
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    window: Vec<f32>,
    /// A factor for each bin up to 4 kHz.
    taper: Vec<f32>,
}

impl Tables {
    pub(super) fn new(hop: usize) -> Self {
        let length = 4 * hop;
        let mut planner = RealFftPlanner::new();
        let hann = |i| 0.5 - 0.5 * (TAU * i as f32 / length as f32).cos();
        let taper = |bin| {
            let hz = bin as f32 * RATE_HZ / length as f32;
            let over = ((hz - TAPER_HZ) / (RATE_HZ / 2.0 - TAPER_HZ)).clamp(0.0, 1.0);
            if hz < LOW_HZ { 0.0 } else { 0.5 + 0.5 * (TAU / 2.0 * over).cos() }
        };
        Self {
            hop,
            forward: planner.plan_fft_forward(length),
            inverse: planner.plan_fft_inverse(length),
            window: (0..length).map(hann).collect(),
            taper: (0..=2 * hop).map(taper).collect(),
        }
    }
}

/// One piece of text on its way to sound.
pub(super) struct Vocoder {
    tables: Arc<Tables>,
    spectra: Spectra,
    timbre: Timbre,
    noise: Noise,
    /// The next frame to transform.
    frame: usize,
    /// The next block of a hop's samples to give out; `end_block` is where the sound ends.
    block: usize,
    end_block: usize,
    /// The source as the net expects it, and at the pitch it shall be spoken with.
    natural: Pulses,
    shifted: Pulses,
    /// Sums of the windows, from the beginning of block `block`.
    sums: VecDeque<f32>,
    bins: Vec<Complex<f32>>,
    /// The harmonic part's filter for the current frame.
    filter: Vec<Complex<f32>>,
    short: Vec<f32>,
}

impl Vocoder {
    /// Sound of the frames from `from` to `to` (clipped to what there is).
    pub(super) fn new(
        tables: Arc<Tables>,
        spectra: Spectra,
        timbre: Timbre,
        seed: u64,
        (from, to): (usize, usize),
    ) -> Self {
        let end_block = to.min(spectra.frames);
        let block = from.min(end_block);
        let bins = vec![Complex::default(); tables.taper.len()];
        Self {
            natural: Pulses::new(tables.hop, 1.0),
            shifted: Pulses::new(tables.hop, timbre.pitch),
            filter: bins.clone(),
            short: vec![0.0; tables.window.len()],
            bins,
            sums: VecDeque::with_capacity(2 * tables.window.len()),
            tables,
            spectra,
            timbre,
            noise: Noise(seed | 1),
            frame: block.saturating_sub(1),
            block,
            end_block,
        }
    }

    /// Whether everything was given out.
    pub(super) fn is_done(&self) -> bool {
        self.block >= self.end_block
    }

    /// Appends up to `blocks` blocks, 12.5 ms each at the natural hop.
    pub(super) fn render(&mut self, blocks: usize, into: &mut Vec<i16>) {
        for _ in 0..blocks {
            if self.is_done() {
                return;
            }
            while self.frame < self.spectra.frames && self.frame <= self.block + 2 {
                self.transform();
                self.frame += 1;
            }
            self.give(into);
        }
    }

    /// One frame: shapes its spectrum and adds its window to the sums.
    fn transform(&mut self) {
        let hop = self.tables.hop as isize;
        let start = (self.frame as isize - 2) * hop;
        if self.timbre.pitch == 1.0 {
            self.filter_as_it_is();
        } else {
            self.natural.fill(start, &self.spectra.f0_hz);
            source(&self.tables, &self.natural, &mut self.short, &mut self.bins);
            self.filter_over_tops();
        }
        self.shifted.fill(start, &self.spectra.f0_hz);
        source(&self.tables, &self.shifted, &mut self.short, &mut self.bins);
        for bin in 0..self.bins.len() {
            let taper = self.tables.taper[bin];
            let voice = self.bins[bin] * self.filter[bin];
            let at = bin * self.spectra.frames + self.frame;
            let rest = Complex::from_polar(gain(self.spectra.residual[at]), self.spectra.phi[at]);
            let breath = self.noise.complex() * gain(self.spectra.noise[at]);
            self.bins[bin] = (voice + rest + breath) * taper;
        }
        // The lengths are those the transform was planned for, and the outer bins are tapered to 0.
        let _ = self.tables.inverse.process(&mut self.bins, &mut self.short);
        let ahead = start - self.block as isize * hop;
        let (skip, cut) = (ahead.max(0) as usize, (-ahead).max(0) as usize);
        if self.sums.len() < skip + self.short.len() - cut {
            self.sums.resize(skip + self.short.len() - cut, 0.0);
        }
        let windowed = self.short.iter().zip(&self.tables.window).skip(cut);
        for (sum, (x, w)) in self.sums.iter_mut().skip(skip).zip(windowed) {
            *sum += x * w * INVERSE_NORM;
        }
    }

    fn filter_as_it_is(&mut self) {
        for (bin, filter) in self.filter.iter_mut().enumerate() {
            let at = bin * self.spectra.frames + self.frame;
            let turn = self.spectra.theta[at].tanh() * TAU / 2.0;
            *filter = Complex::from_polar(gain(self.spectra.harmonic[at]), turn);
        }
    }

    /// The filter that gives every harmonic of a new pitch the level the envelope has there. `bins`
    /// holds the source as the net expects it.
    fn filter_over_tops(&mut self) {
        let spacing = self.spectra.f0_hz[self.frame] / BIN_HZ;
        if spacing <= VOICED_HZ_MIN / BIN_HZ {
            self.filter_as_it_is();
            return;
        }
        let (frames, last) = (self.spectra.frames, self.bins.len() - 1);
        let (mut before, mut turn) = (0.0, 0.0);
        let mut from = 0;
        for harmonic in 1.. {
            let top = harmonic as f32 * spacing;
            let (low, high) = (top - spacing / 2.0, (top + spacing / 2.0).min(last as f32));
            if low >= last as f32 || from > last {
                break;
            }
            let energy: f32 = (low.ceil() as usize..=high as usize)
                .map(|bin| {
                    let at = bin * frames + self.frame;
                    self.bins[bin].norm_sqr() * gain(self.spectra.harmonic[at]).powi(2)
                })
                .sum();
            let level = 0.5 * (energy / LOBE_ENERGY).max(1e-9).ln();
            let near = (top.round() as usize).min(last);
            let next = self.spectra.theta[near * frames + self.frame].tanh() * TAU / 2.0;
            if harmonic == 1 {
                (before, turn) = (level, next);
            }
            let to = (top.floor() as usize).min(last);
            for bin in from..=to {
                let part = (1.0 - (top - bin as f32) / spacing).clamp(0.0, 1.0);
                let turn = if part < 0.5 { turn } else { next };
                self.filter[bin] =
                    Complex::from_polar(gain(before + (level - before) * part), turn);
            }
            (before, turn, from) = (level, next, to + 1);
        }
        for filter in self.filter.iter_mut().skip(from) {
            *filter = Complex::from_polar(gain(before), turn);
        }
    }

    /// Gives out the block that is complete.
    fn give(&mut self, into: &mut Vec<i16>) {
        let (block, hop) = (self.block, self.tables.hop);
        for i in 0..hop {
            let sum = self.sums.pop_front().unwrap_or_default();
            // The frames whose windows lie over this block: from one before it to two after it.
            let over = (0..4).filter(|k| {
                let frame = (block + 2).checked_sub(*k);
                frame.is_some_and(|frame| frame < self.spectra.frames)
            });
            let norm: f32 = over.map(|k| self.tables.window[k * hop + i].powi(2)).sum();
            let x = sum / norm.max(1e-3) * self.timbre.gain;
            into.push((limit(x) * 32_767.0) as i16);
        }
        self.block += 1;
    }
}

fn gain(log: f32) -> f32 {
    log.min(LOG_GAIN_MAX).exp()
}

/// The windowed spectrum of the source, one for a unit harmonic at its top.
fn source(tables: &Tables, pulses: &Pulses, short: &mut [f32], bins: &mut [Complex<f32>]) {
    let norm = 1.0 / tables.hop as f32;
    for ((s, x), w) in short.iter_mut().zip(&pulses.samples).zip(&tables.window) {
        *s = x * w * norm;
    }
    // The lengths are those the transform was planned for.
    let _ = tables.forward.process(short, bins);
}

/// Bends what is louder than the knee so that it never reaches full scale.
fn limit(x: f32) -> f32 {
    let over = x.abs() - KNEE;
    if over <= 0.0 { x } else { (KNEE + (1.0 - KNEE) * (over / (1.0 - KNEE)).tanh()).copysign(x) }
}

/// The source of the harmonic part: every harmonic of the pitch at unit amplitude,
/// `Σ cos(h·t) = sin((H+½)t) / (2·sin(t/2)) − ½`, silent where there is no voice.
struct Pulses {
    hop: usize,
    /// Factor from the net's pitch to that of the samples.
    pitch: f32,
    /// Position of the first of `samples`; `None` before the first window.
    from: Option<isize>,
    samples: VecDeque<f32>,
    /// Periods, 0–1.
    phase: f64,
}

impl Pulses {
    fn new(hop: usize, pitch: f32) -> Self {
        let pitch = pitch * HOP_NATURAL as f32 / hop as f32;
        Self { hop, pitch, from: None, samples: VecDeque::with_capacity(5 * hop), phase: 0.0 }
    }

    /// Makes `samples` hold the window that begins at `start`, which never goes back.
    fn fill(&mut self, start: isize, f0_hz: &[f32]) {
        let gone = (start - self.from.unwrap_or(start)).max(0) as usize;
        self.samples.drain(..gone.min(self.samples.len()));
        self.from = Some(start);
        while self.samples.len() < 4 * self.hop {
            let at = start + self.samples.len() as isize;
            let hz = pitch_at(at as f32 / self.hop as f32, f0_hz);
            let step = hz.max(VOICED_HZ_MIN) * self.pitch / RATE_HZ;
            self.phase = (self.phase + f64::from(step)).fract();
            let voiced = hz > VOICED_HZ_MIN && at >= 0;
            self.samples.push_back(if voiced { pulse(self.phase as f32, step) } else { 0.0 });
        }
    }
}

fn pulse(phase: f32, step: f32) -> f32 {
    let harmonics = (HARMONIC_HZ_MAX / RATE_HZ / step).floor() + 0.5;
    let t = phase * TAU;
    let below = 2.0 * (t / 2.0).sin();
    if below.abs() <= 2e-3 { harmonics - 0.5 } else { (harmonics * t).sin() / below - 0.5 }
}

/// The pitch at a place in frames, straight lines between the middles of frames.
fn pitch_at(place: f32, f0_hz: &[f32]) -> f32 {
    let Some(last) = f0_hz.len().checked_sub(1) else { return 0.0 };
    let place = (place - 0.5).clamp(0.0, last as f32);
    let low = place as usize;
    let (a, b) = (f0_hz[low], f0_hz[(low + 1).min(last)]);
    a + (b - a) * place.fract()
}

/// Gaussian enough: sums of uniform numbers from a seed (xorshift64*).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A sum of four 16-bit numbers has a deviation of 37,837.2: scaled to 1.
    fn gaussian(&mut self) -> f32 {
        let bits = self.next();
        let sum = (0..4).map(|k| (bits >> (16 * k) & 0xFFFF) as f32).sum::<f32>();
        (sum - 2.0 * 65_535.0) / 37_837.2
    }

    fn complex(&mut self) -> Complex<f32> {
        Complex::new(self.gaussian(), self.gaussian())
    }
}
