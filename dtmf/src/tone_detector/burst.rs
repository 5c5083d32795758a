//! Looks in a row become bursts: stretches of one or two lines that stay where they are, or glide.
//!
//! A burst begins with the first look whose energy lies in its lines, and goes on while the next looks show the same
//! lines. A gap or a click of a few looks (a lost packet) does not end it. Its edges are known to a few ms though looks
//! are 16 ms apart: a look that covers half of the tone has half of its energy.

use super::spectrum::{HOP, Line, Look, WINDOW};

/// Least share of a window's energy in its lines.
const PURE_MIN: f32 = 0.8;
/// Weakest sound looked at: a tone of −45 dBFS.
pub(super) const WEAKEST: f32 = 2.1e8;
/// A line may move so far from one look to the next, in Hz: 3 kHz a second.
const GLIDE_HZ_MAX: f32 = 48.0;
/// Looks without the burst after which it is over.
const MISSES_MAX: u32 = 5;
/// Looks after which other lines are a burst of their own.
const LOOKS_MIN: u32 = 3;
/// A look with less than this share of the burst's energy is not part of it.
const ENERGY_MIN: f32 = 0.1;

/// A line this wide, in Hz², is not a steady one.
const WIDE: f32 = 480.0;
/// Energy of a look against the one before it that is an edge (−2.6 dB, or 2.6 dB more).
const JUMP_MIN: f32 = 0.55;
/// What is steady moves no further from look to look, in Hz, and its lowest energy is this share of its highest.
const STEADY_HZ_MAX: f32 = 10.0;
const STEADY_ENERGY_MIN: f32 = 0.4;

/// Energy around a burst that stands alone, against its own (−10 dB).
const AROUND_MAX: f32 = 0.1;

/// A stretch of one or two lines.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Burst {
    /// Its only line, or the lower one: the mean of all looks.
    pub(super) low: Line,
    /// The higher one's mean frequency, in Hz.
    pub(super) high_hz: Option<f32>,
    /// Looks that show it.
    pub(super) looks: u32,
    /// Times its line widened for a moment: its phase turned, or a packet was lost.
    pub(super) turns: u32,
    wide: bool,
    /// Share of the energy that lies in the lines, mean of the looks wholly inside.
    pub(super) purity: f32,
    /// Energy of the looks wholly inside: mean, lowest, highest, mean square.
    pub(super) energy: f32,
    pub(super) energy_min: f32,
    pub(super) energy_max: f32,
    energy_square: f32,
    /// Looks wholly inside.
    pub(super) inside: u32,
    /// Frequency of the lower line in the last look wholly inside, in Hz.
    last_hz: f32,
    /// Lowest and highest step of the lower line from one look inside to the next, in Hz; upwards is positive.
    pub(super) step_hz_min: f32,
    pub(super) step_hz_max: f32,
    /// Energy around it: before, and after, the highest of some looks.
    pub(super) before: f32,
    pub(super) after: f32,
    /// Other lines follow at once.
    pub(super) goes_over: bool,
    /// Energy of all looks, and the same weighted with the sample in the window's middle, from the first one's.
    sum: f32,
    moment: f32,
    /// Middle of the first look.
    first_sample: u64,
    /// Energy, lower line in Hz and purity of the last two looks: those at an edge may be partly outside.
    late: [(f32, f32, f32); 2],
    /// Looks since the last edge: its start, or a gap.
    unbroken: u32,
}

impl Burst {
    fn new(look: &Look, middle: u64, before: f32) -> Self {
        let mut burst = Self {
            first_sample: middle,
            before,
            energy_min: f32::MAX,
            step_hz_min: f32::MAX,
            step_hz_max: f32::MIN,
            ..Self::default()
        };
        burst.add(look, middle);
        burst
    }

    /// Lower and higher line.
    fn lines(look: &Look) -> (Line, Option<Line>) {
        match look.second {
            None => (look.first, None),
            Some(second) if second.hz > look.first.hz => (look.first, Some(second)),
            Some(second) => (second, Some(look.first)),
        }
    }

    /// Whether the look shows the burst's lines.
    fn shows(&self, look: &Look) -> bool {
        let (low, high) = Self::lines(look);
        let near = |hz: f32, line: f32| (hz - line).abs() <= GLIDE_HZ_MAX;
        let strong = look.first.energy >= ENERGY_MIN * self.reference();
        let same = match (self.high_hz, high) {
            (None, None) => near(self.late[1].1, low.hz),
            (Some(hz), Some(high)) => near(self.low.hz, low.hz) && near(hz, high.hz),
            _ => false,
        };
        strong && same
    }

    fn add(&mut self, look: &Look, middle: u64) {
        let (low, high) = Self::lines(look);
        let energy = low.energy + high.map_or(0.0, |high| high.energy);
        let share = energy / (self.sum + energy).max(f32::MIN_POSITIVE);
        self.low = super::spectrum::together(
            Line { energy: share, ..low },
            Line { energy: 1.0 - share, ..self.low },
        );
        self.high_hz = high.map(|high| {
            let before = self.high_hz.unwrap_or(high.hz);
            before + share * (high.hz - before)
        });
        self.sum += energy;
        self.moment += energy * (middle - self.first_sample) as f32;
        self.looks += 1;
        // The pair of a ring-back beats; one line changes at once only where a packet is lost.
        let ratio = energy / self.late[1].0.max(f32::MIN_POSITIVE);
        let jumps = self.low.spread < WIDE && !(JUMP_MIN..1.0 / JUMP_MIN).contains(&ratio);
        self.unbroken = if jumps { 1 } else { self.unbroken + 1 };
        self.widens(low.spread > WIDE);
        // Two looks at either edge may be partly outside.
        let (energy_inside, hz, purity) = self.late[0];
        if self.unbroken > 4 {
            self.inside(energy_inside, hz, purity);
        }
        self.late = [self.late[1], (energy, low.hz, energy / look.total.max(f32::MIN_POSITIVE))];
    }

    fn widens(&mut self, wide: bool) {
        self.turns += u32::from(wide && !self.wide && self.looks > 2);
        self.wide = wide;
    }

    /// Takes a look that is wholly inside.
    fn inside(&mut self, energy: f32, hz: f32, purity: f32) {
        if self.inside > 0 {
            let step = hz - self.last_hz;
            self.step_hz_min = self.step_hz_min.min(step);
            self.step_hz_max = self.step_hz_max.max(step);
        }
        self.last_hz = hz;
        self.inside += 1;
        let share = 1.0 / self.inside as f32;
        self.energy += share * (energy - self.energy);
        self.energy_square += share * (energy * energy - self.energy_square);
        self.purity += share * (purity - self.purity);
        self.energy_min = self.energy_min.min(energy);
        self.energy_max = self.energy_max.max(energy);
    }

    /// Energy of a look wholly inside, as far as known.
    fn reference(&self) -> f32 {
        if self.inside > 0 { self.energy } else { self.late[0].0.max(self.late[1].0) }
    }

    /// Length, in samples.
    fn length(&self) -> f32 {
        let whole = self.sum / self.reference().max(f32::MIN_POSITIVE);
        whole.min(self.looks as f32) * HOP as f32
    }

    /// Length, in ms.
    pub(super) fn ms(&self) -> u32 {
        (self.length() / 8.0) as u32
    }

    /// First sample.
    pub(super) fn begins_at(&self) -> u64 {
        let middle = self.moment / self.sum.max(f32::MIN_POSITIVE);
        self.first_sample.saturating_add_signed((middle - self.length() / 2.0) as i64)
    }

    /// One after the last sample.
    pub(super) fn ends_at(&self) -> u64 {
        self.begins_at() + self.length() as u64
    }

    /// Neither its frequency nor its energy wavers as a voice's does.
    pub(super) fn is_steady(&self) -> bool {
        self.step_hz_min >= -STEADY_HZ_MAX
            && self.step_hz_max <= STEADY_HZ_MAX
            && self.energy_min >= STEADY_ENERGY_MIN * self.energy_max
    }

    /// What sounded before it was far weaker.
    pub(super) fn is_quiet_before(&self) -> bool {
        self.before <= AROUND_MAX * self.energy
    }

    /// What sounds after it is far weaker.
    pub(super) fn is_quiet_after(&self) -> bool {
        self.after <= AROUND_MAX * self.energy
    }

    /// How much the energy wavers: its standard deviation as a share of its mean.
    pub(super) fn flutter(&self) -> f32 {
        let variance = (self.energy_square - self.energy * self.energy).max(0.0);
        variance.sqrt() / self.energy.max(f32::MIN_POSITIVE)
    }
}

/// Makes bursts of looks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bursts {
    now: Option<Burst>,
    /// Other lines since the burst was last seen.
    next: Option<Burst>,
    misses: u32,
    /// Energy of the last three looks, newest first.
    totals: [f32; 3],
}

impl Bursts {
    /// Takes a look whose window began at `from`; a burst if one is over.
    pub(super) fn take(&mut self, look: &Look, from: u64) -> Option<Burst> {
        let middle = from + WINDOW as u64 / 2;
        let in_lines = look.first.energy + look.second.map_or(0.0, |line| line.energy);
        let tonal = look.first.energy >= WEAKEST && in_lines >= PURE_MIN * look.total;
        // The newest of them reaches into a tone that begins now.
        let before = self.totals[1].max(self.totals[2]);
        self.totals = [look.total, self.totals[0], self.totals[1]];
        let Some(now) = &mut self.now else {
            self.now = tonal.then(|| Burst::new(look, middle, before));
            self.misses = 0;
            return None;
        };
        if tonal && now.shows(look) {
            if self.misses > 0 {
                (now.after, now.unbroken) = (0.0, 0);
            }
            now.add(look, middle);
            (self.misses, self.next) = (0, None);
            return None;
        }
        self.misses += 1;
        now.widens(true);
        // The first look without it may hold its end.
        if self.misses > 2 {
            now.after = now.after.max(look.total);
        }
        match &mut self.next {
            Some(next) if tonal && next.shows(look) => next.add(look, middle),
            next => *next = tonal.then(|| Burst::new(look, middle, before)),
        }
        let goes_over = self.next.is_some_and(|next| next.looks >= LOOKS_MIN);
        if goes_over || self.misses >= MISSES_MAX {
            now.goes_over = self.next.is_some();
            let over = *now;
            (self.now, self.next, self.misses) = (self.next, None, 0);
            return (over.looks >= LOOKS_MIN).then_some(over);
        }
        None
    }

    /// The burst that sounds now, since so many looks.
    pub(super) fn now(&self) -> Option<&Burst> {
        self.now.as_ref().filter(|_| self.misses == 0)
    }
}
