//! Whole circuits in virtual time, against a carrier that behaves like the real one.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may fail, and reads fixtures"
)]

mod allocation;
mod bridge;
mod carrier;
mod interruptions;
mod leg;
mod legs;
mod pacing;
mod sound;
