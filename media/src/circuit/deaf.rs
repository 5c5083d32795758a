//! Notices when the carrier falls silent: no packet, not even of silence.

use std::time::Duration;

use super::{outbox::Outbox, words::Event};
use crate::Mono;

/// First report after this long without a packet; then each time it has doubled.
const FIRST: Duration = Duration::from_secs(2);

pub(super) struct Deaf {
    last: Mono,
    patience: Duration,
}

impl Deaf {
    pub(super) fn new(now: Mono) -> Self {
        Self { last: now, patience: FIRST }
    }

    /// A packet came.
    pub(super) fn packet(&mut self, now: Mono) {
        *self = Self { last: now, patience: FIRST };
    }

    pub(super) fn tick(&mut self, now: Mono, out: &mut Outbox) {
        let silent = now.since(self.last);
        if silent >= self.patience {
            let for_ms = u32::try_from(silent.as_millis()).unwrap_or(u32::MAX);
            out.event(Event::Deaf { for_ms });
            // The axis of `Mono` ends long before a `Duration` does, so this ends too.
            while silent >= self.patience {
                self.patience = self.patience.saturating_mul(2);
            }
        }
    }

    pub(super) fn deadline(&self) -> Mono {
        self.last + self.patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::outbox::Out;

    fn reports(deaf: &mut Deaf, now: Mono) -> Vec<u32> {
        let mut out = Outbox::new();
        deaf.tick(now, &mut out);
        std::iter::from_fn(|| match out.pop() {
            Some(Out::Event(Event::Deaf { for_ms })) => Some(for_ms),
            _ => None,
        })
        .collect()
    }

    #[test]
    fn each_report_waits_twice_as_long_to_the_end_of_time() {
        let mut deaf = Deaf::new(Mono::ZERO);
        assert_eq!(reports(&mut deaf, Mono::from_millis(1999)), [0u32; 0]);
        assert_eq!(reports(&mut deaf, Mono::from_millis(2000)), [2000]);
        assert_eq!(deaf.deadline(), Mono::from_millis(4000));
        // Far too late for one report is still one report, and the next lies ahead.
        assert_eq!(reports(&mut deaf, Mono::from_millis(9000)), [9000]);
        assert_eq!(deaf.deadline(), Mono::from_millis(16_000));
        for end in [u64::MAX - 1, u64::MAX] {
            let end = Mono::from_micros(end);
            let mut deaf = Deaf::new(Mono::ZERO);
            assert_eq!(reports(&mut deaf, end), [u32::MAX]);
            assert_eq!(reports(&mut deaf, end), [0u32; 0], "reported once");
            deaf.packet(end);
            assert_eq!(reports(&mut deaf, end), [0u32; 0]);
        }
    }
}
