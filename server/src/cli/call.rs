//! `trunkline call`: places a call on a running server and, with `--wait`, watches it to its end.

use std::{process::ExitCode, time::Duration};

use clap::Args;

use super::{
    remote::{EXIT_CODES, NOT_ANSWERED, Remote, STILL_RUNNING},
    say,
    watch::{Screen, TICK, Words},
};
use crate::{
    client::{Client, Fault, News, Wanted},
    config::Sources,
};

/// The call that is wanted.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct Place {
    /// Number to call, for example +12125550142
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    to: String,
    /// Everything the voice has to know: what for, for whom, what it may say and decide
    #[arg(long, value_name = "TEXT")]
    task: String,
    /// Your own number, so that the call can be joined with your telephone
    #[arg(long, value_name = "NUMBER")]
    bridge: Option<String>,
    /// jessica, sarah, chris or eric
    #[arg(long)]
    voice: Option<String>,
    /// How to behave, for example "brief and formal"
    #[arg(long, value_name = "TEXT")]
    personality: Option<String>,
    /// What to say about who calls
    #[arg(long, value_name = "TEXT")]
    greeting: Option<String>,
    /// Watch the call until it ends; Ctrl-C hangs it up
    #[arg(long)]
    wait: bool,
    /// Watch for so many seconds at most; the call goes on
    #[arg(long, value_name = "SECONDS", requires = "wait")]
    wait_max: Option<u64>,
    #[command(flatten)]
    remote: Remote,
}

/// Does it. On stdout stands the call's id or, with `--wait`, how it ended.
pub fn run(place: &Place, sources: &Sources) -> anyhow::Result<ExitCode> {
    let wanted = Wanted {
        to: place.to.clone(),
        task: place.task.clone(),
        voice: place.voice.clone(),
        personality: place.personality.clone(),
        greeting: place.greeting.clone(),
        bridge_number: place.bridge.clone(),
    };
    place.remote.ask(sources, async |client| {
        let placed = client.place(&wanted).await?;
        let id = placed.call_id;
        if !place.wait {
            say(if place.remote.json {
                serde_json::json!({ "call_id": id, "status": placed.status }).to_string()
            } else {
                id
            });
            return Ok(ExitCode::SUCCESS);
        }
        let is_over = watch(&client, &id, place.wait_max.map(Duration::from_secs)).await?;
        let call = client.call(&id).await?;
        if place.remote.json {
            say(serde_json::json!(call).to_string());
        } else {
            say(format!("{id} {}", call.outcome.as_deref().unwrap_or(&call.lifecycle)));
        }
        Ok(match call.outcome.as_deref() {
            Some("answered") => ExitCode::SUCCESS,
            Some(_) => ExitCode::from(NOT_ANSWERED),
            None if is_over => ExitCode::FAILURE,
            None => ExitCode::from(STILL_RUNNING),
        })
    })
}

/// Shows a call until its end, or until the time is over (`false`).
async fn watch(client: &Client, id: &str, limit: Option<Duration>) -> Result<bool, Fault> {
    let mut events = client.events(id);
    let (mut words, mut screen) = (Words::default(), Screen::new());
    let mut ticks = tokio::time::interval(TICK);
    let mut is_hung_up = false;
    let over = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(over);
    loop {
        tokio::select! {
            news = events.next() => {
                let Some(news) = news? else { break };
                screen.print(&words.take(&news));
            }
            _ = ticks.tick() => screen.tick(&words),
            () = &mut over => {
                screen.leave();
                return Ok(false);
            }
            _ = tokio::signal::ctrl_c() => {
                if is_hung_up {
                    screen.leave();
                    return Ok(false);
                }
                is_hung_up = true;
                screen.print(&["· hanging up; Ctrl-C again to leave at once".to_owned()]);
                client.hangup(id).await?;
            }
        }
    }
    // An end that was not told leaves the last line open.
    screen.print(&words.take(&News { name: String::new(), data: serde_json::Value::Null }));
    screen.leave();
    Ok(true)
}
