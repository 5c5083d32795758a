//! The sound of one call: `handle / poll / deadline`.

mod config;
mod words;

pub use config::{CircuitConfig, ConfigError, Transport};
pub use words::*;

use crate::Mono;

/// Why a circuit wants to be called again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A frame is due at the carrier.
    Frame,
    /// A packet is due from the jitter buffer.
    Jitter,
    /// A report is due (RTCP).
    Report,
    /// A suspicion of speech must be decided.
    BargeIn,
    /// What was sent has been played by now.
    Played,
    /// No audio came for long.
    Deaf,
}

/// Levels for meters, in dBFS (silence: −96).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    /// The callee.
    pub heard_dbfs: f32,
    /// What we say.
    pub said_dbfs: f32,
}

/// The sound of one call, one machine.
pub struct Circuit {
    config: CircuitConfig,
    now: Mono,
}

impl Circuit {
    /// A circuit that begins at `now`.
    ///
    /// # Errors
    /// When the configuration is impossible.
    pub fn new(config: &CircuitConfig, now: Mono) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self { config: *config, now })
    }

    /// The configuration it was born with.
    pub fn config(&self) -> &CircuitConfig {
        &self.config
    }

    /// Something happened. Poll until `None` afterwards.
    pub fn handle(&mut self, now: Mono, input: Input<'_>) {
        let _ = input;
        self.now = now;
    }

    /// What to do next.
    pub fn poll(&mut self) -> Option<Output<'_>> {
        None
    }

    /// When to call again with [`Input::Tick`], and why.
    pub fn deadline(&self) -> Option<(Mono, Timer)> {
        None
    }

    /// Levels of the last frames.
    pub fn levels(&self) -> Levels {
        Levels { heard_dbfs: -96.0, said_dbfs: -96.0 }
    }
}
