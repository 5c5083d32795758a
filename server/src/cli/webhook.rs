//! `trunkline webhook`: where this key is told of its calls, and what did not arrive there.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{
    remote::{EXIT_CODES, Remote, harmless},
    say,
};
use crate::{
    client::{Client, Fault},
    config::Sources,
};

/// What about it, and on which server.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct Told {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    remote: Remote,
}

/// What about it.
#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Show where to, and how many messages wait
    Show,
    /// Have this URL told of every call that is over; prints the secret, once
    Set {
        /// https, on the open internet
        url: String,
    },
    /// Tell nobody any more
    Remove,
    /// List messages that did not arrive
    DeadLetters,
    /// Send messages again that did not arrive
    Replay {
        /// Ids of dead letters
        #[arg(required_unless_present = "all")]
        ids: Vec<String>,
        /// All of them
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
}

/// Does it.
pub fn run(told: &Told, sources: &Sources) -> anyhow::Result<ExitCode> {
    let json = told.remote.json;
    told.remote.ask(sources, async |client| {
        match &told.what {
            What::Show => {
                show(&client.webhook().await?, json, &["url", "created_at", "waiting", "last_said"])
            }
            What::Set { url } => show(&client.set_webhook(url).await?, json, &["url", "secret"]),
            What::Remove => show(&client.remove_webhook().await?, json, &["removed"]),
            What::DeadLetters => list(&client.dead_letters().await?, json),
            What::Replay { ids, all } => replay(&client, ids, *all, json).await?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn show(body: &Value, json: bool, fields: &[&str]) {
    if json {
        return say(body.to_string());
    }
    for field in fields {
        say(format!("{field:<12}{}", text(&body[*field])));
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => harmless(text),
        other => other.to_string(),
    }
}

fn letters(body: &Value) -> &[Value] {
    body["dead_letters"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn list(body: &Value, json: bool) {
    if json {
        return say(body.to_string());
    }
    for letter in letters(body) {
        let field = |name: &str| text(&letter[name]);
        say(format!(
            "{}  {}  {} tries  {}",
            field("id"),
            field("laid_aside_at"),
            field("tries"),
            field("reason")
        ));
    }
}

/// The server shows so many at a time; with `all`, what it shows is sent until nothing is left.
async fn replay(client: &Client, ids: &[String], all: bool, json: bool) -> Result<(), Fault> {
    let mut ids = ids.to_vec();
    loop {
        if all {
            let shown = client.dead_letters().await?;
            let shown = letters(&shown).iter().filter_map(|it| it["id"].as_str());
            let before = std::mem::replace(&mut ids, shown.map(str::to_owned).collect());
            // What has come back meanwhile would go round for ever.
            ids.retain(|id| !before.contains(id));
        }
        for id in &ids {
            let answer = client.replay(id).await?;
            say(if json { answer.to_string() } else { format!("sent again  {}", harmless(id)) });
        }
        if !all || ids.is_empty() {
            return Ok(());
        }
    }
}
