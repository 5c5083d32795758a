//! The sound of one call, as pure machines.
//!
//! ```text
//!  carrier ▶ leg: jitter → decode ─▶ dtmf · level · vad ─▶ barge-in ─▶ taps (Heard, Judge, Event)
//!  carrier ◀ leg: encode ◀─ mix ◀─ playout ledger ◀─ Speech
//! ```
//!
//! Rooms: `codec` (G.711, G.722, L16, Opus, concealment), `rtp` (packets, RTCP, jitter), `resample`,
//! `vad` (gate, judge, edges), `barge_in` (policy, echo gate), `playout` (ledger, pacing), `mix`
//! (gain, levels, mixer), `ear` (what kind of sound it is), `circuit` (all of it in one `handle / poll / deadline`), `tape` (a
//! circuit's inputs and outputs as bytes, for exact replay).
//!
//! Never heard of: carriers, URLs, text, clocks, threads.

pub mod barge_in;
pub mod circuit;
pub mod codec;
pub mod ear;
pub mod mix;
pub mod net;
pub mod playout;
pub mod resample;
pub mod rtp;
pub mod tape;
pub mod time;
pub mod vad;

pub use time::Mono;
