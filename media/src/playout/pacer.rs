//! When the next frame must leave: an absolute grid, kept in step with the carrier's clock.
//!
//! The grid is the moment at which the carrier will have played everything sent. It moves by exactly
//! one frame per frame, whenever that frame happened to leave; only a carrier that ran dry starts a
//! new grid. Marks show how far the carrier's clock runs from ours, and pull the grid along.

use std::time::Duration;

use crate::Mono;

/// Marks that set the usual delay of a mark in a run.
const BASELINE_MARKS: u32 = 8;
/// A mark's delay may wander this far from the usual before the grid follows, in µs.
const DEAD_BAND_US: i64 = 4_000;
/// How far the grid moves at once.
const NUDGE: Duration = Duration::from_millis(1);

pub(super) struct Pacer {
    frame: Duration,
    lead: Duration,
    /// Lateness that does not start a new grid.
    slack: Duration,
    /// When the carrier runs dry.
    dry_at: Mono,
    marks: u32,
    /// Usual delay of a returned mark in this run, and the recent one, in µs.
    usual_us: i64,
    recent_us: i64,
}

impl Pacer {
    pub(super) fn new(frame: Duration, lead: Duration, slack: Duration) -> Self {
        Self { frame, lead, slack, dry_at: Mono::ZERO, marks: 0, usual_us: 0, recent_us: 0 }
    }

    /// Frames are so long from now on.
    pub(super) fn set_frame(&mut self, frame: Duration) {
        self.frame = frame;
    }

    /// The earliest moment for the next frame.
    pub(super) fn due_at(&self) -> Mono {
        self.dry_at + self.frame - self.lead
    }

    /// When the carrier has played everything sent.
    pub(super) fn dry_at(&self) -> Mono {
        self.dry_at
    }

    /// A frame leaves; returns when the carrier begins to play it.
    pub(super) fn send(&mut self, now: Mono) -> Mono {
        if now > self.dry_at + self.slack {
            self.dry_at = now;
            self.marks = 0;
        }
        let plays_at = self.dry_at;
        self.dry_at = plays_at + self.frame;
        plays_at
    }

    /// The carrier dropped what it had.
    pub(super) fn clear(&mut self, now: Mono) {
        self.dry_at = self.dry_at.min(now);
        self.marks = 0;
    }

    /// A mark came back at `now`; we expected its sound to be over at `expected`. Returns how the
    /// grid moves, in µs.
    pub(super) fn mark(&mut self, now: Mono, expected: Mono) -> i64 {
        let delay = now.as_micros() as i64 - expected.as_micros() as i64;
        self.marks += 1;
        if self.marks <= BASELINE_MARKS {
            let n = i64::from(self.marks);
            self.usual_us =
                if n == 1 { delay } else { self.usual_us + (delay - self.usual_us) / n };
            self.recent_us = self.usual_us;
            return 0;
        }
        self.recent_us += (delay - self.recent_us) / 8;
        let off = self.recent_us - self.usual_us;
        let nudge = NUDGE.as_micros() as i64;
        if off.abs() <= DEAD_BAND_US {
            return 0;
        }
        self.recent_us -= nudge * off.signum();
        if off > 0 {
            self.dry_at = self.dry_at + NUDGE;
            nudge
        } else {
            self.dry_at = self.dry_at - NUDGE;
            -nudge
        }
    }

    /// Half of a mark's usual delay: about how long a frame travels.
    pub(super) fn travel(&self) -> Duration {
        let us = if self.marks == 0 { 0 } else { self.usual_us.clamp(0, 500_000) as u64 };
        Duration::from_micros(us / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn pacer() -> Pacer {
        Pacer::new(20 * MS, 60 * MS, Duration::ZERO)
    }

    /// Sends all that is due; returns how many frames.
    fn drain(pacer: &mut Pacer, now: Mono) -> u32 {
        let mut sent = 0;
        while pacer.due_at() <= now {
            pacer.send(now);
            sent += 1;
        }
        sent
    }

    #[test]
    fn the_lead_leaves_at_once_then_the_grid() {
        let mut pacer = pacer();
        let at = Mono::from_millis;
        assert_eq!(drain(&mut pacer, at(1000)), 3);
        for (ms, frames) in [(1019, 0), (1020, 1), (1039, 0), (1041, 1), (1060, 1), (1100, 2)] {
            assert_eq!(drain(&mut pacer, at(ms)), frames, "at {ms}");
        }
        assert_eq!(pacer.dry_at, at(1160));
    }

    #[test]
    fn late_ticks_do_not_move_the_grid() {
        let mut pacer = pacer();
        let mut frames = 0;
        // Every tick up to 19 ms late.
        for tick in 0..30_000u64 {
            frames += drain(&mut pacer, Mono::from_millis(1000 + tick * 20 + tick * 7 % 20));
        }
        assert!((30_000..=30_003).contains(&frames), "{frames}");
    }

    #[test]
    fn a_dry_carrier_starts_a_new_grid() {
        let mut pacer = pacer();
        drain(&mut pacer, Mono::from_millis(1000));
        assert_eq!(pacer.send(Mono::from_millis(1075)), Mono::from_millis(1075));
        assert_eq!(pacer.dry_at, Mono::from_millis(1095));
    }

    #[test]
    fn ten_minutes_against_a_clock_that_is_off() {
        for ppm in [-200i64, 200] {
            let mut pacer = pacer();
            let start = 1_000_000u64;
            let mut sent_us = 0i64;
            let mut worst = (i64::MAX, i64::MIN);
            let mut pending = std::collections::VecDeque::new();
            for ms in 0..600_000u64 {
                let now = Mono::from_micros(start + ms * 1000);
                let elapsed = ms as i64 * 1000;
                let played = elapsed + elapsed * ppm / 1_000_000;
                while pacer.due_at() <= now {
                    let plays = pacer.send(now);
                    sent_us += 20_000;
                    if sent_us % 100_000 == 0 {
                        pending.push_back((sent_us, plays + 20 * MS));
                    }
                }
                if let Some((at, expected)) = pending.front().copied()
                    && played >= at
                {
                    pending.pop_front();
                    let moved = pacer.mark(now + 30 * MS, expected);
                    for (_, expected) in &mut pending {
                        *expected = Mono::from_micros((expected.as_micros() as i64 + moved) as u64);
                    }
                }
                let ahead = sent_us - played;
                worst = (worst.0.min(ahead), worst.1.max(ahead));
            }
            assert!(worst.0 > 25_000 && worst.1 < 80_000, "{ppm} ppm: {worst:?} µs ahead");
        }
    }
}
