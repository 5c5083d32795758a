//! `trunkline hangup`: ends a call.

use std::process::ExitCode;

use super::{remote::harmless, say, status::One};
use crate::config::Sources;

/// Does it. A call that is over already is fine.
pub fn run(one: &One, sources: &Sources) -> anyhow::Result<ExitCode> {
    one.remote.ask(sources, async |client| {
        let answer = client.hangup(&one.call_id).await?;
        say(match answer["message"].as_str() {
            Some(message) if !one.remote.json => harmless(message),
            _ => answer.to_string(),
        });
        Ok(ExitCode::SUCCESS)
    })
}
