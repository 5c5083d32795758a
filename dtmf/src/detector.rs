//! Sound to keys: a Goertzel detector at 8 kHz, aimed at ITU-T Q.24.
//!
//! Sound is cut into steps of 51 samples (6.4 ms). The complex strength of the eight tones in each
//! step is measured once; two neighbouring steps, turned into phase and added, are a window of 102
//! samples. A window shows a key when one tone of each group stands out of its group, the two are of
//! similar strength (twist) and hold most of the window's energy: speech rarely does. A key is
//! pressed when four windows in a row (five steps, 32 ms) show it, the tones' phases advance at the
//! right frequency (a tone 3.5 % off is not a key), and all steps together add up to the two tones. It is released when six windows in a row
//! do not show it: a lost packet of 20 ms spoils four, so it does not double a press, and a pause of
//! 40 ms at least six.
//!
//! Noise as loud as the key spoils windows so short; [`noisy`] hears keys that last through it, later.
//!
//! Left out: keys over a dial tone.

mod noisy;

use std::f32::consts::TAU;

use noisy::Noisy;

use crate::{COLUMNS_HZ, Digit, ROWS_HZ};

/// The rate the detector works at, in Hz.
pub const RATE_HZ: u32 = 8_000;

/// Samples in one step.
const STEP: usize = 51;
/// Steps that must show a key before it is pressed.
const STEPS_PRESSED: usize = 5;
/// Windows without the key after which it is released.
const WINDOWS_RELEASED: u32 = 6;
/// Amplitude of the weakest tone taken: −45 dBFS.
const WEAKEST_AMPLITUDE: f32 = 184.3;
/// The high tone may be this much stronger than the low one, in power (6 dB and some margin)…
const TWIST_HIGH_MAX: f32 = 6.3;
/// … and this much weaker (8 dB and some margin: near tones of some phases pull at each other).
const TWIST_LOW_MAX: f32 = 12.6;
/// A tone is this much stronger than the others of its group, in power (6 dB).
const STANDS_OUT: f32 = 4.0;
/// Least share of a window's energy in the two tones, at their exact frequency or up to 1.8 % off.
const SHARE_MIN: f32 = 0.6;
/// Least share of the energy of all steps in the two tones, when each is followed at its own frequency.
const STEADY_SHARE_MIN: f32 = 0.75;
/// Least energy of a step, against the mean of all: shorter tones than 23 ms fill fewer steps.
const STEP_ENERGY_MIN: f32 = 0.5;
/// Largest deviation of a tone's frequency, as a fraction.
const DEVIATION_MAX: f32 = 0.018;

/// A key was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Press {
    /// The key.
    pub digit: Digit,
    /// Sample at which its tone began, counted from the first one ever fed; exact to a step (6 ms).
    pub at_sample: u64,
    /// Samples that had been fed when the key was recognised: about 35 ms more.
    pub known_sample: u64,
}

/// Listens for keys in one stream.
#[derive(Clone, Debug)]
pub struct Detector {
    tones: Tones,
    sums: Sums,
    in_step: usize,
    /// The last steps, around and around.
    steps: [Step; STEPS_PRESSED],
    newest: usize,
    /// Key shown by the last windows, and how many of them in a row.
    shown: Option<(usize, usize)>,
    windows: usize,
    pressed: Option<(usize, usize)>,
    missing: u32,
    noisy: Noisy,
    /// The key pressed was found in noise, and is held there.
    in_noise: bool,
    /// Samples fed.
    fed: u64,
}

/// A step so far: Goertzel states of the eight tones, and the energy.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    one: [f32; 8],
    two: [f32; 8],
    energy: f32,
}

/// What one step held.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    re: [f32; 8],
    im: [f32; 8],
    energy: f32,
}

impl Default for Detector {
    fn default() -> Self {
        Self::new()
    }
}

impl Detector {
    /// For a stream at 8 kHz.
    pub fn new() -> Self {
        Self {
            tones: Tones::new(),
            sums: Sums::default(),
            in_step: 0,
            steps: [Step::default(); STEPS_PRESSED],
            newest: 0,
            shown: None,
            windows: 0,
            pressed: None,
            missing: 0,
            noisy: Noisy::new(),
            in_noise: false,
            fed: 0,
        }
    }

    /// Listens to `samples`, any number; `on_press` is called once per key pressed, in order.
    pub fn feed(&mut self, mut samples: &[i16], mut on_press: impl FnMut(Press)) {
        while !samples.is_empty() {
            let (now, later) = samples.split_at((STEP - self.in_step).min(samples.len()));
            let (next, later) = later.split_at(STEP.min(later.len()));
            samples = later;
            let mut ahead = Sums::default();
            self.tones.add(&mut self.sums, now, &mut ahead, next);
            for (length, following) in [(now.len(), ahead), (next.len(), Sums::default())] {
                self.fed += length as u64;
                self.in_step += length;
                if self.in_step == STEP {
                    self.finish_step(following);
                    if let Some(press) = self.judge() {
                        on_press(press);
                    }
                }
            }
        }
    }

    /// The key being held down now.
    pub fn held(&self) -> Option<Digit> {
        self.pressed.and_then(|(row, column)| Digit::at(row, column))
    }

    /// Turns the Goertzel states into complex strengths, phase counted from the step's end.
    fn finish_step(&mut self, following: Sums) {
        let Sums { one, two, energy } = std::mem::replace(&mut self.sums, following);
        self.newest = (self.newest + 1) % STEPS_PRESSED;
        let step = &mut self.steps[self.newest];
        step.energy = energy;
        for tone in 0..8 {
            step.re[tone] = one[tone] - two[tone] * self.tones.cos[tone];
            step.im[tone] = two[tone] * self.tones.sin[tone];
        }
        self.in_step = 0;
    }

    /// The step so many before the newest.
    fn step(&self, before: usize) -> &Step {
        &self.steps[(self.newest + STEPS_PRESSED - before) % STEPS_PRESSED]
    }

    /// Looks at the newest window, and at what lasts in noise.
    fn judge(&mut self) -> Option<Press> {
        let lasting = self.noisy.step(&self.steps[self.newest], &self.tones);
        let seen = self.key_in_window();
        if seen.is_some() && seen == self.shown {
            self.windows += 1;
        } else {
            self.windows = usize::from(seen.is_some());
            self.shown = seen;
        }
        if self.pressed.is_some() {
            let held = seen == self.pressed || self.in_noise && self.noisy.held() == self.pressed;
            self.missing = if held { 0 } else { self.missing + 1 };
            if self.missing >= WINDOWS_RELEASED {
                self.pressed = None;
            }
        }
        let new = seen.filter(|&key| {
            self.pressed != Some(key) && self.windows >= STEPS_PRESSED - 1 && self.in_tune(key)
        });
        if let Some(key) = new {
            return self.press(key, false, (STEPS_PRESSED * STEP) as u64);
        }
        let key = lasting?;
        if self.pressed == Some(key) {
            self.noisy.hold(key);
            return None;
        }
        self.press(key, true, noisy::HEARD_AFTER)
    }

    fn press(&mut self, key: (usize, usize), in_noise: bool, after: u64) -> Option<Press> {
        self.pressed = Some(key);
        self.missing = 0;
        self.in_noise = in_noise;
        self.noisy.hold(key);
        let digit = Digit::at(key.0, key.1)?;
        Some(Press { digit, at_sample: self.fed.saturating_sub(after), known_sample: self.fed })
    }

    /// Row and column of the key that the last two steps show.
    fn key_in_window(&self) -> Option<(usize, usize)> {
        let (before, now) = (self.step(1), self.step(0));
        let power: [f32; 8] = std::array::from_fn(|tone| {
            let (re, im) = self.tones.one_step_on(before, tone);
            let (re, im) = (re + now.re[tone], im + now.im[tone]);
            re * re + im * im
        });
        let [rows, columns] = power.as_chunks().0 else { return None };
        let row = strongest(rows)?;
        let column = strongest(columns)?;
        let (low, high) = (power[row], power[4 + column]);
        let amplitude = WEAKEST_AMPLITUDE * STEP as f32;
        let energy = before.energy + now.energy;
        let shows = low.min(high) >= amplitude * amplitude
            && twisted_rightly(low, high)
            && low + high >= SHARE_MIN * energy * STEP as f32;
        shows.then_some((row, column))
    }

    /// All steps are full, both tones' phases advance over them as their frequencies say, and the steps, turned by
    /// what they deviate, add up to most of the energy: a voice is not so steady.
    fn in_tune(&self, (row, column): (usize, usize)) -> bool {
        let mut power = 0.0;
        for tone in [row, 4 + column] {
            let advance: f32 = (1..STEPS_PRESSED)
                .rev()
                .map(|ago| self.tones.deviation(self.step(ago), self.step(ago - 1), tone))
                .sum();
            let samples = ((STEPS_PRESSED - 1) * STEP) as f32;
            let off_hz = advance / TAU * RATE_HZ as f32 / samples;
            if off_hz.abs() > DEVIATION_MAX * frequency_hz(tone) {
                return false;
            }
            let turn = advance / (STEPS_PRESSED - 1) as f32;
            power += self.steady_power(tone, turn);
        }
        let energy: f32 = self.steps.iter().map(|step| step.energy).sum();
        let weakest = self.steps.iter().map(|step| step.energy).fold(f32::MAX, f32::min);
        if weakest * (STEPS_PRESSED as f32) < STEP_ENERGY_MIN * energy {
            return false;
        }
        power >= STEADY_SHARE_MIN * energy * (STEPS_PRESSED * STEP) as f32 / 2.0
    }

    /// Power of a tone in all steps together, when each is ahead of the one before by `turn` radians.
    fn steady_power(&self, tone: usize, turn: f32) -> f32 {
        let (turn_sin, turn_cos) = turn.sin_cos();
        let (mut re, mut im) = (0.0, 0.0);
        for ago in (0..STEPS_PRESSED).rev() {
            // What there is so far, seen from this step's end.
            let (on_re, on_im) = self.tones.turned(re, im, tone);
            let step = self.step(ago);
            re = on_re * turn_cos - on_im * turn_sin + step.re[tone];
            im = on_re * turn_sin + on_im * turn_cos + step.im[tone];
        }
        re * re + im * im
    }
}

/// The tone that stands out of its group.
fn strongest(group: &[f32; 4]) -> Option<usize> {
    let best = (1..4).fold(0, |best, tone| if group[tone] > group[best] { tone } else { best });
    let highest = group[best];
    let near = group.iter().filter(|power| **power * STANDS_OUT > highest).count();
    (near <= 1).then_some(best)
}

/// Whether the two tones' powers are near enough to each other.
fn twisted_rightly(low: f32, high: f32) -> bool {
    high <= low * TWIST_HIGH_MAX && low <= high * TWIST_LOW_MAX
}

fn frequency_hz(tone: usize) -> f32 {
    f32::from(if tone < 4 { ROWS_HZ[tone] } else { COLUMNS_HZ[tone - 4] })
}

/// Constants of the eight tones.
#[derive(Clone, Debug)]
struct Tones {
    coefficient: [f32; 8],
    cos: [f32; 8],
    sin: [f32; 8],
    step_cos: [f32; 8],
    step_sin: [f32; 8],
}

impl Tones {
    fn new() -> Self {
        let angle = |tone: usize| TAU * frequency_hz(tone) / RATE_HZ as f32;
        let step = |tone: usize| angle(tone) * STEP as f32;
        Self {
            coefficient: std::array::from_fn(|tone| 2.0 * angle(tone).cos()),
            cos: std::array::from_fn(|tone| angle(tone).cos()),
            sin: std::array::from_fn(|tone| angle(tone).sin()),
            step_cos: std::array::from_fn(|tone| step(tone).cos()),
            step_sin: std::array::from_fn(|tone| step(tone).sin()),
        }
    }

    /// Adds to a step and to the one after it, side by side: each sum waits for the one before it, so
    /// two at a time take hardly longer than one.
    fn add(&self, step: &mut Sums, samples: &[i16], after: &mut Sums, later: &[i16]) {
        let both = samples.len().min(later.len());
        let (mut one, mut other) = (*step, *after);
        for (sample, later) in samples.iter().zip(later) {
            self.add_sample(&mut one, *sample);
            self.add_sample(&mut other, *later);
        }
        for sample in &samples[both..] {
            self.add_sample(&mut one, *sample);
        }
        for sample in &later[both..] {
            self.add_sample(&mut other, *sample);
        }
        (*step, *after) = (one, other);
    }

    #[inline]
    fn add_sample(&self, sums: &mut Sums, sample: i16) {
        let x = f32::from(sample);
        sums.energy += x * x;
        for tone in 0..8 {
            let now = x + self.coefficient[tone] * sums.one[tone] - sums.two[tone];
            sums.two[tone] = sums.one[tone];
            sums.one[tone] = now;
        }
    }

    /// A strength measured from one step's end, seen from the next one's.
    fn one_step_on(&self, step: &Step, tone: usize) -> (f32, f32) {
        self.turned(step.re[tone], step.im[tone], tone)
    }

    fn turned(&self, re: f32, im: f32, tone: usize) -> (f32, f32) {
        let (cos, sin) = (self.step_cos[tone], self.step_sin[tone]);
        (re * cos - im * sin, re * sin + im * cos)
    }

    /// How much further than expected the tone's phase went from one step to the next, in radians.
    fn deviation(&self, before: &Step, now: &Step, tone: usize) -> f32 {
        let (re, im) = self.one_step_on(before, tone);
        let real = now.re[tone] * re + now.im[tone] * im;
        let imaginary = now.im[tone] * re - now.re[tone] * im;
        imaginary.atan2(real)
    }
}

#[cfg(test)]
pub(crate) mod tests;
