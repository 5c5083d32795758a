//! The policy, and what is known of our own echo.

use serde::{Deserialize, Serialize};

/// What ends an utterance of ours. Everything before acceptance can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BargeInPolicy {
    /// `false`: nothing pauses or ends what we say.
    pub enabled: bool,
    /// Speech the judge must have confirmed before it is accepted, in ms; what it is sure of counts
    /// twice.
    pub speech_ms_min: u16,
    /// Recognised words needed as well; 0 accepts by sound alone.
    pub words_min: u16,
    /// With [`Self::words_min`]: how long we stand still for the words before sound alone decides,
    /// in ms. A sound that is over by then and brought no word is refused.
    pub words_wait_ms: u16,
    /// From the first sound of an utterance nothing interrupts it for this long, in ms.
    pub guard_ms: u16,
    /// Quiet after which a suspicion is dropped and the utterance goes on, in ms.
    pub resume_ms: u16,
    /// Longest we stand still over sound the judge does not confirm, in ms.
    pub pause_ms_max: u16,
}

impl Default for BargeInPolicy {
    fn default() -> Self {
        Self {
            enabled: true,
            speech_ms_min: 64,
            words_min: 0,
            words_wait_ms: 1200,
            guard_ms: 100,
            resume_ms: 150,
            pause_ms_max: 600,
        }
    }
}

/// The echo gate: inbound sound that could be our own coming back is not speech.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EchoConfig {
    /// `false`: everything that comes in is the callee.
    pub enabled: bool,
    /// Longest delay at which our own sound may come back, in ms (at most 600).
    pub delay_ms_max: u16,
    /// Level of the echo against what we send before anything was learned, in dB.
    pub level_db: f32,
    /// Speech must stand this far above the expected echo, in dB.
    pub margin_db: f32,
}

impl Default for EchoConfig {
    fn default() -> Self {
        Self { enabled: true, delay_ms_max: 400, level_db: -20.0, margin_db: 4.0 }
    }
}
