//! `trunkline status`: how one call stands.

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::{
    remote::{EXIT_CODES, Remote, harmless},
    say,
};
use crate::{client::CallBody, config::Sources};

/// One call.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct One {
    /// The call's id
    pub(super) call_id: String,
    #[command(flatten)]
    pub(super) remote: Remote,
}

/// Does it.
pub fn run(one: &One, sources: &Sources) -> anyhow::Result<ExitCode> {
    one.remote.ask(sources, async |client| {
        let call = client.call(&one.call_id).await?;
        if one.remote.json {
            say(serde_json::json!(call).to_string());
        } else {
            say(summary(&call));
            let timestamps = call.rest.get("timestamps").unwrap_or(&Value::Null);
            for name in ["queued_at", "dialing_at", "answered_at", "finalized_at"] {
                if let Some(time) = timestamps[name].as_str() {
                    say(format!("  {name:<13}{}", harmless(time)));
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// One call in one line.
pub(super) fn summary(call: &CallBody) -> String {
    let number = |name: &str| call.rest["numbers"][name].as_str().unwrap_or("?");
    let numbers = call.rest.contains_key("numbers");
    let is_inbound = call.rest.get("direction").is_some_and(|direction| direction == "inbound");
    let other = match (numbers, is_inbound) {
        (false, _) => "?",
        (true, true) => number("from"),
        (true, false) => number("to"),
    };
    let arrow = if is_inbound { "from" } else { "to" };
    let stands = call.outcome.as_deref().unwrap_or(&call.lifecycle);
    let talked = call.talk_seconds().map(|s| format!("  {s} s")).unwrap_or_default();
    harmless(&format!("{}  {arrow:>4} {other}  {stands}{talked}", call.id))
}
