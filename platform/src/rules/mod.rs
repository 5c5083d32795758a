//! What this installation allows, as configuration with safe defaults, and the judgements that
//! follow. A refused call costs nothing and says why.
//!
//! Rooms: `allowance` (free calls and balances), `destination` (who may be called), `quiet` (when),
//! `bucket` (how often), `pool` (from which number).

mod allowance;
mod bucket;
mod destination;
mod pool;
mod quiet;

use serde::{Deserialize, Serialize};

pub use allowance::{Trial, TrialRule};
pub use bucket::{Buckets, Rate};
pub use destination::{Destinations, country_of};
pub use pool::{Numbers, NumbersInUse};
pub use quiet::{BadHours, Quiet};

/// Everything that can be allowed or not.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Answers as the first generation of the API did, where the two differ: the key in every
    /// answer, 429 when free calls are used up, the greeting said instead of the disclosure.
    pub first_generation: bool,
    /// Whether a call without a key gets one.
    pub new_keys: bool,
    /// A key made by a call is good for this many days; 0 is for ever.
    pub key_days_max: u32,
    /// Whether only keys that are linked to an account may call.
    pub link_required: bool,
    /// Calls of one account at a time.
    pub calls_at_once_max: u32,
    /// Said first in every call that is recorded.
    pub disclosure: String,
    /// How long a recording's link is good, in minutes.
    pub recording_minutes: u32,
    /// Free calls.
    pub trial: Trial,
    /// Who may be called.
    pub destinations: Destinations,
    /// When nobody is called.
    pub quiet: Quiet,
    /// From which numbers.
    pub numbers: Numbers,
    /// How often.
    pub rates: Rates,
}

/// How often things may be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rates {
    /// Requests with one key.
    pub key: Rate,
    /// Requests from one address.
    pub address: Rate,
    /// Calls placed with one key.
    pub calls: Rate,
    /// New keys for one address.
    pub new_keys: Rate,
    /// One-time codes for one address or key.
    pub codes: Rate,
    /// Whether a proxy stands before us, so that the last name in `X-Forwarded-For` is the address.
    pub behind_proxy: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            first_generation: false,
            new_keys: true,
            key_days_max: 0,
            link_required: false,
            calls_at_once_max: 4,
            disclosure: "This call is recorded.".to_owned(),
            recording_minutes: 10,
            trial: Trial::default(),
            destinations: Destinations::default(),
            quiet: Quiet::default(),
            numbers: Numbers::default(),
            rates: Rates::default(),
        }
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            key: Rate { burst: 600, per_minute: 6_000 },
            address: Rate { burst: 1_000, per_minute: 12_000 },
            calls: Rate { burst: 30, per_minute: 30 },
            new_keys: Rate { burst: 100, per_minute: 10 },
            codes: Rate { burst: 5, per_minute: 1 },
            behind_proxy: false,
        }
    }
}
