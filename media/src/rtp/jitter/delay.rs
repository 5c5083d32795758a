//! How unevenly packets arrive, and so how long they should wait.
//!
//! A packet's transit is its arrival minus its media time: only differences of it mean anything. The
//! fastest transit of the last seconds is the floor; what a packet took above the floor is its
//! lateness. The target is the lateness that all but 2 % of recent packets stay under.

use crate::time::Mono;

/// Width of one class of lateness, in µs.
const CLASS_US: i64 = 5_000;
/// Classes; the last one takes everything above.
const CLASSES: usize = 120;
/// Share of packets that may come too late.
const LATE_SHARE: f32 = 0.02;
/// Each packet counts this much more than the one before: the past fades over 500 packets.
const FADING: f32 = 1.0 / 0.998;
/// Weights are scaled back here, long before they overflow.
const WEIGHT_MAX: f32 = 1e20;
/// The floor is the fastest of this one period and the one before, in µs.
const FLOOR_PERIOD_US: u64 = 5_000_000;

#[derive(Clone, Debug)]
pub(super) struct Delay {
    floors_us: [i64; 2],
    period_from: Mono,
    classes: [f32; CLASSES],
    weight: f32,
    sum: f32,
    target_us: i64,
    bounds_us: (i64, i64),
}

impl Delay {
    /// Begins with a target of `start_us`, kept between `bounds_us`.
    pub(super) fn new(start_us: i64, bounds_us: (i64, i64)) -> Self {
        Self {
            floors_us: [i64::MAX; 2],
            period_from: Mono::ZERO,
            classes: [0.0; CLASSES],
            weight: 1.0,
            sum: 0.0,
            target_us: start_us.clamp(bounds_us.0, bounds_us.1),
            bounds_us,
        }
    }

    /// Another stream, whose media time has nothing to do with the one before; what is known of the
    /// network stays.
    pub(super) fn forget_floor(&mut self) {
        self.floors_us = [i64::MAX; 2];
    }

    /// The fastest transit lately.
    pub(super) fn floor_us(&self) -> Option<i64> {
        let [now, before] = self.floors_us;
        Some(now.min(before)).filter(|&floor| floor != i64::MAX)
    }

    pub(super) fn target_us(&self) -> i64 {
        self.target_us
    }

    /// Takes note of one packet.
    pub(super) fn hear(&mut self, now: Mono, transit_us: i64) {
        let passed = now.since(self.period_from).as_micros() as u64;
        if self.floor_us().is_none() || passed >= 2 * FLOOR_PERIOD_US {
            self.floors_us = [i64::MAX; 2];
            self.period_from = now;
        } else if passed >= FLOOR_PERIOD_US {
            self.floors_us = [i64::MAX, self.floors_us[0]];
            self.period_from = now;
        }
        self.floors_us[0] = self.floors_us[0].min(transit_us);
        let lateness_us = transit_us - self.floor_us().unwrap_or(transit_us);
        let class = (lateness_us / CLASS_US).clamp(0, CLASSES as i64 - 1) as usize;
        self.classes[class] += self.weight;
        self.sum += self.weight;
        self.weight *= FADING;
        if self.weight > WEIGHT_MAX {
            self.scale_back();
        }
        self.retarget();
    }

    fn scale_back(&mut self) {
        for class in &mut self.classes {
            *class /= WEIGHT_MAX;
        }
        self.weight /= WEIGHT_MAX;
        self.sum = self.classes.iter().sum();
    }

    /// From the latest class down until more than the allowed share would be late.
    fn retarget(&mut self) {
        let mut late = 0.0;
        let mut class = CLASSES;
        while class > 0 && late + self.classes[class - 1] <= LATE_SHARE * self.sum {
            class -= 1;
            late += self.classes[class];
        }
        let (least, most) = self.bounds_us;
        // A single packet says nothing of how uneven they come: keep to the start's target at first.
        let wanted = (class as i64 * CLASS_US).clamp(least, most);
        let known = self.sum > 20.0;
        self.target_us = if known { wanted } else { self.target_us.max(wanted) };
    }
}
