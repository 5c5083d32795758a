//! Proof by ear: which tones are in a stretch of sound (who hears whom), and which words; and an ear that
//! knows a script's sounds.

mod known;
mod tones;
pub mod words;

pub use known::{Known, known_judge};
pub use tones::{Spectrum, hears_tone};
