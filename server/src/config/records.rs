//! What calls leave behind, in which form, and for how long.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a call leaves behind beside its journal and its transcript, and when it is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Records {
    /// `circuit.tape`: the call can be replayed.
    pub tape: bool,
    /// A recording: the call can be listened to.
    pub recording: bool,
    /// How the recording is kept once the call is over.
    pub storage: Storage,
    /// Sound (recording and tape) is deleted this many days after the call; 0 keeps it.
    pub sound_days: u32,
    /// The call's folder is deleted this many days after the call; 0 keeps it.
    pub call_days: u32,
    /// With less room on the disk than this no call is taken, in MB.
    pub free_mb_min: u32,
}

/// Forms of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    /// `recording.ogg`: Ogg/Opus, an eighth of the size.
    Opus,
    /// `recording.wav`, as it was written while the call ran.
    Wav,
}

impl Default for Records {
    fn default() -> Self {
        Self {
            tape: true,
            recording: true,
            storage: Storage::Opus,
            sound_days: 30,
            call_days: 365,
            free_mb_min: 64,
        }
    }
}

impl Records {
    /// Age at which sound is deleted.
    pub fn sound_age_max(&self) -> Option<Duration> {
        days(self.sound_days)
    }

    /// Age at which a call's folder is deleted.
    pub fn call_age_max(&self) -> Option<Duration> {
        days(self.call_days)
    }

    /// Room there must be on the disk, in bytes.
    pub fn free_bytes_min(&self) -> u64 {
        u64::from(self.free_mb_min) * 1_000_000
    }
}

fn days(days: u32) -> Option<Duration> {
    (days > 0).then(|| Duration::from_hours(24 * u64::from(days)))
}
