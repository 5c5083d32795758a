//! `trunkline list`: finished calls.

use std::process::ExitCode;

use clap::Args;

use super::{
    remote::{EXIT_CODES, Remote},
    say,
    status::summary,
};
use crate::config::Sources;

/// Which calls.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct Which {
    /// How many at most, the newest first (1 to 200)
    #[arg(long)]
    limit: Option<u32>,
    /// inbound or outbound
    #[arg(long)]
    direction: Option<String>,
    /// Only calls that ended then or later, for example 2026-11-22T00:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

/// Does it.
pub fn run(which: &Which, sources: &Sources) -> anyhow::Result<ExitCode> {
    let query = [
        ("limit", which.limit.map(|limit| limit.to_string())),
        ("direction", which.direction.clone()),
        ("since", which.since.clone()),
    ];
    let query: Vec<_> =
        query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    which.remote.ask(sources, async |client| {
        let history = client.calls(&query).await?;
        if which.remote.json {
            say(serde_json::json!(history).to_string());
        } else {
            history.calls.iter().for_each(|call| say(summary(call)));
        }
        Ok(ExitCode::SUCCESS)
    })
}
