//! How a call's folder is named and begins.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    path::Path,
};

use crate::journal::{First, JOURNAL};

/// Longest id of a call, in characters.
const ID_CHARS_MAX: usize = 64;

/// Whether an id can name a call, and so a folder: nothing that leads anywhere else.
pub fn is_plain_id(id: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=ID_CHARS_MAX).contains(&id.len()) && id.chars().all(is_plain)
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
    }
}
