//! Where every request of the public API is judged: who asks, whether they may, what it costs. Joins
//! the rules (`platform`), the store and the exchange; HTTP is a skin over it.
//!
//! Rooms: `asker` (keys, rates), `placing` (a call, from the request to its slot), `reading` (calls and
//! history, by their owner alone), `wishes` (preferences), `linking` (keys become accounts), `ringing`
//! (calls to reserved numbers), `cashier` (calls that are over), `sender` (messages to people).

mod asker;
mod cashier;
mod linking;
mod placing;
mod reading;
mod ringing;
mod sender;
mod wishes;

use std::sync::{Arc, Mutex};

use jiff::tz::TimeZone;
use platform::{Buckets, Code, Fault, Links, Rates, Rules};
use secrecy::SecretString;

pub use asker::{Asker, Visitor};
pub use cashier::{Cashier, catch_up};
pub use placing::Placed;
pub(crate) use placing::REPEAT_BYTES_MAX;
pub use reading::{PastCall, Read};
pub use ringing::Ring;
pub use sender::{Delivers, Delivery, codes, texts};

use crate::{
    exchange::{Exchange, Refusal},
    store::{Ledger, StoreError},
};

/// What a desk is made of.
pub struct Setup {
    /// What is allowed.
    pub rules: Rules,
    /// The store.
    pub ledger: Ledger,
    /// Delivers one-time codes.
    pub codes: Delivery,
    /// Where we are reached; what a request calls us when absent.
    pub public_url: Option<String>,
    /// Where links that carry a key lead; our own pages when absent.
    pub frontend: Option<String>,
    /// Opens `/metrics`.
    pub operator_token: Option<SecretString>,
    /// Signs the requests of the carrier that brings calls to reserved numbers.
    pub twilio_token: Option<SecretString>,
    /// Customers' webhooks may lead to this machine and its neighbours.
    pub webhooks_private: bool,
    /// Signs links to recordings.
    pub secret: Vec<u8>,
}

/// The desk.
pub struct Desk {
    exchange: Arc<Exchange>,
    setup: Setup,
    zone: TimeZone,
    rates: Mutex<RateBooks>,
    /// One call is placed at a time, so that what was counted still holds when it is entered.
    placing: tokio::sync::Mutex<()>,
}

/// How often whom has done what.
struct RateBooks {
    key: Buckets,
    address: Buckets,
    calls: Buckets,
    new_keys: Buckets,
    codes: Buckets,
}

impl RateBooks {
    fn new(rates: &Rates) -> Self {
        Self {
            key: Buckets::new(rates.key),
            address: Buckets::new(rates.address),
            calls: Buckets::new(rates.calls),
            new_keys: Buckets::new(rates.new_keys),
            codes: Buckets::new(rates.codes),
        }
    }
}

impl Desk {
    /// Opens the desk.
    pub fn new(exchange: Arc<Exchange>, setup: Setup) -> Arc<Self> {
        // The configuration was checked; a zone that has gone since is not worth a refusal.
        let zone = TimeZone::get(&setup.rules.quiet.time_zone).unwrap_or(TimeZone::UTC);
        let rates = Mutex::new(RateBooks::new(&setup.rules.rates));
        Arc::new(Self { exchange, setup, zone, rates, placing: tokio::sync::Mutex::default() })
    }

    /// All calls.
    pub fn exchange(&self) -> &Arc<Exchange> {
        &self.exchange
    }

    /// The store.
    pub fn ledger(&self) -> &Ledger {
        &self.setup.ledger
    }

    /// What is allowed.
    pub fn rules(&self) -> &Rules {
        &self.setup.rules
    }

    /// What the desk was made of.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Pages for a key; `base` is where the request reached us.
    pub fn links<'a>(&'a self, base: &'a str, key: &'a str) -> Links<'a> {
        Links { frontend: self.setup.frontend.as_deref().unwrap_or(base), key }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed a request");
        Code::StorageUnavailable
            .because("accounts cannot be read or written now; try again")
            .after_s(5)
    }
}

/// Why a call was not placed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPlaced {
    /// The rules say no.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// There is no room.
    #[error(transparent)]
    Refusal(#[from] Refusal),
}
