//! One line of how it goes: written over on a terminal, a new one every 5 s elsewhere.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// Time between two lines where they stay.
const EVERY: Duration = Duration::from_secs(5);

/// Tells people on stderr how it goes.
#[derive(Debug)]
pub(crate) struct Progress {
    terminal: bool,
    last: Option<Instant>,
    width: usize,
}

impl Progress {
    /// Looks where stderr goes.
    pub(crate) fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), last: None, width: 0 }
    }

    /// How it goes now.
    pub(crate) fn show(&mut self, line: &str) {
        if let Some(text) = self.text(line, Instant::now()) {
            // A closed pipe is no reason to fail.
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
    }

    /// Something that stays.
    pub(crate) fn keep(&mut self, line: &str) {
        let text = if self.width > 0 {
            format!("\r{line:<width$}\n", width = self.width)
        } else {
            format!("{line}\n")
        };
        self.width = 0;
        let _ = std::io::stderr().write_all(text.as_bytes());
    }

    fn text(&mut self, line: &str, now: Instant) -> Option<String> {
        if self.terminal {
            let text = format!("\r{line:<width$}", width = self.width);
            self.width = line.chars().count();
            return Some(text);
        }
        let due = self.last.is_none_or(|last| now.duration_since(last) >= EVERY);
        due.then(|| {
            self.last = Some(now);
            format!("{line}\n")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_one_line_and_a_file_one_in_5_s() {
        let now = Instant::now();
        let mut progress = Progress { terminal: true, last: None, width: 0 };
        assert_eq!(progress.text("long line", now).as_deref(), Some("\rlong line"));
        assert_eq!(progress.text("short", now).as_deref(), Some("\rshort    "));
        let mut progress = Progress { terminal: false, last: None, width: 0 };
        assert_eq!(progress.text("a", now).as_deref(), Some("a\n"));
        assert_eq!(progress.text("b", now + EVERY / 2), None);
        assert_eq!(progress.text("c", now + EVERY).as_deref(), Some("c\n"));
    }
}
