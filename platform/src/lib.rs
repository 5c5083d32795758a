//! The rules of the public API as plain state: what a call request must hold, what a call looks
//! like from outside.
//!
//! ```text
//!   POST /call body ─▶ CallRequest ─▶ Brief, E164        (or Refused: a stable code, words for people)
//!   call::Output, Signal ─▶ CallView ─▶ GET /call/{id} body
//!                        └▶ Events   ─▶ GET /v1/calls/{id}/events
//! ```
//!
//! Never heard of: sockets, SQL, audio, clocks. Wall-clock times come in as text.

mod events;
mod request;
mod view;
pub mod webhook;

pub use events::{Event, Events, Next};
pub use request::{CallRequest, Refused, VOICES};
pub use view::{CallView, Lifecycle, Numbers};
