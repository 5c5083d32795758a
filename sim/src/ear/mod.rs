//! Proof by ear: which tones are in a stretch of sound (who hears whom), and which words.

mod tones;
pub mod words;

pub use tones::{Spectrum, hears_tone};
