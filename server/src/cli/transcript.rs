//! `trunkline transcript`: what was said and done in a call so far.

use std::process::ExitCode;

use super::{remote::harmless, say, status::One};
use crate::config::Sources;

/// Does it.
pub fn run(one: &One, sources: &Sources) -> anyhow::Result<ExitCode> {
    one.remote.ask(sources, async |client| {
        let lines = client.call(&one.call_id).await?.transcript.unwrap_or_default();
        if one.remote.json {
            say(serde_json::json!(lines).to_string());
        } else {
            for line in &lines {
                let who = match &*line.role {
                    "assistant" => "agent",
                    "user" => "callee",
                    role => role,
                };
                say(harmless(&format!("{who:>8}  {}", line.text)));
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}
