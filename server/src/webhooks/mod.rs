//! Tells customers' own servers that a call is over.
//!
//! ```text
//!   a call's end is kept ─▶ store (waiting) ─▶ Courier ─▶ post (signed) ─▶ their server
//!                             ▲                              └▶ arrived · again later · laid aside
//! ```
//!
//! What waits is in the store, so it outlives the process, and one message may come twice. `post` is the way out, `door`
//! keeps it off networks that are nobody's business.

mod door;
mod post;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use metrics::counter;
use platform::webhook::{Next, Secret, after};
use tokio::{sync::watch, task::AbortHandle};
use tracing::{info, warn};

pub use door::{BadAddress, check};

use crate::{
    clock::{unix_seconds, wall_now},
    random,
    store::{Ledger, Message, Room, StoreError},
};

/// Messages on their way at a time.
const POSTS_MAX: usize = 32;
/// Of these to one customer: one whose server is slow delays nobody else.
const POSTS_OF_ONE_MAX: usize = 4;
/// Between two looks at the store.
const LOOK: Duration = Duration::from_secs(1);
/// A message that was taken is due again after this, if nothing was said of it, in s: longer than a post can take.
const TAKEN_SECONDS: u64 = 60;

/// Carries messages, as long as it is held.
pub struct Courier {
    carrying: AbortHandle,
    settled: watch::Receiver<u64>,
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

impl Courier {
    /// Starts to carry what waits.
    ///
    /// # Errors
    /// No HTTP client can be made.
    pub fn start(ledger: Ledger, allow_private: bool) -> Result<Self, reqwest::Error> {
        let http = post::client(allow_private)?;
        let (tell, settled) = watch::channel(0);
        let posts = Mutex::default();
        let round = Arc::new(Round { ledger, http, allow_private, posts, settled: tell });
        let carrying = async move {
            loop {
                if let Err(error) = round.look().await {
                    warn!(%error, "webhooks wait for the store");
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        Ok(Self { carrying: tokio::spawn(carrying).abort_handle(), settled })
    }

    /// How often a message was sent and what came of it was kept.
    pub fn settled(&self) -> watch::Receiver<u64> {
        self.settled.clone()
    }
}

struct Round {
    ledger: Ledger,
    http: reqwest::Client,
    allow_private: bool,
    /// Messages on their way, by key.
    posts: Mutex<BTreeMap<String, usize>>,
    settled: watch::Sender<u64>,
}

impl Round {
    /// Takes what is due and sends it.
    async fn look(self: &Arc<Self>) -> Result<(), StoreError> {
        let busy = self.posts().clone();
        let room =
            Room { all: POSTS_MAX - busy.values().sum::<usize>(), each: POSTS_OF_ONE_MAX, busy };
        if room.all == 0 {
            return Ok(());
        }
        let now = unix_seconds();
        let taken =
            self.ledger.ask(move |store| store.take_messages(now, now + TAKEN_SECONDS, &room));
        for message in taken.await? {
            *self.posts().entry(message.key.clone()).or_default() += 1;
            let round = Arc::clone(self);
            tokio::spawn(async move {
                round.send(&message).await;
                let mut posts = round.posts();
                if let Some(count) = posts.get_mut(&message.key) {
                    *count -= 1;
                }
                posts.retain(|_, count| *count > 0);
            });
        }
        Ok(())
    }

    fn posts(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(&self, message: &Message) {
        let answer = match Secret::read(&message.secret) {
            Ok(secret) => post::post(&self.http, self.allow_private, message, &secret).await,
            Err(bad) => Err(bad.to_string()),
        };
        let tries = message.tries + 1;
        let chance = random::bytes::<2>().map_or(0, u16::from_ne_bytes);
        let (answer, said) = post::read(answer);
        let next = after(tries, answer, chance);
        let (key, id) = (message.key.clone(), message.id.clone());
        let kept = match next {
            Next::Done => self.ledger.ask(move |store| store.message_arrived(&key, &id)).await,
            Next::Again { after_s } => {
                let due = unix_seconds() + after_s;
                self.ledger
                    .ask(move |store| store.message_waits(&key, &id, tries, due, &said))
                    .await
            }
            Next::LaidAside => {
                let now = wall_now();
                self.ledger.ask(move |store| store.lay_aside(&key, &id, tries, &now, &said)).await
            }
        };
        let outcome = match next {
            Next::Done => "arrived",
            Next::Again { .. } => "again",
            Next::LaidAside => "laid_aside",
        };
        counter!("trunkline_webhooks_total", "outcome" => outcome).increment(1);
        info!(message = message.id, tries, outcome, "a webhook was sent");
        if let Err(error) = kept {
            // It is due again soon, and may come twice.
            warn!(%error, message = message.id, "what came of a webhook was not kept");
        }
        self.settled.send_modify(|times| *times += 1);
    }
}
