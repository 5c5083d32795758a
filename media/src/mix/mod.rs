//! Gain, levels, mixing: small tools on 16-bit samples.
//!
//! dBFS here is relative to the amplitude of a full-scale sine's peak for peaks, and to a full-scale
//! square wave for RMS: a full-scale sine reads 0 dBFS peak and −3 dBFS RMS.

mod gain;
mod level;
mod mixer;

pub use gain::Gain;
pub use level::{Level, QUIETEST_DBFS};
pub use mixer::{Mixer, mix_into};
