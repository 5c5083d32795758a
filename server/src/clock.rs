//! The one clock of the process: [`Mono`] for machines, wall time for people and records.

use std::time::{Duration, Instant};

use media::Mono;

/// Turns the operating system's monotonic clock into [`Mono`]. Copies agree: one origin a process.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock whose origin is now.
    pub fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// Time since the origin.
    pub fn now(&self) -> Mono {
        Mono::from_micros(u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// The operating system's instant for a point on our axis.
    pub fn instant(&self, at: Mono) -> Instant {
        self.origin + Duration::from_micros(at.as_micros())
    }
}

/// Wall time as ISO-8601 UTC with milliseconds, for records.
pub fn wall_now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

/// Wall time in whole seconds since 1970.
pub fn unix_seconds() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0)
}
