//! Where this user's keys are kept: `~/.config/trunkline/key.json` (XDG aware), one per server, readable by nobody
//! else. It is replaced whole, so that a reader never sees half of it.

use std::{
    collections::BTreeMap,
    env,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// The file, for one server.
#[derive(Clone, Debug)]
pub struct KeyFile {
    path: PathBuf,
    /// The server's origin: a key is never sent to another one.
    server: String,
}

/// The key file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {}", .path.display(), .what)]
pub struct KeyFileError {
    /// Which.
    pub path: PathBuf,
    /// What is wrong.
    pub what: Wrong,
}

/// What is wrong with a key file.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Others may read it.
    #[error("others may read this file (mode {0:o})")]
    Open(u32),
    /// It is not JSON of this shape.
    #[error("not a key file: {0}")]
    Shape(#[from] serde_json::Error),
    /// There is neither XDG_CONFIG_HOME nor HOME.
    #[error("there is no home folder to keep a key in")]
    Homeless,
}

impl KeyFileError {
    /// What to do.
    pub fn next_step(&self) -> String {
        let path = self.path.display();
        match &self.what {
            Wrong::Open(_) => format!("run chmod 600 {path}; if others read it, get another key"),
            Wrong::Shape(_) => format!("move {path} away; the next call makes a new one"),
            Wrong::Io(_) => format!("make {path} readable and writable for you, or use --key"),
            Wrong::Homeless => "set HOME, or use --key".to_owned(),
        }
    }
}

#[derive(Default, Deserialize, Serialize)]
struct Content {
    #[serde(default)]
    servers: BTreeMap<String, Entry>,
}

#[derive(Deserialize, Serialize)]
struct Entry {
    api_key: String,
}

impl KeyFile {
    /// This user's, for one server.
    ///
    /// # Errors
    /// There is no home folder.
    pub fn of_user(server: &Url) -> Result<Self, KeyFileError> {
        let folder = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let config = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")));
        let path = PathBuf::from("trunkline/key.json");
        match config {
            Some(config) => Ok(Self::new(config.join(path), server)),
            None => Err(KeyFileError { path, what: Wrong::Homeless }),
        }
    }

    /// This file, for one server.
    pub fn new(path: PathBuf, server: &Url) -> Self {
        Self { path, server: server.origin().ascii_serialization() }
    }

    /// The key, if there is one.
    ///
    /// # Errors
    /// The file is there, but cannot be read, or is not private.
    pub fn read(&self) -> Result<Option<SecretString>, KeyFileError> {
        let mut content = self.content().map_err(|what| self.wrong(what))?;
        Ok(content.servers.remove(&self.server).map(|entry| entry.api_key.into()))
    }

    /// Keeps a key.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn write(&self, key: &SecretString) -> Result<(), KeyFileError> {
        let entry = Entry { api_key: key.expose_secret().to_owned() };
        self.change(|servers| drop(servers.insert(self.server.clone(), entry)))
    }

    /// Forgets the key.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn remove(&self) -> Result<(), KeyFileError> {
        self.change(|servers| drop(servers.remove(&self.server)))
    }

    fn change(
        &self,
        change: impl FnOnce(&mut BTreeMap<String, Entry>),
    ) -> Result<(), KeyFileError> {
        let replaced = || {
            let mut content = self.content()?;
            change(&mut content.servers);
            replace(&self.path, &serde_json::to_vec_pretty(&content)?)?;
            Ok(())
        };
        replaced().map_err(|what| self.wrong(what))
    }

    fn content(&self) -> Result<Content, Wrong> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::default()),
            file => file?,
        };
        let mode = file.metadata()?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(Wrong::Open(mode));
        }
        Ok(serde_json::from_reader(io::BufReader::new(file))?)
    }

    fn wrong(&self, what: Wrong) -> KeyFileError {
        KeyFileError { path: self.path.clone(), what }
    }
}

/// Writes beside the file, then takes its place.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let beside = path.with_extension(format!("json.{}", std::process::id()));
    // Left over from a process of the same number that died: not ours to trust.
    let _ = fs::remove_file(&beside);
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside);
    let done = written.and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    });
    if done.is_err() {
        let _ = fs::remove_file(&beside);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path, server: &str) -> KeyFile {
        KeyFile::new(folder.join("deep/key.json"), &Url::parse(server).expect("a URL"))
    }

    fn key(file: &KeyFile) -> Option<String> {
        file.read().expect("readable").map(|key| key.expose_secret().to_owned())
    }

    #[test]
    fn a_key_is_kept_for_its_server_alone_and_for_its_user_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let here = file(folder.path(), "http://127.0.0.1:8080/");
        let there = file(folder.path(), "https://calls.example/");
        assert_eq!(key(&here), None);
        here.write(&"clawcall_sk_a".into()).expect("written");
        assert_eq!((key(&here), key(&there)), (Some("clawcall_sk_a".to_owned()), None));
        there.write(&"clawcall_sk_b".into()).expect("written");
        here.remove().expect("written");
        assert_eq!((key(&here), key(&there)), (None, Some("clawcall_sk_b".to_owned())));
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&here.path), mode(&folder.path().join("deep"))), (0o600, 0o700));
        assert_eq!(fs::read_dir(folder.path().join("deep")).expect("a folder").count(), 1);
    }

    #[test]
    fn a_file_others_may_read_is_not_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = file(folder.path(), "http://127.0.0.1:8080/");
        file.write(&"clawcall_sk_a".into()).expect("written");
        fs::set_permissions(&file.path, fs::Permissions::from_mode(0o644)).expect("changed");
        let error = file.read().expect_err("refused");
        assert!(matches!(error.what, Wrong::Open(0o644)), "{error}");
        assert!(error.next_step().contains("chmod 600"));
        fs::set_permissions(&file.path, fs::Permissions::from_mode(0o600)).expect("changed");
        fs::write(&file.path, "[]").expect("written");
        assert!(matches!(file.write(&"k".into()).expect_err("refused").what, Wrong::Shape(_)));
    }
}
