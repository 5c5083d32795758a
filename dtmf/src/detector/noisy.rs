//! Keys that last, in noise as loud as they are: sums over about 50 ms instead of 13.
//!
//! Each step fades what was summed before it, so that there is nothing to keep but eight sums. A key heard so is
//! reported some 80 to 110 ms after it began, and only when the steps alone did not show it: a voice that looks like a
//! key for so long, at its exact frequencies, is rare.

use super::{STEP, Step, Tones, WEAKEST_AMPLITUDE, strongest, twisted_rightly};

/// What is left of a sum one step (6.4 ms) later: half of it after 33 ms.
const FADING: f32 = 0.875;
/// Samples that count in a sum.
const COUNTED: f32 = STEP as f32 / (1.0 - FADING);
/// Least share of the energy in the two tones, to be heard (noise as loud as they are) and to go on.
const HEARD_MIN: f32 = 0.36;
const HELD_MIN: f32 = 0.2;
/// Steps in a row that must show the key, or not show it any more.
const STEPS: u32 = 3;
/// A key began about so many samples before it is heard here (90 ms).
pub(super) const HEARD_AFTER: u64 = 720;
/// Least energy of the newest step against the mean: what has stopped is not heard.
const ENERGY_MIN: f32 = 0.4;

/// Energy of nothing at all.
const SILENCE: f32 = 1.0;

/// The sums of one stream.
#[derive(Clone, Debug)]
pub(super) struct Noisy {
    re: [f32; 8],
    im: [f32; 8],
    energy: f32,
    shown: Option<(usize, usize)>,
    steps: u32,
    /// The key that was heard here, or with the steps, and has not ended for these sums.
    held: Option<(usize, usize)>,
    missing: u32,
}

impl Noisy {
    pub(super) fn new() -> Self {
        Self {
            re: [0.0; 8],
            im: [0.0; 8],
            energy: 0.0,
            shown: None,
            steps: 0,
            held: None,
            missing: 0,
        }
    }

    /// Adds a step; the key that it makes sure of.
    pub(super) fn step(&mut self, step: &Step, tones: &Tones) -> Option<(usize, usize)> {
        if self.energy < SILENCE {
            // Sums that fade for ever become numbers that processors are slow with.
            (self.re, self.im, self.energy) = ([0.0; 8], [0.0; 8], 0.0);
        }
        for tone in 0..8 {
            let (re, im) = tones.turned(self.re[tone], self.im[tone], tone);
            self.re[tone] = FADING * re + step.re[tone];
            self.im[tone] = FADING * im + step.im[tone];
        }
        self.energy = FADING * self.energy + step.energy;
        let goes_on = step.energy >= ENERGY_MIN * (1.0 - FADING) * self.energy;
        let seen = if goes_on { self.key() } else { None };
        if self.held.is_some() {
            let held = seen.is_some_and(|(key, _)| self.held == Some(key));
            self.missing = if held { 0 } else { self.missing + 1 };
            if self.missing >= STEPS {
                self.held = None;
            }
        }
        let heard = seen.filter(|&(_, share)| share >= HEARD_MIN).map(|(key, _)| key);
        let again = heard.is_some() && heard == self.shown;
        self.steps = if again { self.steps + 1 } else { u32::from(heard.is_some()) };
        self.shown = heard;
        heard.filter(|_| self.steps >= STEPS && self.held.is_none())
    }

    /// The key that the sums show, and the share of the energy in its tones.
    fn key(&self) -> Option<((usize, usize), f32)> {
        let power: [f32; 8] = std::array::from_fn(|tone| {
            self.re[tone] * self.re[tone] + self.im[tone] * self.im[tone]
        });
        let whole = self.energy * COUNTED / 2.0;
        if power.iter().sum::<f32>() < HELD_MIN * whole {
            return None;
        }
        let [rows, columns] = power.as_chunks().0 else { return None };
        let (row, column) = (strongest(rows)?, strongest(columns)?);
        let (low, high) = (power[row], power[4 + column]);
        let weakest = WEAKEST_AMPLITUDE * COUNTED / 2.0;
        let shows = low.min(high) >= weakest * weakest && twisted_rightly(low, high);
        let share = (low + high) / whole.max(f32::MIN_POSITIVE);
        (shows && share >= HELD_MIN).then_some(((row, column), share))
    }

    /// The key was heard, here or by the steps.
    pub(super) fn hold(&mut self, key: (usize, usize)) {
        (self.held, self.missing) = (Some(key), 0);
    }

    /// The key these sums hold on to.
    pub(super) fn held(&self) -> Option<(usize, usize)> {
        self.held
    }
}
