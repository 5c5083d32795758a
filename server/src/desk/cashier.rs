//! Keeps and charges calls that are over, and tells whoever is to be told. An end that cannot be kept now is kept later, by itself; one
//! that is told twice is charged once.

use std::{
    collections::VecDeque,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use metrics::counter;
use platform::{CallView, Finished};
use tokio::time::Instant;
use tracing::{error, warn};

use super::sender::Delivery;
use crate::{
    clock::wall_after,
    recovery,
    store::{Ledger, Store, StoreError},
};

/// Ends that wait for the store; of more the oldest are left to the next start, which finds them in
/// their journals.
const WAITING_MAX: usize = 1_000;
/// Time between two tries.
const RETRY: Duration = Duration::from_secs(5);

/// Between two looks at what has been kept long enough.
const SWEEP: Duration = Duration::from_secs(3_600);

/// The one who keeps them.
pub struct Cashier {
    ledger: Ledger,
    texts: Delivery,
    /// A shorter talk does not count as a call, in s.
    talk_seconds_min: u64,
    waiting: Mutex<VecDeque<Finished>>,
}

impl Cashier {
    /// Starts to retry, as long as somebody holds the cashier. A call is forgotten this many days after
    /// its end, with its folder; 0 keeps it.
    pub fn start(
        ledger: Ledger,
        texts: Delivery,
        talk_seconds_min: u64,
        call_days: u32,
    ) -> Arc<Self> {
        let cashier = Arc::new(Self { ledger, texts, talk_seconds_min, waiting: Mutex::default() });
        let weak = Arc::downgrade(&cashier);
        tokio::spawn(async move {
            let mut sweeps_at = Instant::now();
            loop {
                tokio::time::sleep(RETRY).await;
                let Some(cashier) = weak.upgrade() else { return };
                cashier.retry().await;
                if call_days > 0 && Instant::now() >= sweeps_at {
                    sweeps_at = Instant::now() + SWEEP;
                    let old = wall_after(-i64::from(call_days) * 24 * 3_600);
                    if let Err(error) = cashier.ledger.ask(move |it| it.forget_before(&old)).await {
                        warn!(%error, "old calls stay in the index");
                    }
                }
            }
        });
        cashier
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

    /// The first who tells of an end has it charged, and the person behind a reserved number told.
    async fn enter(&self, finished: Finished) -> Result<(), StoreError> {
        let (min, view) = (self.talk_seconds_min, finished.view.clone());
        let first = self.ledger.ask(move |store| store.finish_call(&finished, min)).await?;
        let message = CallView::restored(&view).and_then(|view| view.text_message());
        if let Some(message) = message.filter(|_| first) {
            self.texts.send(message.to.as_str(), &message.text);
        }
        Ok(())
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

/// Tells the store of the ends it has missed: of calls whose process died, and of those it could not keep
/// then. Their journals know.
pub fn catch_up(
    store: &mut Store,
    calls_dir: &Path,
    talk_seconds_min: u64,
) -> Result<(), StoreError> {
    for call in store.calls_not_over()? {
        let told = recovery::tell(calls_dir, &call.id).unwrap_or_else(|error| {
            warn!(%error, call_id = call.id, "a call's end is not known");
            None
        });
        if let Some(finished) = told.and_then(|call| call.view.finished()) {
            store.finish_call(&finished, talk_seconds_min)?;
        }
    }
    Ok(())
}
