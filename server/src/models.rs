//! The embedded models: where they are, whether they are whole, and what they are.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

/// The models cannot be used; each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// No folder.
    #[error(
        "no models found (looked in {looked}); clone the repository with its models/ folder, or set models_dir"
    )]
    NotFound {
        /// Where it was looked for.
        looked: String,
    },
    /// A file cannot be read.
    #[error("{file}: {detail}; restore it with `git checkout -- models`")]
    Unreadable {
        /// Which.
        file: String,
        /// Why.
        detail: String,
    },
    /// A file is not what it should be.
    #[error(
        "{file} is damaged or another version: SHA-256 is {found}, models/SHA256SUMS says {expected}; restore it with `git checkout -- models`"
    )]
    Hash {
        /// Which.
        file: String,
        /// What it is.
        found: String,
        /// What it should be.
        expected: String,
    },
}

/// A folder of models whose list of hashes has been read.
#[derive(Clone, Debug)]
pub struct Models {
    dir: PathBuf,
    sums: Vec<(String, String)>,
}

impl Models {
    /// Looks in `configured`, else in `models/` here, beside the executable and in the folders above
    /// it, else where the program was built.
    pub fn find(configured: Option<&Path>) -> Result<Self, ModelError> {
        let mut candidates = Vec::new();
        match configured {
            Some(dir) => candidates.push(dir.to_owned()),
            None => {
                candidates.push(PathBuf::from("models"));
                if let Ok(program) = std::env::current_exe() {
                    candidates
                        .extend(program.ancestors().skip(1).take(4).map(|d| d.join("models")));
                }
                candidates.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("../models"));
            }
        }
        for dir in &candidates {
            if let Ok(text) = std::fs::read_to_string(dir.join("SHA256SUMS")) {
                return Ok(Self { dir: dir.clone(), sums: parse_sums(&text) });
            }
        }
        let looked =
            candidates.iter().map(|d| d.display().to_string()).collect::<Vec<_>>().join(", ");
        Err(ModelError::NotFound { looked })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Names of all files, with their hashes.
    pub fn files(&self) -> &[(String, String)] {
        &self.sums
    }

    /// Reads one file and refuses it when its hash is not the listed one.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, ModelError> {
        let path = self.dir.join(name);
        let bytes = std::fs::read(&path).map_err(|e| ModelError::Unreadable {
            file: path.display().to_string(),
            detail: e.to_string(),
        })?;
        let expected = self.sums.iter().find(|(file, _)| file == name).map(|(_, sum)| sum.as_str());
        let found = hex(&Sha256::digest(&bytes));
        match expected {
            Some(expected) if expected == found => Ok(bytes),
            _ => Err(ModelError::Hash {
                file: path.display().to_string(),
                found,
                expected: expected.unwrap_or("nothing about it").to_owned(),
            }),
        }
    }
}

fn parse_sums(text: &str) -> Vec<(String, String)> {
    text.lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(sum, name)| (name.trim().to_owned(), sum.trim().to_owned()))
        .collect()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_refused_by_name() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("a.bin"), b"abc").expect("written");
        let sum = hex(&Sha256::digest(b"abc"));
        std::fs::write(dir.path().join("SHA256SUMS"), format!("{sum}  a.bin\n")).expect("written");
        let models = Models::find(Some(dir.path())).expect("found");
        assert_eq!(models.read("a.bin").expect("whole"), b"abc");
        std::fs::write(dir.path().join("a.bin"), b"abd").expect("written");
        let text = models.read("a.bin").expect_err("refused").to_string();
        assert!(text.contains("a.bin") && text.contains(&sum), "{text}");
    }

    #[test]
    fn a_missing_folder_says_what_to_do() {
        let text = Models::find(Some(Path::new("/nowhere"))).expect_err("none").to_string();
        assert!(text.contains("/nowhere") && text.contains("models_dir"), "{text}");
    }
}
