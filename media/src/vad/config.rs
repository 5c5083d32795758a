//! Thresholds of voice activity.

use serde::{Deserialize, Serialize};

/// When sound counts as speech, and when speech counts as over.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VadConfig {
    /// Sound that must pass the gate within a short window before speech is suspected, in ms;
    /// rounded up to 10 ms.
    pub onset_ms: u16,
    /// Silence after which speech is over, in ms.
    pub hangover_ms: u16,
    /// Sound below this is never speech, in dBFS (full-scale sine: −3).
    pub level_dbfs_min: f32,
    /// Speech stands this far above the noise floor, in dB.
    pub above_floor_db: f32,
    /// The judge's probability from which a chunk is speech.
    pub judge_threshold: f32,
    /// The judge's probability from which a chunk keeps running speech alive.
    pub judge_release: f32,
    /// Without a verdict for this long the gate decides alone, in ms.
    pub verdict_wait_ms: u16,
    /// Sound the gate needs when it decides alone, in ms.
    pub gate_alone_ms: u16,
}

impl Default for VadConfig {
    fn default() -> Self {
        Self {
            onset_ms: 20,
            hangover_ms: 240,
            level_dbfs_min: -48.0,
            above_floor_db: 9.0,
            judge_threshold: 0.5,
            judge_release: 0.35,
            verdict_wait_ms: 250,
            gate_alone_ms: 400,
        }
    }
}
