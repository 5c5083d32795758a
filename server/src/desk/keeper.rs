//! Keeps and charges calls that are over. An end that cannot be kept now is kept later, by itself; one
//! that is told twice is charged once.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use metrics::counter;
use platform::Finished;
use tracing::{error, warn};

use crate::store::{Ledger, StoreError};

/// Ends that wait for the store; of more the oldest are left to the next start, which finds them in
/// their journals.
const WAITING_MAX: usize = 1_000;
/// Time between two tries.
const RETRY: Duration = Duration::from_secs(5);

/// The one who keeps them.
pub struct Keeper {
    ledger: Ledger,
    /// A shorter talk does not count as a call, in s.
    talk_seconds_min: u64,
    waiting: Mutex<VecDeque<Finished>>,
}

impl Keeper {
    /// Starts to retry, as long as somebody holds the keeper.
    pub fn start(ledger: Ledger, talk_seconds_min: u64) -> Arc<Self> {
        let keeper = Arc::new(Self { ledger, talk_seconds_min, waiting: Mutex::default() });
        let weak = Arc::downgrade(&keeper);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(RETRY).await;
                let Some(keeper) = weak.upgrade() else { return };
                keeper.retry().await;
            }
        });
        keeper
    }

    /// Keeps an end, now or later.
    pub async fn keep(&self, finished: Finished) {
        if let Err(error) = self.enter(finished.clone()).await {
            warn!(%error, call_id = finished.call_id, "a call's end is kept later");
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.len() >= WAITING_MAX {
                waiting.pop_front();
                counter!("trunkline_ends_not_kept_total").increment(1);
                error!("too many calls' ends wait for the store; the oldest waits for a restart");
            }
            waiting.push_back(finished);
        }
    }

    async fn enter(&self, finished: Finished) -> Result<bool, StoreError> {
        let min = self.talk_seconds_min;
        self.ledger.ask(move |store| store.finish_call(&finished, min)).await
    }

    async fn retry(&self) {
        loop {
            let next = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(finished) = next else { return };
            if self.enter(finished.clone()).await.is_err() {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                return waiting.push_front(finished);
            }
        }
    }
}
