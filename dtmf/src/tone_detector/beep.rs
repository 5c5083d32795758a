//! The beep of a mailbox: one tone or two together, held or gliding, or two in a row; alone, and followed by quiet.
//!
//! What else sounds like it: notes of music (they waver, fade, have overtones, and others follow), vowels (they waver
//! and have overtones), keys, and the tones of exchanges and fax machines (their frequencies and lengths are known).

use super::{burst::Burst, cadence::Sort, special::GAP_MAX};
use crate::{COLUMNS_HZ, ROWS_HZ};

/// Lengths, in ms: 100 to 1,500 with some margin.
const LENGTH_MS: std::ops::RangeInclusive<u32> = 80..=1_700;
/// Frequencies, in Hz.
const HZ: std::ops::RangeInclusive<f32> = 335.0..=2_060.0;
/// Most tones in a row.
const TONES_MAX: usize = 2;
/// Least share of the energy in the lines.
const PURITY_MIN: f32 = 0.9;
/// Lowest energy within the beep against the highest (−3 dB).
const EVEN_MIN: f32 = 0.5;
/// A held tone moves no further from look to look, in Hz: a short one, a long one, and two at once, of which each
/// pulls at the other.
const HELD_SHORT_HZ_MAX: f32 = 1.5;
const HELD_HZ_MAX: f32 = 3.0;
const HELD_TWO_HZ_MAX: f32 = 8.0;
/// The steps of a gliding one differ by no more than this, in Hz.
const GLIDE_HZ_MAX: f32 = 16.0;
/// Looks wholly inside what may waver or glide: what is shorter is as often a vowel (160 ms).
const LONG_LOOKS_MIN: u32 = 6;
/// No other tone within this before it, in samples (400 ms).
const ALONE: u64 = 8 * 400;
/// A key's tones may be so far off, as a fraction.
const KEY_OFF_MAX: f32 = 0.025;

/// A beep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Beep {
    pub(super) from_sample: u64,
    pub(super) to_sample: u64,
    /// Frequency of its first tone.
    pub(super) hz: f32,
}

/// Bursts right after each other, gathered until quiet follows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Beeps {
    beep: Option<Beep>,
    /// Bursts gathered, fit or not.
    tones: usize,
    /// All of them were fit for a beep.
    fit: bool,
    /// End of the last burst.
    until: Option<u64>,
}

impl Beeps {
    /// Takes a burst that is over; the beep if it was one, or its last tone.
    pub(super) fn take(&mut self, burst: &Burst) -> Option<Beep> {
        let (from_sample, to_sample) = (burst.begins_at(), burst.ends_at());
        let since = self.until.map_or(u64::MAX, |until| from_sample.saturating_sub(until));
        if since > GAP_MAX {
            self.beep = None;
        }
        let beep = self.beep.get_or_insert_with(|| {
            self.tones = 0;
            self.fit = since > ALONE && burst.is_quiet_before();
            Beep { from_sample, to_sample, hz: burst.low.hz }
        });
        beep.to_sample = to_sample;
        let beep = *beep;
        self.until = Some(to_sample);
        self.tones += 1;
        self.fit &= is_fit(burst);
        if burst.goes_over {
            return None;
        }
        self.beep = None;
        let length_ms = (to_sample.saturating_sub(beep.from_sample) / 8) as u32;
        let is_one = self.fit
            && self.tones <= TONES_MAX
            && LENGTH_MS.contains(&length_ms)
            && burst.is_quiet_after();
        is_one.then_some(beep)
    }
}

/// Whether a burst can be a beep or a part of one.
fn is_fit(burst: &Burst) -> bool {
    let (low, high) = (burst.step_hz_min, burst.step_hz_max);
    let within = |hz: f32| low >= -hz && high <= hz;
    let wavers = burst.high_hz.is_some() && within(HELD_TWO_HZ_MAX);
    let glides = burst.high_hz.is_none() && low * high > 0.0 && high - low <= GLIDE_HZ_MAX;
    let long = burst.inside >= LONG_LOOKS_MIN;
    let moves_little =
        within(HELD_SHORT_HZ_MAX) || long && (within(HELD_HZ_MAX) || wavers || glides);
    burst.inside > 1
        && HZ.contains(&burst.low.hz)
        && burst.high_hz.is_none_or(|hz| HZ.contains(&hz))
        && burst.purity >= PURITY_MIN
        && burst.energy_min >= EVEN_MIN * burst.energy_max
        && moves_little
        && !is_key(burst)
        && Sort::of(burst).is_none_or(|sort| !sort.is_known_by(burst.ms()))
}

/// Whether its two lines are those of a key.
fn is_key(burst: &Burst) -> bool {
    let near = |hz: f32, group: [u16; 4]| {
        group.into_iter().map(f32::from).any(|key_hz| (hz - key_hz).abs() <= KEY_OFF_MAX * key_hz)
    };
    burst.high_hz.is_some_and(|high_hz| near(burst.low.hz, ROWS_HZ) && near(high_hz, COLUMNS_HZ))
}
