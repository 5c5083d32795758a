//! The lines of `journal.jsonl`.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use agent::call::{CallConfig, Input, Output, Record};
use anyhow::{Context, bail};
use media::Mono;
use serde::{Deserialize, Serialize};

/// Version of the journal's form.
pub const VERSION: u32 = 1;

/// The first line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct First {
    /// [`VERSION`].
    pub version: u32,
    /// The call's id.
    #[serde(default)]
    pub call_id: String,
    /// Whose call it is: the account that placed it, or owns the number that was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Wall time of the call's birth, ISO-8601.
    #[serde(default)]
    pub started: String,
    /// What the mind was told at its birth.
    pub config: CallConfig,
}

/// Every other line; one of `in`, `out`, `note`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// When.
    pub at: Mono,
    /// An input of the mind.
    #[serde(rename = "in", default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Input>,
    /// An output of the mind.
    #[serde(rename = "out", default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Output>,
    /// A remark of the shell; not part of a replay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Record>,
}

/// Code of the remark that ends the journal of a call whose process died.
pub const WORKER_LOST: &str = "worker_lost";

impl Line {
    /// Whether it says that the process died here.
    pub fn is_lost(&self) -> bool {
        matches!(&self.note, Some(Record::Notice { code, .. }) if code == WORKER_LOST)
    }
}

/// Reads a journal. A last line that was cut off (a crash) is left out.
pub fn read(path: &Path) -> anyhow::Result<(First, Vec<Line>)> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut lines = BufReader::new(file).lines();
    let first = lines.next().with_context(|| format!("{} is empty", path.display()))??;
    let first: First =
        serde_json::from_str(&first).with_context(|| format!("{}: line 1", path.display()))?;
    if first.version != VERSION {
        bail!("{} has version {}, this program reads {VERSION}", path.display(), first.version);
    }
    let mut all = Vec::new();
    let mut broken: Option<(usize, serde_json::Error)> = None;
    for (number, line) in lines.enumerate() {
        if let Some((number, e)) = broken {
            bail!("{}: line {number}: {e}", path.display());
        }
        match serde_json::from_str(&line?) {
            Ok(line) => all.push(line),
            Err(e) => broken = Some((number + 2, e)),
        }
    }
    Ok((first, all))
}
