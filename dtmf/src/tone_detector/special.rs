//! Special information tones: three rising tones, one right after the other, before an announcement.
//!
//! ITU-T E.180 §9 has one (950, 1,400, 1,800 Hz, 330 ms each); Telcordia GR-506 / ANSI T1.401 say by the frequency
//! and length of the first two why the call failed.

use serde::{Deserialize, Serialize};

use super::burst::Burst;

/// Longest silence between two of the tones, in samples (E.180: 30 ms; recordings have more).
pub(super) const GAP_MAX: u64 = 8 * 80;
/// Lengths of one tone, in ms.
const LENGTH_MS: std::ops::RangeInclusive<u32> = 200..=480;
/// Longest of a short tone (276 ms; a long one has 380), in ms.
const SHORT_MS_MAX: u32 = 328;
/// Where the three tones lie, in Hz.
const BANDS_HZ: [std::ops::RangeInclusive<f32>; 3] =
    [880.0..=1_020.0, 1_330.0..=1_460.0, 1_730.0..=1_850.0];
/// Low and high frequency of the first two tones, in Hz, and how far off they are taken.
const CODED_HZ: [(f32, f32); 2] = [(913.8, 985.2), (1_370.6, 1_428.5)];
const OFF_HZ_MAX: f32 = 20.0;

/// Why a call failed, as special information tones say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Special {
    /// IC: the number was changed, disconnected, or an operator intercepts.
    Intercept,
    /// VC: there is no such number.
    VacantCode,
    /// RO': the local network was too busy or could not complete the call.
    ReorderLocal,
    /// RO": the same, in a long-distance network.
    ReorderDistant,
    /// NC': no circuit in the local network.
    NoCircuitLocal,
    /// NC": no circuit in a long-distance network.
    NoCircuitDistant,
    /// The tones of ITU-T E.180, or a code that is not assigned: the announcement says why.
    Other,
}

/// What the last three bursts say together, if they are special information tones.
pub(super) fn code(bursts: &[Burst; 3]) -> Option<Special> {
    let single = |burst: &Burst| burst.high_hz.is_none() && LENGTH_MS.contains(&burst.ms());
    let in_bands = bursts.iter().zip(&BANDS_HZ).all(|(burst, band)| band.contains(&burst.low.hz));
    let [first, second, third] = bursts;
    let close = |one: &Burst, next: &Burst| next.begins_at() <= one.ends_at() + GAP_MAX;
    if !bursts.iter().all(single) || !in_bands || !close(first, second) || !close(second, third) {
        return None;
    }
    let high = |burst: &Burst, (low_hz, high_hz): (f32, f32)| {
        let near = |hz: f32| (burst.low.hz - hz).abs() <= OFF_HZ_MAX;
        (near(low_hz) || near(high_hz)).then_some(near(high_hz))
    };
    let long = |burst: &Burst| burst.ms() > SHORT_MS_MAX;
    let tones = (high(first, CODED_HZ[0]), high(second, CODED_HZ[1]));
    let (Some(first_high), Some(second_high)) = tones else { return Some(Special::Other) };
    Some(match (first_high, long(first), second_high, long(second)) {
        (false, false, false, false) => Special::Intercept,
        (true, true, false, false) => Special::VacantCode,
        (false, false, true, true) => Special::ReorderLocal,
        (true, false, false, true) => Special::ReorderDistant,
        (true, true, true, true) => Special::NoCircuitLocal,
        (false, true, false, true) => Special::NoCircuitDistant,
        _ => Special::Other,
    })
}
