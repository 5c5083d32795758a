//! How evenly a server's sound arrives: what a player with a 20 ms buffer would have missed.
//!
//! A *stretch* is sound without an intended pause. Its grid is where the server's frames usually
//! were in the last second; a frame later than 20 ms on that grid finds a buffer of 20 ms empty, and
//! counts as the frames of silence that were heard until it came. The player waits for it and goes
//! on, as carriers do: the grid begins anew there. The lead that servers keep in the carrier's buffer
//! (the burst that opens a stretch) is not counted in their favour; what is left of the trouble when
//! it is, the emulated carrier itself tells.

use std::{mem, time::Duration};

/// The buffer the figure is named after.
const BUFFER: Duration = Duration::from_millis(20);
/// What arrives this soon after a stretch's first frame is its opening burst.
const BURST: Duration = Duration::from_millis(5);
/// Silence of the server that is an end of a stretch when a mark or a clear came before it, and a
/// stall when not.
const PAUSE: Duration = Duration::from_millis(200);
/// Frames that make the grid.
const GRID_FRAMES: usize = 50;
/// Frames kept of one stretch; a longer one is cut in two (10 min).
const STRETCH_FRAMES_MAX: usize = 30_000;

/// What has arrived on one call.
#[derive(Debug, Default)]
pub(crate) struct Pacing {
    /// Of each frame: where the stretch would have begun had the frame come on the grid, in µs.
    starts_us: Vec<i64>,
    /// Frames of the opening burst.
    opening: usize,
    first_arrival: Duration,
    /// Of the last frame.
    length: Duration,
    position: Duration,
    last_arrival: Option<Duration>,
    disturbed_until: Duration,
    may_end: bool,
    counts: Counts,
    lateness_us: Vec<u32>,
}

/// Totals of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Frames judged.
    pub(crate) frames: u64,
    /// Frames of silence that a 20 ms buffer would have left.
    pub(crate) underruns: u64,
    /// Long silences in the middle of a stretch.
    pub(crate) stalls: u64,
    /// Stretches.
    pub(crate) stretches: u64,
}

impl Pacing {
    /// A frame of `length` arrived at `at` (any origin, monotonic).
    pub(crate) fn frame(&mut self, at: Duration, length: Duration) {
        if at < self.disturbed_until {
            self.cut();
            return;
        }
        if let Some(last) = self.last_arrival
            && at.saturating_sub(last) > PAUSE
        {
            if !self.may_end {
                self.counts.stalls += 1;
                self.counts.underruns += 1;
            }
            self.finish();
        }
        if self.starts_us.len() >= STRETCH_FRAMES_MAX {
            self.finish();
        }
        if self.starts_us.is_empty() {
            self.first_arrival = at;
        }
        if at.saturating_sub(self.first_arrival) <= BURST {
            self.opening += 1;
        }
        self.starts_us.push(micros(at) - micros(self.position));
        self.position += length;
        self.length = length;
        self.last_arrival = Some(at);
        self.may_end = false;
    }

    /// The server asked for a mark: its sound may end here.
    pub(crate) fn mark(&mut self) {
        self.may_end = true;
    }

    /// The server cleared, or stopped because somebody spoke: its sound ends here.
    pub(crate) fn cut(&mut self) {
        self.finish();
        self.may_end = true;
    }

    /// Somebody speaks: frames before `until` (same origin as arrivals) are not judged.
    pub(crate) fn disturb(&mut self, until: Duration) {
        self.disturbed_until = until;
    }

    /// Totals, and how late each frame was, in µs.
    pub(crate) fn result(mut self) -> (Counts, Vec<u32>) {
        self.finish();
        (self.counts, self.lateness_us)
    }

    fn finish(&mut self) {
        if self.starts_us.is_empty() {
            return;
        }
        self.counts.stretches += 1;
        let (starts_us, buffer_us) = (mem::take(&mut self.starts_us), micros(BUFFER));
        let mut grid_from = self.opening;
        for (number, start_us) in starts_us.iter().enumerate() {
            let before = grid_from.max(number.saturating_sub(GRID_FRAMES))..number;
            let grid_us = starts_us.get(before).and_then(usual_start);
            let late_us = grid_us.map_or(0, |grid_us| start_us - grid_us);
            if late_us > buffer_us {
                let silent_us = (late_us - buffer_us).unsigned_abs();
                self.counts.underruns +=
                    silent_us.div_ceil(micros(self.length).unsigned_abs().max(1));
                grid_from = number;
            }
            self.counts.frames += 1;
            self.lateness_us.push(u32::try_from(late_us.max(0)).unwrap_or(u32::MAX));
        }
        self.opening = 0;
        self.position = Duration::ZERO;
        self.last_arrival = None;
    }
}

/// Where the stretch would have begun had these frames come on the grid: an early one in ten sets
/// it, so that one early frame does not. `None` when there are none.
///
/// In µs; negative when the stretch began right at the origin with a lead.
fn usual_start(starts_us: &[i64]) -> Option<i64> {
    let mut starts_us = starts_us.to_vec();
    let tenth = starts_us.len() / 10;
    (!starts_us.is_empty()).then(|| *starts_us.select_nth_unstable(tenth).1)
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(20);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// 100 frames, three at once and the rest on the grid, shifted by `shift(i)` ms.
    fn stretch(pacing: &mut Pacing, from: u64, shift: impl Fn(u64) -> u64) {
        for i in 0..100_u64 {
            pacing.frame(ms(from + i.saturating_sub(2) * 20 + shift(i)), FRAME);
        }
    }

    #[test]
    fn an_even_stream_with_a_lead_is_never_late() {
        let mut pacing = Pacing::default();
        stretch(&mut pacing, 1_000, |i| i % 5);
        let (counts, lateness) = pacing.result();
        assert_eq!(counts, Counts { frames: 100, stretches: 1, ..Counts::default() });
        assert!(lateness.iter().all(|us| *us <= 5_000), "{lateness:?}");
    }

    #[test]
    fn a_late_frame_counts_although_the_lead_covers_it() {
        let mut pacing = Pacing::default();
        stretch(&mut pacing, 0, |i| if i == 50 { 25 } else { 0 });
        let (counts, lateness) = pacing.result();
        assert_eq!(counts.underruns, 1);
        assert_eq!(lateness.iter().max(), Some(&25_000));
    }

    #[test]
    fn a_short_stall_counts_as_the_silence_it_leaves_whether_or_not_it_is_caught_up_with() {
        let caught_up = |i: u64| 70_u64.saturating_sub((i - 50) * 20);
        let gone_on_with = |_| 70;
        let shifts: [&dyn Fn(u64) -> u64; 2] = [&caught_up, &gone_on_with];
        for shift in shifts {
            let mut pacing = Pacing::default();
            stretch(&mut pacing, 0, |i| if i < 50 { 0 } else { shift(i) });
            let (counts, lateness) = pacing.result();
            assert_eq!((counts.underruns, counts.stalls), (3, 0), "50 ms without sound");
            assert_eq!(lateness.iter().filter(|us| **us > 20_000).count(), 1, "{lateness:?}");
        }
    }

    #[test]
    fn jitter_counts_each_time() {
        let mut pacing = Pacing::default();
        stretch(&mut pacing, 0, |i| if i % 10 == 9 { 25 } else { 0 });
        assert_eq!(pacing.result().0.underruns, 10);
    }

    #[test]
    fn a_pause_after_a_mark_is_meant_and_one_without_is_a_stall() {
        for (marked, stalls) in [(true, 0), (false, 1)] {
            let mut pacing = Pacing::default();
            stretch(&mut pacing, 0, |_| 0);
            if marked {
                pacing.mark();
            }
            stretch(&mut pacing, 10_000, |_| 0);
            let (counts, _) = pacing.result();
            assert_eq!((counts.stalls, counts.underruns, counts.stretches), (stalls, stalls, 2));
        }
    }

    #[test]
    fn what_comes_while_somebody_speaks_is_not_judged() {
        let mut pacing = Pacing::default();
        pacing.disturb(ms(1_000));
        stretch(&mut pacing, 0, |i| if i == 20 { 90 } else { 0 });
        let (counts, _) = pacing.result();
        assert_eq!((counts.underruns, counts.stalls), (0, 0));
        assert!((45..55).contains(&counts.frames), "{counts:?}");
    }

    #[test]
    fn a_slow_clock_leaves_silence_again_and_again() {
        let mut pacing = Pacing::default();
        stretch(&mut pacing, 0, |i| i);
        assert_eq!(pacing.result().0.underruns, 4, "100 ms are missing, the buffer held 20");
    }
}
