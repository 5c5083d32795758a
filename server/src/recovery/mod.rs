//! Calls whose process died: their records are brought to an end from what their folders hold.
//!
//! ```text
//!   folder without transcript.json, journal not locked
//!     ─▶ torn last line cut ─▶ lines lived again ─▶ recording.wav mended ─▶ transcript.json
//! ```
//!
//! Nothing is dialled again. A journal that somebody still writes is locked, and left alone; one that
//! was recovered has its transcript, and is never looked at again. So a process that is killed while it
//! recovers does no harm, and several processes may share a folder of calls.

mod finished;
mod lost;

use std::{fs, io, path::Path};

pub(crate) use finished::first;
pub use finished::{Finished, is_plain_id};

use crate::journal::TRANSCRIPT;

/// Brings every call to its end whose process has died, and tells of each.
///
/// # Errors
/// When the folder cannot be listed. A call that cannot be read is logged and left as it is.
pub fn recover(calls_dir: &Path) -> io::Result<Vec<Finished>> {
    let entries = match fs::read_dir(calls_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut recovered = Vec::new();
    for entry in entries {
        let entry = entry?;
        // Folders with a dot are half made or half gone.
        let Some(id) = entry.file_name().to_str().filter(|id| is_plain_id(id)).map(str::to_owned)
        else {
            continue;
        };
        let dir = entry.path();
        if dir.join(TRANSCRIPT).exists() {
            continue;
        }
        match lost::end(&dir, &id) {
            Ok(Some(finished)) => recovered.push(finished),
            Ok(None) => {}
            Err(error) => tracing::warn!(dir = %dir.display(), %error, "a call is not recovered"),
        }
    }
    Ok(recovered)
}

#[cfg(test)]
mod tests;
