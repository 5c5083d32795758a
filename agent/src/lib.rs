//! The mind of one call, as pure machines, and the dialects of speech and language vendors.
//!
//! ```text
//!   Signal, Sound, Stt, Llm, Tts ─▶ Call (one file per state) ─▶ Control, Sound, Listen, Think, Speak, Record
//!                                    ├ turn: who has the floor
//!                                    ├ dialogue: what was said and heard
//!                                    ├ sentence: tokens → speakable pieces
//!                                    ├ line: what is on the other end
//!                                    └ tools: what the model may do
//!   Heard, Line ─▶ menu: Navigator, the way through phone menus ─▶ Press, Say
//!   stt · llm · tts: one folder each, a trait and its dialects
//! ```
//!
//! Never heard of: carrier JSON, codecs, sockets, clocks, threads.

pub mod brief;
pub mod call;
pub mod dialogue;
mod fault;
pub mod line;
pub mod llm;
pub mod menu;
pub mod numerals;
pub mod sentence;
pub mod stt;
pub mod tools;
pub mod transcript;
pub mod tts;
pub mod turn;
pub mod wire;

pub use fault::{Fault, FaultClass};
