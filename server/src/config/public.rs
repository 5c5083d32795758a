//! What the public API needs: where it keeps accounts, how keys are linked to people.

use std::path::PathBuf;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{Config, hidden};

/// Where accounts, keys, balances and the index of calls are kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    /// SQLite's file.
    pub file: PathBuf,
    /// A PostgreSQL data base instead: `postgres://user:password@host/base`.
    #[serde(serialize_with = "hidden")]
    pub postgres: Option<SecretString>,
}

/// How keys become accounts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Accounts {
    /// Where links that carry a key lead: `<frontend>/sign-in?token=…`; our own pages when absent.
    pub frontend: Option<String>,
    /// A program that delivers one-time codes: run with the address as its argument, the code on its
    /// standard input. Without one, codes are printed to the log.
    pub code_command: Option<PathBuf>,
    /// A program that delivers text messages: run with the number as its argument, the text on its
    /// standard input. Without one, texts are printed to the log.
    pub text_command: Option<PathBuf>,
}

impl Default for Store {
    fn default() -> Self {
        Self { file: PathBuf::from("trunkline.db"), postgres: None }
    }
}

impl std::fmt::Display for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.postgres {
            Some(_) => f.write_str("the PostgreSQL data base"),
            None => write!(f, "the data base {}", self.file.display()),
        }
    }
}

/// The key whose value cannot be used, and why.
pub(super) fn check(config: &Config) -> Result<(), (&'static str, String)> {
    let pages =
        [("public_url", &config.public_url), ("accounts.frontend", &config.accounts.frontend)];
    for (key, url) in pages {
        let is_web = |url: &String| {
            (url.starts_with("http://") || url.starts_with("https://")) && !url.ends_with('/')
        };
        if url.as_ref().is_some_and(|url| !is_web(url)) {
            let detail = "write https://host, without a slash at the end".to_owned();
            return Err((key, detail));
        }
    }
    let quiet = &config.rules.quiet;
    quiet.span().map_err(|e| ("rules.quiet.hours", e.to_string()))?;
    jiff::tz::TimeZone::get(&quiet.time_zone)
        .map_err(|e| ("rules.quiet.time_zone", e.to_string()))?;
    if config.rules.recording_minutes == 0 {
        return Err(("rules.recording_minutes", "a link must be good for a minute".to_owned()));
    }
    Ok(())
}
