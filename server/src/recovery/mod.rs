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

use platform::CallView;

use crate::journal::TRANSCRIPT;

/// A call that was brought to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Recovered {
    /// Its id.
    pub call_id: String,
    /// Whose call it is, where its journal says so.
    pub owner: Option<String>,
    /// How far it had come, and that it is over.
    pub view: CallView,
}

/// Brings every call to its end whose process has died, and tells of each.
///
/// # Errors
/// When the folder cannot be listed. A call that cannot be read is logged and left as it is.
pub fn recover(calls_dir: &Path) -> io::Result<Vec<Recovered>> {
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
            Ok(Some(call)) => recovered.push(call),
            Ok(None) => {}
            Err(error) => tracing::warn!(dir = %dir.display(), %error, "a call is not recovered"),
        }
    }
    Ok(recovered)
}

/// Any call as its journal tells it, over or not: for an index that has missed its end. `None` when
/// there is no such call.
///
/// # Errors
/// When the journal cannot be read.
pub fn tell(calls_dir: &Path, id: &str) -> io::Result<Option<Recovered>> {
    if !is_plain_id(id) {
        return Ok(None);
    }
    match lost::tell(&calls_dir.join(id), id) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        told => told.map(Some),
    }
}

#[cfg(test)]
mod tests;
