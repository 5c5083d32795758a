//! Digits and tones of the telephone.
//!
//! ```text
//!   digit ── names a key            sequence ── "1w2#" as keys and pauses
//!   generator ── keys → samples     tone ── cadences (ring-back, busy, SIT, fax, beep) → samples
//!   detector ── samples → keys      tone_detector ── samples → cadences, codes, beeps
//!   event ── RFC 4733 named events ↔ bytes      q24 ── the detector's examination
//! ```
//!
//! Knows nothing of packets, calls, sockets or clocks.

pub mod detector;
mod digit;
pub mod event;
pub mod generator;
pub mod q24;
pub mod sequence;
pub mod tone;
pub mod tone_detector;

pub use detector::{Detector, Press};
pub use digit::{COLUMNS_HZ, Digit, NotADigit, ROWS_HZ};
pub use generator::Generator;
pub use tone_detector::ToneDetector;
