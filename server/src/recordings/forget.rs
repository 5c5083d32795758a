//! Deleting calls: everything that one left behind, or all that a number had to do with.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
};

use telephony::E164;

use crate::{
    journal::{First, JOURNAL, no_call},
    recovery::{first, is_plain_id},
};

/// Which calls are to be forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The one with this id.
    Call(String),
    /// All calls to it and from it, and those that it was joined with.
    Number(E164),
}

/// What was forgotten, by call id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Nothing is left of these.
    pub calls: Vec<String>,
    /// These still run: hang up first.
    pub running: Vec<String>,
    /// Nobody can tell whose these are: their journals cannot be read. Only a number meets them.
    pub unreadable: Vec<String>,
}

/// Deletes the folders of calls that are over.
///
/// # Errors
/// When the disk does not let them go; what was deleted before stays deleted.
pub fn forget(calls_dir: &Path, whose: &Whose) -> io::Result<Forgotten> {
    let mut forgotten = Forgotten::default();
    match whose {
        Whose::Call(id) if is_plain_id(id) && calls_dir.join(id).is_dir() => {
            forgotten.one(calls_dir, id)?;
        }
        Whose::Call(_) => {}
        Whose::Number(number) => {
            for entry in fs::read_dir(calls_dir)? {
                let name = entry?.file_name();
                let Some(id) = name.to_str().filter(|id| is_plain_id(id)) else { continue };
                match first(&calls_dir.join(id)) {
                    Ok(first) if concerns(&first, number) => forgotten.one(calls_dir, id)?,
                    Ok(_) => {}
                    Err(_) => forgotten.unreadable.push(id.to_owned()),
                }
            }
        }
    }
    Ok(forgotten)
}

fn concerns(first: &First, number: &E164) -> bool {
    let config = &first.config;
    [&config.to, &config.from, &config.brief.bridge_number]
        .into_iter()
        .any(|other| other.as_ref() == Some(number))
}

impl Forgotten {
    fn one(&mut self, calls_dir: &Path, id: &str) -> io::Result<()> {
        let dir = calls_dir.join(id);
        // Whoever runs the call holds its journal.
        let is_running = match File::open(dir.join(JOURNAL)) {
            Ok(journal) => matches!(journal.try_lock(), Err(TryLockError::WouldBlock)),
            Err(_) => false,
        };
        if is_running {
            self.running.push(id.to_owned());
            return Ok(());
        }
        remove(&dir)?;
        self.calls.push(id.to_owned());
        Ok(())
    }
}

/// Deletes one call's folder. It is renamed first: half of a folder would look like a call whose
/// process has died.
pub(super) fn remove(dir: &Path) -> io::Result<()> {
    let gone = no_call(dir, ".gone-");
    fs::rename(dir, &gone)?;
    fs::remove_dir_all(&gone)
}
