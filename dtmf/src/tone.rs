//! Call-progress tones as data, and their sound.
//!
//! Cadences: ITU-T E.180 supplement 2 (national tones), Telcordia GR-506 (North America), ITU-T
//! E.180 §9 (special information), T.30 (fax). Levels are ours: −13 dBFS a frequency.

use std::f32::consts::{PI, TAU};

/// Level of each frequency, in dBFS.
const LEVEL_DBFS: f32 = -13.0;
/// Length of each edge, in ms.
const EDGE_MS: u32 = 2;

/// One stretch of a cadence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Sounding together, in Hz; none is silence.
    pub frequencies_hz: &'static [f32],
    /// Length in ms.
    pub ms: u32,
}

/// A tone: its parts, in order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cadence {
    /// The parts.
    pub parts: &'static [Part],
    /// Begins again at its end.
    pub repeats: bool,
}

const fn on(frequencies_hz: &'static [f32], ms: u32) -> Part {
    Part { frequencies_hz, ms }
}

const fn off(ms: u32) -> Part {
    Part { frequencies_hz: &[], ms }
}

const fn repeating(parts: &'static [Part]) -> Cadence {
    Cadence { parts, repeats: true }
}

const fn once(parts: &'static [Part]) -> Cadence {
    Cadence { parts, repeats: false }
}

/// North American ring-back.
pub const RINGBACK_US: Cadence = repeating(&[on(&[440.0, 480.0], 2_000), off(4_000)]);
/// British ring-back: two short rings.
pub const RINGBACK_UK: Cadence =
    repeating(&[on(&[400.0, 450.0], 400), off(200), on(&[400.0, 450.0], 400), off(2_000)]);
/// Ring-back of most of Europe (ETSI TR 101 041).
pub const RINGBACK_EU: Cadence = repeating(&[on(&[425.0], 1_000), off(4_000)]);
/// North American busy.
pub const BUSY_US: Cadence = repeating(&[on(&[480.0, 620.0], 500), off(500)]);
/// British busy.
pub const BUSY_UK: Cadence = repeating(&[on(&[400.0], 375), off(375)]);
/// Busy of most of Europe.
pub const BUSY_EU: Cadence = repeating(&[on(&[425.0], 500), off(500)]);
/// North American reorder ("fast busy").
pub const REORDER_US: Cadence = repeating(&[on(&[480.0, 620.0], 250), off(250)]);
/// Congestion of most of Europe.
pub const CONGESTION_EU: Cadence = repeating(&[on(&[425.0], 250), off(250)]);
/// North American dial tone.
pub const DIAL_US: Cadence = repeating(&[on(&[350.0, 440.0], 1_000)]);
/// Dial tone of most of Europe.
pub const DIAL_EU: Cadence = repeating(&[on(&[425.0], 1_000)]);
/// French ring-back.
pub const RINGBACK_FR: Cadence = repeating(&[on(&[440.0], 1_500), off(3_500)]);
/// French busy.
pub const BUSY_FR: Cadence = repeating(&[on(&[440.0], 500), off(500)]);
/// British congestion.
pub const CONGESTION_UK: Cadence =
    repeating(&[on(&[400.0], 400), off(350), on(&[400.0], 225), off(525)]);
/// British dial tone.
pub const DIAL_UK: Cadence = repeating(&[on(&[350.0, 450.0], 1_000)]);
/// Special information tone (E.180 §9): three rising tones before an announcement.
pub const SPECIAL_INFORMATION: Cadence =
    once(&[on(&[950.0], 330), on(&[1_400.0], 330), on(&[1_800.0], 330), off(1_000)]);
/// North American "intercept" (GR-506, as the five that follow): the number was changed or disconnected.
pub const INTERCEPT_US: Cadence =
    once(&[on(&[913.8], 274), on(&[1_370.6], 274), on(&[1_776.7], 380), off(1_000)]);
/// "Vacant code": there is no such number.
pub const VACANT_CODE_US: Cadence =
    once(&[on(&[985.2], 380), on(&[1_370.6], 274), on(&[1_776.7], 380), off(1_000)]);
/// "Reorder" of the local network.
pub const REORDER_LOCAL_US: Cadence =
    once(&[on(&[913.8], 274), on(&[1_428.5], 380), on(&[1_776.7], 380), off(1_000)]);
/// "Reorder" of a long-distance network.
pub const REORDER_DISTANT_US: Cadence =
    once(&[on(&[985.2], 274), on(&[1_370.6], 380), on(&[1_776.7], 380), off(1_000)]);
/// "No circuit" in the local network.
pub const NO_CIRCUIT_LOCAL_US: Cadence =
    once(&[on(&[985.2], 380), on(&[1_428.5], 380), on(&[1_776.7], 380), off(1_000)]);
/// "No circuit" in a long-distance network.
pub const NO_CIRCUIT_DISTANT_US: Cadence =
    once(&[on(&[913.8], 380), on(&[1_370.6], 380), on(&[1_776.7], 380), off(1_000)]);
/// A fax machine calling (T.30 CNG).
pub const FAX_CALLING: Cadence = repeating(&[on(&[1_100.0], 500), off(3_000)]);
/// A fax machine answering (T.30 CED).
pub const FAX_ANSWER: Cadence = once(&[off(200), on(&[2_100.0], 3_000), off(75)]);
/// An answering machine's beep.
pub const BEEP: Cadence = once(&[on(&[1_000.0], 500), off(100)]);
/// North American call waiting, heard by the one who is called.
pub const CALL_WAITING_US: Cadence = repeating(&[on(&[440.0], 300), off(9_700)]);
/// North American "receiver off hook".
pub const OFF_HOOK_US: Cadence =
    repeating(&[on(&[1_400.0, 2_060.0, 2_450.0, 2_600.0], 100), off(100)]);

/// Every tone by name, for configuration and tests.
pub const ALL: [(&str, Cadence); 26] = [
    ("ringback_us", RINGBACK_US),
    ("ringback_uk", RINGBACK_UK),
    ("ringback_eu", RINGBACK_EU),
    ("ringback_fr", RINGBACK_FR),
    ("busy_us", BUSY_US),
    ("busy_uk", BUSY_UK),
    ("busy_eu", BUSY_EU),
    ("busy_fr", BUSY_FR),
    ("reorder_us", REORDER_US),
    ("congestion_eu", CONGESTION_EU),
    ("congestion_uk", CONGESTION_UK),
    ("dial_us", DIAL_US),
    ("dial_eu", DIAL_EU),
    ("dial_uk", DIAL_UK),
    ("special_information", SPECIAL_INFORMATION),
    ("intercept_us", INTERCEPT_US),
    ("vacant_code_us", VACANT_CODE_US),
    ("reorder_local_us", REORDER_LOCAL_US),
    ("reorder_distant_us", REORDER_DISTANT_US),
    ("no_circuit_local_us", NO_CIRCUIT_LOCAL_US),
    ("no_circuit_distant_us", NO_CIRCUIT_DISTANT_US),
    ("fax_calling", FAX_CALLING),
    ("fax_answer", FAX_ANSWER),
    ("beep", BEEP),
    ("call_waiting_us", CALL_WAITING_US),
    ("off_hook_us", OFF_HOOK_US),
];

/// Plays one cadence.
#[derive(Clone, Copy, Debug)]
pub struct Tones {
    cadence: Cadence,
    rate_hz: u32,
    part: usize,
    at: u32,
}

impl Tones {
    /// From the start of `cadence`, at `rate_hz`.
    pub fn new(cadence: Cadence, rate_hz: u32) -> Self {
        Self { cadence, rate_hz, part: 0, at: 0 }
    }

    /// A cadence that does not repeat is over.
    pub fn is_over(&self) -> bool {
        self.part >= self.cadence.parts.len()
    }

    /// Overwrites the start of `out`; returns how many samples it wrote: all of `out` as long as
    /// the cadence lasts.
    pub fn fill(&mut self, out: &mut [i16]) -> usize {
        for (written, slot) in out.iter_mut().enumerate() {
            let Some(sample) = self.next() else { return written };
            *slot = sample;
        }
        out.len()
    }

    fn next(&mut self) -> Option<i16> {
        let part = self.cadence.parts.get(self.part)?;
        let length = self.samples(part.ms).max(1);
        let sample = self.sample(part, length);
        self.at += 1;
        if self.at >= length {
            self.at = 0;
            self.part += 1;
            if self.cadence.repeats {
                self.part %= self.cadence.parts.len();
            }
        }
        Some(sample)
    }

    fn samples(&self, ms: u32) -> u32 {
        (u64::from(self.rate_hz) * u64::from(ms) / 1_000) as u32
    }

    fn sample(&self, part: &Part, length: u32) -> i16 {
        let amplitude = 32_767.0 * 10f32.powf(LEVEL_DBFS / 20.0);
        let wave: f32 = part
            .frequencies_hz
            .iter()
            .map(|hz| (hz / self.rate_hz as f32 * self.at as f32).fract() * TAU)
            .map(f32::sin)
            .sum();
        // A tone without pauses has no edges.
        let edge_samples = if self.cadence.parts.len() > 1 { self.samples(EDGE_MS) } else { 0 };
        let to_edge = self.at.min(length - 1 - self.at);
        let edge = if to_edge < edge_samples {
            0.5 - 0.5 * (PI * (to_edge + 1) as f32 / (edge_samples + 1) as f32).cos()
        } else {
            1.0
        };
        (wave * amplitude * edge) as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn power_db(samples: &[i16], hz: f32) -> f32 {
        let (mut s, mut c) = (0.0, 0.0);
        for (n, &x) in samples.iter().enumerate() {
            let angle = TAU * hz * n as f32 / 8_000.0;
            s += f32::from(x) * angle.sin();
            c += f32::from(x) * angle.cos();
        }
        20.0 * (2.0 * s.hypot(c) / samples.len() as f32 / 32_767.0).max(1e-6).log10()
    }

    #[test]
    fn every_part_of_every_cadence_sounds_as_stated() {
        for (name, cadence) in ALL {
            let mut tones = Tones::new(cadence, 8_000);
            for part in cadence.parts {
                let mut out = vec![1; part.ms as usize * 8];
                assert_eq!(tones.fill(&mut out), out.len(), "{name}");
                if part.frequencies_hz.is_empty() {
                    assert!(out.iter().all(|&s| s == 0), "{name}: not silent");
                }
                for &hz in part.frequencies_hz {
                    let db = power_db(&out, hz);
                    assert!((db - LEVEL_DBFS).abs() < 1.0, "{name}: {hz} Hz at {db} dB");
                }
            }
            assert_eq!(tones.is_over(), !cadence.repeats, "{name}");
        }
    }

    #[test]
    fn a_dial_tone_has_no_click_where_it_repeats() {
        let mut out = vec![0; 24_000];
        Tones::new(DIAL_US, 8_000).fill(&mut out);
        let steepest = |from: usize, to: usize| {
            out[from..to].windows(2).map(|w| w[0].abs_diff(w[1])).max().unwrap()
        };
        assert!(steepest(7_900, 8_100) <= steepest(1_000, 7_000));
    }

    #[test]
    fn a_tone_that_ends_stops_writing() {
        let mut tones = Tones::new(BEEP, 16_000);
        let mut out = vec![5; 20_000];
        assert_eq!(tones.fill(&mut out), 9_600);
        assert!(tones.is_over() && out[9_600..].iter().all(|&s| s == 5));
        assert_eq!(tones.fill(&mut out), 0);
    }
}
