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

/// Wall time so many seconds from now, as [`wall_now`] writes it.
pub fn wall_after(seconds: i64) -> String {
    let at = jiff::Timestamp::now().saturating_add(jiff::SignedDuration::from_secs(seconds));
    format!("{:.3}", at.unwrap_or(jiff::Timestamp::MAX))
}

/// An instant with an offset, in the form of [`wall_now`]; `None` when it is none.
pub fn wall_at(text: &str) -> Option<String> {
    Some(format!("{:.3}", text.parse::<jiff::Timestamp>().ok()?))
}

/// Wall time so many seconds after an instant.
pub fn wall_after_iso(instant: &str, seconds: i64) -> Option<String> {
    let at = instant.parse::<jiff::Timestamp>().ok()?;
    Some(format!("{:.3}", at.checked_add(jiff::SignedDuration::from_secs(seconds)).ok()?))
}
