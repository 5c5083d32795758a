//! Puts burden on a server that speaks the Twilio media-stream dialect and measures what its
//! callers would hear.
//!
//! ```text
//!   args ─▶ target (may it be burdened?) ─▶ run: many × caller (WebSocket ◀▶ sim::line::Line)
//!                    figures ◀─ pacing, marks, interruptions ◀──┘
//!   report (JSON, Markdown) ◀─ figures, process (CPU, memory), criterion (exit code)
//! ```

mod args;
mod callees;
mod caller;
mod criterion;
mod figures;
mod pacing;
mod process;
mod report;
mod run;
mod target;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser as _;

use crate::args::{Command, What};
use crate::figures::Figures;

fn main() -> ExitCode {
    match measure(&Command::parse().what) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("loadtest: {error:#}"));
            ExitCode::from(2)
        }
    }
}

/// Runs it; whether all criteria hold.
fn measure(what: &What) -> Result<bool> {
    let target = match what {
        What::Calls(args) => &args.target,
        What::BargeIn(args) => &args.target,
    };
    target::check(&target.url, target.yes_not_loopback)?;
    for criterion in &target.criterion {
        if !Figures::NAMES.contains(&criterion.figure.as_str()) {
            let known = Figures::NAMES.join(", ");
            bail!("there is no figure {:?}; there are {known}", criterion.figure);
        }
    }
    let runtime = tokio::runtime::Runtime::new()?;
    let report = runtime.block_on(async {
        match what {
            What::Calls(args) => run::calls(args).await,
            What::BargeIn(args) => run::barge_in(args).await,
        }
    })?;
    report.write(&target.out)?;
    say(&report.markdown()?);
    Ok(report.passed)
}

/// One line or more for people.
fn say(text: &str) {
    // A closed pipe is no reason to fail.
    let _ = writeln!(std::io::stdout(), "{text}");
}
