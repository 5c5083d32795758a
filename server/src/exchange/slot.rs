//! Room for one more call: taken before any work is done for it, given back when it does not begin.

use std::sync::Arc;

use agent::call::{CallConfig, Policy};
use telephony::Direction;

use super::{Exchange, Parts, Placement, Refusal};
use crate::carrier::Streamed;

/// Counts as a call that is not over until it is used or dropped.
pub struct Slot {
    exchange: Option<Arc<Exchange>>,
}

impl Slot {
    pub(super) fn new(exchange: Arc<Exchange>) -> Self {
        Self { exchange: Some(exchange) }
    }

    /// Begins the call's record, then has it dialled, or answered once its carrier has opened the
    /// stream with a token for the id.
    ///
    /// # Errors
    /// When there can be no record of it: nothing has happened then.
    pub async fn begin(mut self, placement: Placement) -> Result<(), Refusal> {
        let Some(exchange) = self.exchange.clone() else { return Err(Refusal::Internal) };
        let (id, config, account) = config(&exchange, placement);
        let direction = config.direction;
        let begun = exchange.begin(&id, config, account).await?;
        self.exchange = None;
        exchange.connect(&id, begun, |ticket| match direction {
            Direction::Outbound => exchange.parts.carrier.leg(ticket),
            Direction::Inbound => {
                let Parts { shared, carrier, .. } = &exchange.parts;
                Box::new(Streamed::expected(ticket, shared, carrier.as_ref()))
            }
        });
        Ok(())
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
