//! What one call measures as it goes, whoever the callee is.

use std::time::Duration;

use media::Mono;

use crate::figures::Measured;

/// Marks asked for this shortly before the end are not missed.
const LAST_MARKS: Duration = Duration::from_millis(500);
/// Most marks under way; more are not timed.
const MARKS_MAX: usize = 10_000;

/// One call's account.
#[derive(Debug, Default)]
pub(crate) struct Account {
    began: Option<Mono>,
    marks: Vec<(String, Mono)>,
    pub(crate) measured: Measured,
}

impl Account {
    /// The stream began.
    pub(crate) fn begin(&mut self, now: Mono) {
        self.began = Some(now);
    }

    /// When the stream began.
    pub(crate) fn began(&self) -> Mono {
        self.began.unwrap_or(Mono::ZERO)
    }

    /// The server's sound arrived.
    pub(crate) fn heard(&mut self, now: Mono) {
        if self.measured.first_sound_us.is_none() {
            self.measured.first_sound_us = Some(micros(now, self.began()));
            self.measured.first_sound_at = Some(now);
        }
    }

    /// The server wants a mark back.
    pub(crate) fn asked(&mut self, mark: &str, now: Mono) {
        self.measured.marks += 1;
        if self.marks.len() < MARKS_MAX {
            self.marks.push((mark.to_owned(), now));
        }
    }

    /// A mark goes back to the server.
    pub(crate) fn returned(&mut self, mark: &str, now: Mono) {
        let Some(at) = self.marks.iter().position(|(asked, _)| asked == mark) else { return };
        let (_, asked_at) = self.marks.remove(at);
        self.measured.marks_returned += 1;
        self.measured.mark_us.push(micros(now, asked_at));
    }

    /// Adds up.
    pub(crate) fn finish(mut self, now: Mono) -> Measured {
        let fresh = self.marks.iter().filter(|(_, at)| now.since(*at) < LAST_MARKS);
        self.measured.marks -= fresh.count() as u64;
        self.measured.lasted_ms = self.began.map_or(0, |at| now.since(at).as_millis() as u64);
        if self.measured.failed.is_none() && self.began.is_none() {
            self.measured.failed = Some("the stream never began".to_owned());
        }
        self.measured
    }
}

fn micros(to: Mono, from: Mono) -> u64 {
    to.since(from).as_micros() as u64
}
