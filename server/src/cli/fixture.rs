//! `trunkline fixture CALL_DIR OUT`

use std::process::ExitCode;

use super::{Cut, say};
use crate::{
    fixture::{Plan, cut},
    replay::replay,
};

/// Does it, and proves that what was written replays.
pub fn run(wanted: &Cut) -> anyhow::Result<ExitCode> {
    let plan =
        Plan { from: wanted.from, to: wanted.to.unwrap_or(f64::INFINITY), redact: wanted.redact };
    let inputs = cut(&wanted.dir, &wanted.out, plan)?;
    match replay(&wanted.out, false)? {
        Ok(_) => {
            let sound = if wanted.redact { "; the sound was left out" } else { "" };
            say(format!("{}: {inputs} inputs, replays identically{sound}", wanted.out.display()));
            Ok(ExitCode::SUCCESS)
        }
        Err(difference) => {
            say(format!("{}: does not replay: {difference}", wanted.out.display()));
            Ok(ExitCode::FAILURE)
        }
    }
}
