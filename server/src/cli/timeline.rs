//! `trunkline timeline CALL_DIR`

use std::{path::Path, process::ExitCode};

use super::say;
use crate::{
    journal::TIMELINE,
    timeline::{draw, text},
};

/// Does it.
pub fn run(dir: &Path) -> anyhow::Result<ExitCode> {
    let story = draw(dir)?;
    say(text(&story).trim_end());
    say(format!("\npicture: {}", dir.join(TIMELINE).display()));
    Ok(ExitCode::SUCCESS)
}
