//! One tokio task per call: it runs the pure [`Call`](agent::call::Call) against its carrier, its
//! circuit and its recogniser, model and voice.
//!
//! ```text
//!   inbox ─▶ Call ─▶ carrier · circuit (orders) · ear · mind · mouth · journal · board · watchers
//! ```

mod board;
mod inbox;
mod task;

pub use board::{Board, READERS_MAX, Reader};
pub use inbox::{INBOX_MAX, Inbox};
pub(crate) use task::stages;
pub use task::{CallTask, HAPPENINGS_MAX, Happening, Links, UserLinks};
