//! Recordings of calls that are over: how they are stored, for how long, and how they are deleted.
//!
//! ```text
//!   recording.wav (written while the call runs) ─▶ keeper ─▶ recording.ogg ─▶ … days ─▶ gone
//! ```
//!
//! Rooms: `opus` (the stored form), `keeper` (the thread that stores and sweeps), `forget` (deleting by
//! call and by number).

mod forget;
mod keeper;
mod opus;

use std::path::{Path, PathBuf};

pub use forget::{Forgotten, Whose, forget};
pub use keeper::{Keeper, Swept, sweep};
pub use opus::OpusError;

use crate::journal::RECORDING;

/// The recording as it is stored: Ogg/Opus (RFC 7845), left the callee, right the agent.
pub const STORED: &str = "recording.ogg";

/// A call's recording, in whatever form there is one.
pub fn file(dir: &Path) -> Option<PathBuf> {
    // The stored one is looked for again: it may have come while the other one went.
    [STORED, RECORDING, STORED].iter().map(|name| dir.join(name)).find(|path| path.exists())
}

/// A recording's sound at 8 kHz: the callee, the agent.
pub fn sound(dir: &Path) -> Option<(Vec<i16>, Vec<i16>)> {
    let stored = || opus::read(&dir.join(STORED)).ok();
    // The one may have come while the other went.
    stored().or_else(|| written(&dir.join(RECORDING))).or_else(stored)
}

fn written(wav: &Path) -> Option<(Vec<i16>, Vec<i16>)> {
    let wav = hound::WavReader::open(wav).ok()?;
    let all: Vec<i16> = wav.into_samples().collect::<Result<_, _>>().ok()?;
    let side = |skip| all.iter().skip(skip).step_by(2).copied().collect();
    Some((side(0), side(1)))
}

#[cfg(test)]
mod tests;
