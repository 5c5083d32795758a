//! `trunkline config …`

use std::process::ExitCode;

use super::{ConfigWhat, say};
use crate::config::{Sources, load};

/// Does it.
pub fn run(what: ConfigWhat, sources: &Sources) -> anyhow::Result<ExitCode> {
    match what {
        ConfigWhat::Print => say(load(sources)?.redacted()?.trim_end()),
    }
    Ok(ExitCode::SUCCESS)
}
