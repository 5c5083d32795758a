//! Runs a call's dialects: which ones by configuration, where by what they need. A dialect that
//! computes goes to a worker thread; one that talks to a network gets a tokio task and a wire.

mod cast;
mod ear;
mod mind;
mod mouth;
mod pulse;

pub(crate) use cast::load_mouth;
pub use cast::{Cast, CastError, Dialects};
pub(crate) use ear::{as_input, spawn as spawn_ear};
pub(crate) use mind::spawn as spawn_mind;
pub use mind::{MindAsk, MindLink};
pub(crate) use mouth::{Backlog, spawn as spawn_mouth};
pub(crate) use pulse::Pulse;

use media::Mono;
use tokio::time::Instant;

use crate::clock::Clock;

/// Sleeps until a dialect's deadline; for ever without one.
async fn until(clock: Clock, deadline: Option<Mono>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(Instant::from_std(clock.instant(at))).await,
        None => std::future::pending().await,
    }
}
