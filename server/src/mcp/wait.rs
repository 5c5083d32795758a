//! Follows calls: tells the agent what happens in one, and ends one that has had its time.

use std::{sync::Arc, time::Duration};

use rmcp::{
    RoleServer,
    model::{ProgressNotificationParam, ProgressToken},
    service::{Peer, RequestContext},
};
use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until};

use super::limits::Limits;
use crate::client::{Client, Fault, News};

/// Waited before a server that cannot answer is asked again: what the API's clients keep to.
const PAUSE: Duration = Duration::from_secs(3);
/// How often a hang-up is tried.
const HANGUPS_MAX: u32 = 5;

/// Hangs the call up when it has talked for the time that was set aside for it, and gives back what it did not need.
pub(super) async fn guard(
    client: Client,
    call_id: String,
    granted_seconds: u64,
    limits: Arc<Limits>,
) {
    let mut events = client.events(&call_id);
    let granted = Duration::from_secs(granted_seconds);
    // A call that cannot be followed is counted from here.
    let mut until = None;
    let mut is_followed = true;
    let mut hangups = 0;
    loop {
        let due = async {
            match until {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            news = events.next(), if is_followed => match news {
                Ok(Some(news)) if news.name == "end" => {
                    let talked = news.data["talk_seconds"].as_u64().unwrap_or(0);
                    return limits.give_back(granted_seconds.saturating_sub(talked));
                }
                Ok(Some(news)) if news.data["lifecycle"] == "answered" => {
                    until.get_or_insert_with(|| Instant::now() + granted);
                }
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => {
                    is_followed = false;
                    until.get_or_insert_with(|| Instant::now() + granted);
                }
            },
            () = due => {
                hangups += 1;
                if client.hangup(&call_id).await.is_ok() && !is_followed || hangups == HANGUPS_MAX {
                    return;
                }
                until = Some(Instant::now() + PAUSE);
            }
        }
    }
}

/// How a wait ended.
#[derive(Debug)]
pub(super) enum Waited {
    /// The call is over.
    Over,
    /// It goes on.
    Running,
}

/// Waits for the call's end, at most `limit`, and tells the agent what happens meanwhile.
///
/// # Errors
/// The server refuses for good.
pub(super) async fn wait(
    client: &Client,
    call_id: &str,
    limit: Duration,
    context: &RequestContext<RoleServer>,
) -> Result<Waited, Fault> {
    let mut progress = Progress::of(context);
    let mut events = client.events(call_id);
    let until = sleep(limit);
    tokio::pin!(until);
    loop {
        let news = tokio::select! {
            news = events.next() => news,
            () = &mut until => return Ok(Waited::Running),
            () = context.ct.cancelled() => return Ok(Waited::Running),
        };
        match news {
            Ok(Some(news)) => {
                progress.tell(&news).await;
                if news.name == "end" {
                    return Ok(Waited::Over);
                }
            }
            Ok(None) => return Ok(Waited::Over),
            Err(fault) if fault.is_retryable() => {
                sleep(PAUSE).await;
                events = client.events(call_id);
            }
            Err(fault) => return Err(fault),
        }
    }
}

/// Progress notifications, if the agent wants them.
struct Progress {
    to: Option<(Peer<RoleServer>, ProgressToken)>,
    steps: u32,
}

impl Progress {
    fn of(context: &RequestContext<RoleServer>) -> Self {
        let token = context.meta.get_progress_token();
        Self { to: token.map(|token| (context.peer.clone(), token)), steps: 0 }
    }

    async fn tell(&mut self, news: &News) {
        let (Some((peer, token)), Some(message)) = (&self.to, message(news)) else { return };
        self.steps += 1;
        let step = ProgressNotificationParam::new(token.clone(), f64::from(self.steps));
        // An agent that has left misses it.
        let _ = peer.notify_progress(step.with_message(message)).await;
    }
}

/// An event in a few words; nothing for what would only be noise.
fn message(news: &News) -> Option<String> {
    let text = |name: &str| news.data.get(name).and_then(Value::as_str);
    Some(match &*news.name {
        "state" => text("lifecycle")?.to_owned(),
        "line" => {
            let who = if text("role")? == "user" { "callee" } else { text("role")? };
            format!("{who}: {}", text("text")?)
        }
        "line_state" => format!("on the line: {}", text("state")?),
        "keys" => format!("keys of the {}: {}", text("by")?, text("digits")?),
        "bridge" => format!("the user's telephone: {}", text("state")?),
        "end" => format!("over: {}", text("outcome")?),
        _ => return None,
    })
}
