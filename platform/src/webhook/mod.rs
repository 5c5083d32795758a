//! What is told to a customer's own server when something has happened, and how it is told: signed (Standard Webhooks),
//! tried again with growing pauses, and in the end laid aside where it can be looked at and sent again.
//!
//! ```text
//!   Finished ─▶ Notice ─▶ signed ─▶ their server ─▶ Answer ─▶ Next: done · again in so many s · laid aside
//! ```
//!
//! `signature` signs, `schedule` judges answers, `address` tells which networks are nobody's business.

mod address;
mod schedule;
mod signature;

pub use address::is_public;
pub use schedule::{Answer, Next, TRIES_MAX, after};
pub use signature::{BadSecret, Secret};
