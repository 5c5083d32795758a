//! A call that is over, as its folder tells of it.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    journal::{First, JOURNAL, TRANSCRIPT},
    recordings,
};

/// Longest id of a call, in characters.
const ID_CHARS_MAX: usize = 64;

/// Whether an id can name a call, and so a folder: nothing that leads anywhere else.
pub fn is_plain_id(id: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=ID_CHARS_MAX).contains(&id.len()) && id.chars().all(is_plain)
}

/// A call that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// Its id.
    pub call_id: String,
    /// Whose call it is, where its journal says so.
    pub owner: Option<String>,
    /// The call as `GET /call/{id}` shows it.
    pub body: Value,
    /// Its recording, as long as there is one.
    pub recording: Option<PathBuf>,
}

impl Finished {
    /// Reads one call. `None` when there is no such call, or it is not over.
    ///
    /// # Errors
    /// When the disk does not give it.
    pub fn read(calls_dir: &Path, id: &str) -> io::Result<Option<Self>> {
        if !is_plain_id(id) {
            return Ok(None);
        }
        let dir = calls_dir.join(id);
        let transcript = match fs::read(dir.join(TRANSCRIPT)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            transcript => transcript?,
        };
        let body = serde_json::from_slice(&transcript)?;
        Ok(Some(Self {
            call_id: id.to_owned(),
            owner: first(&dir)?.owner,
            body,
            recording: recordings::file(&dir),
        }))
    }
}

/// The journal's first line.
pub(crate) fn first(dir: &Path) -> io::Result<First> {
    let mut line = String::new();
    BufReader::new(fs::File::open(dir.join(JOURNAL))?).read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_leads_out_of_the_folder() {
        for id in ["", ".", "..", "a/b", "../a", ".a", "a\0", "ä", &"a".repeat(65)] {
            assert!(!is_plain_id(id), "{id:?}");
        }
        assert!(is_plain_id("3aa02f67-b35c-4a97-b9a7-ff3c988fedd0"));
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join(TRANSCRIPT), "{}").expect("written");
        let below = dir.path().join("calls");
        assert_eq!(Finished::read(&below, "..").expect("no error"), None);
        assert_eq!(Finished::read(&below, "nobody").expect("no error"), None);
    }
}
