//! The rules of the public API as plain state: what a call request must hold, who may place it, what
//! a call looks like from outside.
//!
//! ```text
//!   POST /call body ─▶ CallRequest ─▶ Brief, E164        (or Fault: a stable code, words for people)
//!   Account, Rules ─▶ may it be placed, and from which number?
//!   call::Output, Signal ─▶ CallView ─▶ GET /call/{id} body
//!                        └▶ Events   ─▶ GET /v1/calls/{id}/events
//! ```
//!
//! Rooms: `request`, `view`, `preferences`, `history` (bodies and queries), `account` (keys and who is
//! behind them), `rules` (allowances, destinations, hours, rates, numbers), `fault` (every no), `events` (one call as it
//! happens), `webhook` (told to others' servers).
//! Never heard of: sockets, SQL, audio, clocks. Wall-clock times come in as text.

mod account;
mod events;
mod fault;
mod history;
mod preferences;
mod request;
mod rules;
mod text;
mod view;
pub mod webhook;

pub use account::{Account, KEY_BYTES_MAX, KEY_PREFIX, Tier, email, is_key};
pub use events::{Event, Events, Next};
pub use fault::{Action, Code, Fault, Links, Quota};
pub use history::HistoryQuery;
pub use preferences::{
    InboundBody, InboundPolicy, Preferences, PreferencesBody, Profile, ProfileChange,
    ReservedNumber, read_preferences,
};
pub use request::{CallRequest, VOICES};
pub use rules::{
    BadHours, Buckets, Destinations, Numbers, NumbersInUse, Quiet, Rate, Rates, Rules, Trial,
    TrialRule, country_of,
};
pub use view::{
    CallBody, CallView, Finished, Lifecycle, Numbers as CallNumbers, Shown, TextMessage,
};
