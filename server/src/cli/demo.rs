//! `trunkline demo`

use std::{process::ExitCode, time::Instant};

use anyhow::Context;
use sim::directory;

use super::say;
use crate::{
    config::{Carrier, Sources, Storage, load},
    demo,
    vendors::Cast,
};

/// The errand of the demonstration, at the restaurant itself, as a request to the API.
pub fn request_json() -> String {
    demo::request(directory::RESTAURANT).to_string()
}

/// Does it: exit code 0 only if the errand was done.
pub fn run(sources: &Sources) -> anyhow::Result<ExitCode> {
    let mut config = load(sources)?;
    config.carrier = Carrier::Loopback;
    config.line_state = true;
    // A file that any player plays.
    config.records.storage = Storage::Wav;
    let began = Instant::now();
    say("trunkline places a call to a simulated restaurant: no key, no network, no telephone.\n");
    let cast = Cast::load(&config, &mut |what| {
        say(format!("  {:5.1} s  loading {what}", began.elapsed().as_secs_f64()));
    })?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let outcome = runtime.block_on(demo::run(&config, cast))?;
    say(demo::epilogue(&outcome));
    Ok(if outcome.done() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
