//! Room for one more call: taken before any work is done for it, given back when it does not begin.

use std::sync::Arc;

use agent::call::{CallConfig, Policy};

use super::{Exchange, Placement};
use crate::carrier::Streamed;

/// Counts as a call that is not over until it is used or dropped.
pub struct Slot {
    exchange: Option<Arc<Exchange>>,
}

impl Slot {
    pub(super) fn new(exchange: Arc<Exchange>) -> Self {
        Self { exchange: Some(exchange) }
    }

    /// Has the call dialled, after this has returned.
    pub fn dial(mut self, placement: Placement) {
        let Some(exchange) = self.exchange.take() else { return };
        let (id, config, account) = config(&exchange, placement);
        exchange.connect(&id, config, account, |ticket| exchange.parts.carrier.leg(ticket));
    }

    /// Has the call answered whose stream its carrier is about to open, with a token for the id.
    pub fn answer(mut self, placement: Placement) {
        let Some(exchange) = self.exchange.take() else { return };
        let (id, config, account) = config(&exchange, placement);
        let shared = &exchange.parts.shared;
        exchange
            .connect(&id, config, account, |ticket| Box::new(Streamed::expected(ticket, shared)));
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(exchange) = self.exchange.take() {
            exchange.release();
        }
    }
}

fn config(exchange: &Exchange, placement: Placement) -> (String, CallConfig, Option<String>) {
    let Placement { id, direction, to, from, brief, account, duration_ms_max } = placement;
    let usual = exchange.parts.policy;
    let duration_ms_max =
        duration_ms_max.map_or(usual.duration_ms_max, |it| it.min(usual.duration_ms_max));
    let policy = Policy { duration_ms_max, ..usual };
    (id, CallConfig { direction, to, from, brief, policy }, account)
}
