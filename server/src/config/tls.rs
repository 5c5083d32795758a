//! `[tls]`: which files make the listener speak TLS.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Certificate and key of the listener, both or neither.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// PEM file of the server's certificate and those that vouch for it.
    pub certificate: Option<PemFile>,
    /// PEM file of the certificate's private key.
    pub key: Option<PemFile>,
}

/// The path of a PEM file, never what is in it: a key pasted in its place is refused, so that it is
/// neither printed nor logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PathBuf")]
pub struct PemFile(PathBuf);

/// What every PEM text begins with.
const PEM_BEGINS: &str = "-----BEGIN";

/// The text is a PEM file's content.
#[derive(Debug, thiserror::Error)]
#[error("this is what stands in a PEM file; give the file's path")]
pub struct NotAPath;

impl TryFrom<PathBuf> for PemFile {
    type Error = NotAPath;

    fn try_from(path: PathBuf) -> Result<Self, NotAPath> {
        if path.to_string_lossy().contains(PEM_BEGINS) { Err(NotAPath) } else { Ok(Self(path)) }
    }
}

impl AsRef<Path> for PemFile {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Tls {
    /// Certificate and key, when TLS is on.
    pub fn files(&self) -> Option<(&Path, &Path)> {
        self.certificate.as_ref().zip(self.key.as_ref()).map(|(c, k)| (c.as_ref(), k.as_ref()))
    }

    /// The key that is set while the other is not, and what to do.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let (set, missing) = match (&self.certificate, &self.key) {
            (Some(_), None) => ("tls.certificate", "tls.key"),
            (None, Some(_)) => ("tls.key", "tls.certificate"),
            _ => return Ok(()),
        };
        Err((set, format!("`{missing}` is not set: set both for TLS, neither for plain HTTP")))
    }
}
