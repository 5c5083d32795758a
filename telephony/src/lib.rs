//! The words between us and a carrier, and one folder per carrier that translates them.
//!
//! ```text
//!   Call ──Control──▶ carrier ──Signal──▶ Call          (the call: dialling, answer, end)
//!   Circuit ──Outgoing──▶ Translator ──message──▶ wire  (the stream: audio, marks, keys)
//!   Circuit ◀──Incoming── Translator ◀──message── wire
//! ```
//!
//! Rooms: `signal`, `control` (the words), `stream` (the words of a media stream and the
//! [`Translator`] trait), `capabilities`, `number` (E.164), `cause` (why a call ended), `token`
//! (who may attach a stream), `twilio`, `loopback` (carriers), `conformance` (the suite every
//! translator passes). A translator is values in, values out: this crate does no I/O.

mod capabilities;
mod cause;
pub mod conformance;
mod control;
pub mod loopback;
mod number;
mod signal;
pub mod stream;
pub mod token;
pub mod twilio;

pub use capabilities::{Bridging, Capabilities, DigitPath, MachineDetection};
pub use cause::{Cause, Outcome};
pub use control::Control;
pub use loopback::Loopback;
pub use number::{E164, NotE164};
pub use signal::{Direction, Signal};
pub use stream::Translator;
pub use twilio::Twilio;
