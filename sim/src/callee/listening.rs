//! The callee's ear: is the agent speaking, for how long, and what is the clip of it?

use crate::sound::{self, FRAME_SAMPLES};

/// Louder than this is the agent speaking, in dBFS.
const SPEECH_DBFS: f32 = -45.0;
/// Kept from before the first speech, in samples.
const PRE_ROLL_SAMPLES: usize = sound::samples_in(300);
/// Longest clip kept for the recogniser, in samples: 30 s. What comes later is not in it.
pub(crate) const CLIP_SAMPLES_MAX: usize = sound::samples_in(30_000);
/// A frame in ms.
const FRAME_MS: u32 = 20;

/// Energy-based listening over one turn of the agent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listening {
    clip: Vec<i16>,
    /// Agent's speech in this turn, in ms.
    pub(crate) speech_ms: u32,
    /// Since the last speech, or since the turn was opened, in ms.
    pub(crate) quiet_ms: u32,
    /// The agent has spoken in this turn.
    pub(crate) began: bool,
}

impl Listening {
    /// Forgets the turn so far.
    pub(crate) fn open(&mut self) {
        self.clip.clear();
        self.speech_ms = 0;
        self.quiet_ms = 0;
        self.began = false;
    }

    /// Hears one frame.
    pub(crate) fn hear(&mut self, heard: &[i16; FRAME_SAMPLES]) {
        if sound::level_dbfs(heard) > SPEECH_DBFS {
            self.began = true;
            self.speech_ms += FRAME_MS;
            self.quiet_ms = 0;
        } else {
            self.quiet_ms = self.quiet_ms.saturating_add(FRAME_MS);
        }
        if !self.began && self.clip.len() >= PRE_ROLL_SAMPLES {
            self.clip.drain(..self.clip.len() + FRAME_SAMPLES - PRE_ROLL_SAMPLES);
        }
        if self.clip.len() < CLIP_SAMPLES_MAX {
            self.clip.extend_from_slice(heard);
        }
    }

    /// The agent spoke and has been silent for this long.
    pub(crate) fn ended(&self, silence_ms: u32) -> bool {
        self.began && self.quiet_ms >= silence_ms
    }

    /// What was heard in this turn.
    pub(crate) fn clip(&self) -> &[i16] {
        &self.clip
    }
}
