//! Stages one at a time, for instruction counters and profilers; and the reaction in virtual time.

use anyhow::{Context as _, Result};
use benches::{reaction, stage};
use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Names of the stages whose instructions are counted, how often each is repeated, what it is
    List,
    /// Sets one stage up and repeats it
    Repeat {
        /// Which one
        name: String,
        /// How often; otherwise as often as it is counted
        times: Option<u32>,
    },
    /// How soon callees who speak over the agent are reacted to, in virtual time
    Reaction,
}

#[expect(clippy::print_stdout, reason = "it is asked for")]
fn main() -> Result<()> {
    match Args::parse().what {
        What::List => {
            for stage in stage::all().filter(|stage| stage.counted > 0) {
                println!("{} {} {}", stage.name, stage.counted, stage.what);
            }
        }
        What::Repeat { name, times } => {
            let found = stage::all().find(|stage| stage.name == name);
            let stage = found.with_context(|| format!("no stage is called {name}"))?;
            stage::repeat(&mut (stage.set_up)(), times.unwrap_or(stage.counted));
        }
        What::Reaction => {
            let reactions = reaction::reactions();
            let ms = |of: fn(&reaction::Reaction) -> Option<std::time::Duration>| {
                let mut sorted: Vec<_> = reactions.iter().filter_map(of).collect();
                sorted.sort_unstable();
                let at = |share: usize| {
                    sorted.get((sorted.len() * share / 100).min(sorted.len().saturating_sub(1)))
                };
                let ms =
                    |at: Option<&std::time::Duration>| at.map_or(0.0, |it| it.as_secs_f64() * 1e3);
                format!(
                    "{} of {}: p50 {:.0} ms, p95 {:.0} ms, most {:.0} ms",
                    sorted.len(),
                    reactions.len(),
                    ms(at(50)),
                    ms(at(95)),
                    ms(at(100))
                )
            };
            println!("the agent stands still   {}", ms(|reaction| reaction.paused));
            println!("the agent gives way      {}", ms(|reaction| reaction.interrupted));
        }
    }
    Ok(())
}
