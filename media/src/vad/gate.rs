//! The cheap gate: WebRTC's detector at its strictest, and a level above the room's noise.
//!
//! Either alone errs: the detector calls music and steady noise speech, the level every door that
//! shuts. The gate only raises a suspicion; the judge confirms it.

use webrtc_vad::{SampleRate, Vad, VadMode};

use super::VadConfig;
use crate::mix::Level;

/// Samples in one step of the gate: 10 ms.
pub(crate) const HOP: usize = 80;
/// The noise floor is looked for between these, in dBFS.
const FLOOR_DBFS: std::ops::RangeInclusive<f32> = -70.0..=-30.0;
/// Until something quieter came.
const FLOOR_START_DBFS: f32 = -55.0;
/// How fast the floor rises, in dB per hop: towards sound that is no speech, and towards any.
const RISE_QUIET_DB: f32 = 0.06;
const RISE_SPEECH_DB: f32 = 0.006;
/// The detector is not asked about sound this far below what could be speech: nothing costs more in a
/// quiet call, and its answer would not count.
const UNASKED_DB: f32 = 6.0;

/// What one hop looked like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Hop {
    pub(crate) level_dbfs: f32,
    /// Might be speech.
    pub(crate) open: bool,
    /// Louder than the noise, whatever it is.
    pub(crate) loud: bool,
}

pub(super) struct Gate {
    detector: Vad,
    floor_dbfs: f32,
    level_dbfs_min: f32,
    above_floor_db: f32,
}

impl Gate {
    pub(super) fn new(config: &VadConfig) -> Self {
        Self {
            detector: Vad::new_with_rate_and_mode(SampleRate::Rate8kHz, VadMode::VeryAggressive),
            floor_dbfs: FLOOR_START_DBFS,
            level_dbfs_min: config.level_dbfs_min,
            above_floor_db: config.above_floor_db,
        }
    }

    pub(super) fn hop(&mut self, samples: &[i16; HOP]) -> Hop {
        let level_dbfs = Level::of(samples).rms_dbfs;
        let asked = level_dbfs >= self.level_dbfs_min - UNASKED_DB;
        let voice = asked && self.detector.is_voice_segment(samples).unwrap_or(false);
        let loud = level_dbfs >= self.level_dbfs_min.max(self.floor_dbfs + self.above_floor_db);
        // The floor falls half the way at once, and rises slowly.
        let towards = level_dbfs.clamp(*FLOOR_DBFS.start(), *FLOOR_DBFS.end());
        if towards < self.floor_dbfs {
            self.floor_dbfs += (towards - self.floor_dbfs) * 0.5;
        } else {
            let rise = if voice { RISE_SPEECH_DB } else { RISE_QUIET_DB };
            self.floor_dbfs = (self.floor_dbfs + rise).min(towards);
        }
        Hop { level_dbfs, open: voice && loud, loud }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_and_steady_noise_stay_shut() {
        for amplitude in [0, 30, 300, 1500] {
            let mut gate = Gate::new(&VadConfig::default());
            let mut seed = 1u32;
            let mut open = 0;
            for n in 0..1000 {
                let hop = std::array::from_fn(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    ((seed >> 16) as i32 % (2 * amplitude + 1) - amplitude) as i16
                });
                open += u32::from(gate.hop(&hop).open && n > 500);
            }
            assert_eq!(open, 0, "noise of ±{amplitude}");
        }
    }
}
