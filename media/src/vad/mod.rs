//! Voice activity: the cheap gate, the neural judge, and the edges of speech.

mod config;
pub mod silero;

pub use config::VadConfig;
