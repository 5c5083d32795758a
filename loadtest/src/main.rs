//! Puts burden on a server that speaks the Twilio media-stream dialect and measures what its
//! callers would hear.
//!
//! ```text
//!   args, scenario ─▶ target (may it be burdened?) ─▶ run ─▶ generator (one thread, epoll)
//!   many × caller (socket, tls, websocket) ◀─▶ listener (counts) | interrupter (sim::line::Line)
//!   figures ◀─ account, pacing, playout ◀──┘      process, own ◀─ CPU and memory of both ends
//!   report (JSON, Markdown, SVG) ◀─ figures, criterion (exit code);   capacity ◀─ search ◀─ run
//! ```

mod account;
mod args;
mod callees;
mod caller;
mod capacity;
mod criterion;
mod figures;
mod generator;
mod interrupter;
mod listener;
mod messages;
mod own;
mod pacing;
mod playout;
mod plot;
mod process;
mod progress;
mod report;
mod run;
mod scenario;
mod search;
mod target;
mod tls;
mod voice;
mod websocket;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Parser as _;

use crate::args::{Churn, Command, Common, FindCapacity, What};
use crate::progress::Progress;
use crate::report::{Report, Run};
use crate::run::{Kind, Stage};
use crate::scenario::{Knobs, Scenario};
use crate::target::Target;
use crate::voice::Voice;

/// The capacity that is looked for when nothing else is said.
const SUSTAINED: &str = "underrun20ms<=0.1%";

fn main() -> ExitCode {
    let command = Command::parse();
    let measured = match &command.what {
        What::Calls(common) => measure(common, "calls", Kind::Steady),
        What::BargeIn(args) => measure(&args.common, "barge-in", Kind::Tries(args.tries)),
        What::Churn(args) => measure(&args.common, "churn", Kind::Churn(args.total)),
        What::FindCapacity(args) => find_capacity(args),
    };
    match measured {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("loadtest: {error:#}"));
            ExitCode::from(2)
        }
    }
}

/// Makes one run; whether all criteria hold.
fn measure(common: &Common, command: &'static str, kind: Kind) -> Result<bool> {
    let mut knobs = knobs(common)?;
    match kind {
        Kind::Tries(_) => knobs.calls = knobs.calls.or(Some(4)),
        Kind::Churn(_) => knobs.call_s = Churn::call_s(knobs.call_s),
        Kind::Steady => {}
    }
    let scenario = Scenario::of(&knobs)?;
    let stage = stage(common)?;
    let outcome = stage.run(&scenario, kind, &mut Progress::new())?;
    let run = Run {
        command,
        url: common.url.clone(),
        scenario,
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        machine_load: report::machine_load(),
    };
    let report = Report::new(run, outcome, &common.criterion);
    report.write(&common.out)?;
    say(&report.markdown()?);
    Ok(report.passed)
}

/// Searches; whether any number of calls holds.
fn find_capacity(args: &FindCapacity) -> Result<bool> {
    let common = &args.common;
    let mut knobs = knobs(common)?;
    if knobs.calls.is_some() {
        bail!("the search chooses the number of calls: give --from and --to");
    }
    knobs.calls = Some(args.from);
    knobs.ramp_per_s = knobs.ramp_per_s.or(Some(200.0));
    let scenario = Scenario::of(&knobs)?;
    // As strict about the far end of the search as about its beginning.
    Scenario::of(&Knobs { calls: Some(args.to), ..knobs })?;
    let mut criteria = common.criterion.clone();
    if criteria.is_empty() {
        criteria.extend(SUSTAINED.parse());
    }
    let stage = stage(common)?;
    let range = (args.from, args.to);
    let mut progress = Progress::new();
    let found = capacity::find(&stage, &common.url, &scenario, &criteria, range, &mut progress)?;
    found.write(&common.out)?;
    say(&found.markdown()?);
    Ok(found.answer.is_some())
}

fn knobs(common: &Common) -> Result<Knobs> {
    let file = common.scenario.as_deref().map_or(Ok(Knobs::default()), Knobs::read)?;
    Ok(common.knobs.clone().over(file))
}

/// Checks what can be checked before the first call.
fn stage(common: &Common) -> Result<Stage> {
    for criterion in &common.criterion {
        if !report::names().any(|name| name == criterion.figure) {
            let known: Vec<&str> = report::names().collect();
            bail!("there is no figure {:?}; there are {}", criterion.figure, known.join(", "));
        }
    }
    let target = Target::of(&common.url, common.yes_not_loopback)?;
    let target = target.trusting(common.trust.as_deref())?;
    if let Some(cpu) = common.cpu {
        own::pin(cpu)?;
    }
    let (secret, pid) = (common.secret.clone(), common.pid);
    Ok(Stage { target, secret, pid, voice: Arc::new(Voice::shipped()) })
}

/// One line or more for people.
fn say(text: &str) {
    // A closed pipe is no reason to fail.
    let _ = writeln!(std::io::stdout(), "{text}");
}
