//! The generic network shells of vendor dialects, written once: one WebSocket client, one streaming
//! HTTP client, behind one [`Wire`] per dialect.
//!
//! Time-outs, size limits, cancelling and hiding of secrets are here; retrying is the dialect's.

mod http;
mod websocket;
mod wire;

pub use wire::{News, Wire};

#[cfg(test)]
mod tests;
