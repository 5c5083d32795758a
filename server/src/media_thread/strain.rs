//! How hard a media thread works, for whoever admits calls: it says so four times a second.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use metrics::{Gauge, Histogram, gauge, histogram};

/// How often a thread says how it is.
const WINDOW: Duration = Duration::from_millis(250);
/// A tick that begins, or a frame that leaves, later than this is late: a 20 ms buffer has run dry.
pub(super) const LATE: Duration = Duration::from_millis(20);
/// Share of late frames, or of late ticks, at which a window is a late one.
const LATE_PERMILLE_MAX: u32 = 10;
/// Late windows in a row that are no hiccup of the machine.
const LATE_WINDOWS: u32 = 4;
/// Share of its time that a thread may work. Above it, every hiccup of the machine makes frames late.
const BUSY_PERMILLE_MAX: u32 = 930;
/// What a call costs as long as too few are there to tell: 40 µs every 20 ms.
const BUSY_PERMILLE_EACH: u32 = 2;
/// Calls from which on what they cost tells, and lateness is their own and not some other program's.
const SEATS_ENOUGH: u32 = 50;

/// What one media thread last said of itself.
#[derive(Debug, Default)]
pub struct Strain {
    seats: AtomicU32,
    busy_permille: AtomicU32,
    /// The newest windows in a row that were late.
    late_windows: AtomicU32,
}

impl Strain {
    /// Whether it can take calls: `expected` of them have been admitted to it and are not there yet.
    pub(crate) fn has_room(&self, expected: u32) -> bool {
        let busy = self.busy_permille.load(Ordering::Relaxed);
        let seats = self.seats();
        let tells = seats >= SEATS_ENOUGH;
        let each = if tells { busy.div_ceil(seats) } else { BUSY_PERMILLE_EACH };
        let is_late = tells && self.late_windows.load(Ordering::Relaxed) >= LATE_WINDOWS;
        !is_late && busy.saturating_add(expected.saturating_mul(each)) < BUSY_PERMILLE_MAX
    }

    /// Circuits on it.
    pub(crate) fn seats(&self) -> u32 {
        self.seats.load(Ordering::Relaxed)
    }
}

/// The thread's own count.
pub(super) struct Meter {
    strain: Arc<Strain>,
    since: Instant,
    busy: Duration,
    /// Late ones of all, ticks and frames.
    ticks: (u32, u32),
    frames: (u32, u32),
    /// When the tick before began.
    before: Instant,
    shown: [Gauge; 3],
    delay: Histogram,
}

impl Meter {
    pub(super) fn new(number: usize) -> Self {
        let thread = || number.to_string();
        Self {
            strain: Arc::default(),
            since: Instant::now(),
            before: Instant::now(),
            delay: histogram!("trunkline_media_delay_seconds"),
            busy: Duration::ZERO,
            ticks: (0, 0),
            frames: (0, 0),
            shown: [
                gauge!("trunkline_streams", "thread" => thread()),
                gauge!("trunkline_media_busy_ratio", "thread" => thread()),
                gauge!("trunkline_media_late_ratio", "thread" => thread()),
            ],
        }
    }

    /// What others see of it.
    pub(super) fn strain(&self) -> Arc<Strain> {
        Arc::clone(&self.strain)
    }

    /// Nobody is there.
    pub(super) fn rest(&mut self, now: Instant) {
        self.before = now;
    }

    /// A tick that was to begin at `due` began and has ended. What it read had come since the tick
    /// before looked; what it sent has waited no longer.
    pub(super) fn tick(&mut self, due: Instant, began: Instant, ended: Instant) {
        self.delay.record(ended.saturating_duration_since(self.before));
        self.before = began;
        self.busy += ended.saturating_duration_since(began);
        count(&mut self.ticks, began.saturating_duration_since(due));
    }

    /// Frames left; the latest of them so much after its time.
    pub(super) fn frames(&mut self, lateness: Duration) {
        count(&mut self.frames, lateness);
    }

    /// Says how it is, when it is time to.
    pub(super) fn tell(&mut self, now: Instant, seats: usize) {
        let window = now.saturating_duration_since(self.since);
        if window < WINDOW {
            return;
        }
        let busy = permille(self.busy.as_micros() as u64, window.as_micros() as u64);
        let late = share(self.ticks).max(share(self.frames));
        let strain = &self.strain;
        // Half of it is the newest window.
        let busy = strain.busy_permille.load(Ordering::Relaxed).midpoint(busy);
        let in_a_row = strain.late_windows.load(Ordering::Relaxed).saturating_add(1);
        let late_windows = if late >= LATE_PERMILLE_MAX { in_a_row } else { 0 };
        strain.busy_permille.store(busy, Ordering::Relaxed);
        strain.late_windows.store(late_windows, Ordering::Relaxed);
        strain.seats.store(u32::try_from(seats).unwrap_or(u32::MAX), Ordering::Relaxed);
        let values = [seats as f64, f64::from(busy) / 1000.0, f64::from(late) / 1000.0];
        self.shown.iter().zip(values).for_each(|(gauge, value)| gauge.set(value));
        (self.since, self.busy) = (now, Duration::ZERO);
        (self.ticks, self.frames) = ((0, 0), (0, 0));
    }
}

fn count((late, all): &mut (u32, u32), lateness: Duration) {
    *all += 1;
    *late += u32::from(lateness > LATE);
}

fn share((late, all): (u32, u32)) -> u32 {
    permille(u64::from(late), u64::from(all))
}

fn permille(part: u64, all: u64) -> u32 {
    u32::try_from((part * 1000).checked_div(all).unwrap_or(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Runs ticks of 2 ms for a second that take `busy` each, frames leaving `late` after their time.
    fn second(meter: &mut Meter, seats: usize, busy: Duration, late: Duration) {
        for _ in 0..500 {
            let due = meter.since + meter.busy;
            meter.tick(due, due, due + busy);
            meter.frames(late);
            // The meter's own clock: 125 ticks are a window.
            if meter.ticks.1 == 125 {
                meter.tell(meter.since + WINDOW, seats);
            }
        }
    }

    #[test]
    fn room_ends_where_the_time_does() {
        let mut meter = Meter::new(0);
        let strain = meter.strain();
        assert!(strain.has_room(0) && strain.has_room(464) && !strain.has_room(465), "untried");
        // 600 calls take 1.2 of every 2 ms: 1 ‰ each.
        for _ in 0..2 {
            second(&mut meter, 600, 1200 * MS / 1000, Duration::ZERO);
        }
        assert_eq!(strain.seats(), 600);
        assert!(strain.has_room(280) && !strain.has_room(360));
        second(&mut meter, 790, 2000 * MS / 1000, Duration::ZERO);
        assert!(!strain.has_room(0), "too busy");
        second(&mut meter, 100, 200 * MS / 1000, Duration::ZERO);
        assert!(strain.has_room(100), "room again");
    }

    #[test]
    fn no_room_while_frames_leave_late() {
        let mut meter = Meter::new(0);
        let strain = meter.strain();
        second(&mut meter, 100, MS / 2, 21 * MS);
        assert!(!strain.has_room(0));
        second(&mut meter, 100, MS / 2, 19 * MS);
        assert!(strain.has_room(0), "on time again");
        second(&mut meter, 49, MS / 2, 21 * MS);
        assert!(strain.has_room(0), "so few are not late by themselves");
    }
}
