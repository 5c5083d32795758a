//! What one call measured, and all of them together.

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::pacing::Counts;

/// What one call measured.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// Evenness of the server's sound.
    pub(crate) pacing: Counts,
    /// How late each frame was, in µs.
    pub(crate) lateness_us: Vec<u32>,
    /// How often the carrier's buffer ran dry in the middle of sound.
    pub(crate) gaps: u64,
    /// From the first ring to the end, in ms.
    pub(crate) lasted_ms: u64,
    /// Sound received, in ms.
    pub(crate) sound_ms: u64,
    /// The server's first sound after the stream began, in µs.
    pub(crate) first_sound_us: Option<u64>,
    /// Marks the server asked for, and those it got back before the end.
    pub(crate) marks: u64,
    /// Marks returned.
    pub(crate) marks_returned: u64,
    /// From a mark's arrival to its return, in µs: what lay unplayed before it.
    pub(crate) mark_us: Vec<u64>,
    /// Clears the server sent.
    pub(crate) clears: u64,
    /// Interruptions tried.
    pub(crate) tries: Vec<Try>,
    /// Messages of the server the carrier would not understand.
    pub(crate) misbehaved: u64,
    /// The connection failed or ended before its time.
    pub(crate) failed: Option<String>,
}

/// One interruption.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Try {
    /// From the callee's first speech sample to the end of sound at the callee, in µs.
    pub(crate) stop_us: Option<u64>,
    /// From the callee's first speech sample to `clear` on the wire, in µs.
    pub(crate) clear_us: Option<u64>,
    /// Sound that lay unplayed when the server went quiet, in ms.
    pub(crate) unplayed_ms: u64,
}

/// A distribution, in ms.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
    /// How many values.
    pub(crate) count: u64,
    /// Half are below.
    pub(crate) p50: f64,
    /// 95 in 100 are below.
    pub(crate) p95: f64,
    /// 99 in 100 are below.
    pub(crate) p99: f64,
    /// The largest.
    pub(crate) max: f64,
}

impl Spread {
    fn of(values_us: impl Iterator<Item = u64>) -> Option<Self> {
        // Three digits up to ten minutes are enough for times a person hears.
        let mut histogram = Histogram::<u64>::new_with_bounds(1, 600_000_000, 3).ok()?;
        for value in values_us {
            histogram.saturating_record(value);
        }
        let ms = |us: u64| us as f64 / 1000.0;
        (!histogram.is_empty()).then(|| Self {
            count: histogram.len(),
            p50: ms(histogram.value_at_quantile(0.50)),
            p95: ms(histogram.value_at_quantile(0.95)),
            p99: ms(histogram.value_at_quantile(0.99)),
            max: ms(histogram.max()),
        })
    }
}

/// All calls together.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    /// Calls made.
    pub(crate) calls: u64,
    /// Calls whose connection failed or ended before its time.
    pub(crate) failed: u64,
    /// Why, for the first few.
    pub(crate) failures: Vec<String>,
    /// Frames judged.
    pub(crate) frames: u64,
    /// Share of frames a 20 ms buffer would have missed.
    pub(crate) underrun20ms: Option<f64>,
    /// How often the carrier's buffer, lead and all, ran dry in the middle of sound.
    pub(crate) gaps: u64,
    /// Long silences in the middle of a stretch of sound.
    pub(crate) stalls: u64,
    /// How late frames were.
    pub(crate) lateness_ms: Option<Spread>,
    /// Sound received over all calls, in s.
    pub(crate) sound_s: f64,
    /// From the stream's beginning to the first sound.
    pub(crate) first_sound_ms: Option<Spread>,
    /// Marks asked for and not returned (those of the last moments are not counted).
    pub(crate) marks_lost: u64,
    /// From a mark's arrival to its return.
    pub(crate) mark_ms: Option<Spread>,
    /// Interruptions tried.
    pub(crate) tries: u64,
    /// Of them, those after which the server's sound stopped.
    pub(crate) stopped: u64,
    /// From the callee's first speech sample to the end of sound at the callee.
    pub(crate) stop_ms: Option<Spread>,
    /// From the callee's first speech sample to `clear` on the wire.
    pub(crate) clear_ms: Option<Spread>,
    /// Of the server's messages, those the carrier would not understand.
    pub(crate) misbehaved: u64,
}

impl Figures {
    /// Adds up what the calls measured.
    pub(crate) fn of(calls: &[Measured]) -> Self {
        let sum = |part: fn(&Measured) -> u64| calls.iter().map(part).sum::<u64>();
        let frames = sum(|call| call.pacing.frames);
        let share = |count: u64| (frames > 0).then(|| count as f64 / frames as f64);
        let failures: Vec<String> = calls.iter().filter_map(|call| call.failed.clone()).collect();
        let tries = || calls.iter().flat_map(|call| call.tries.iter());
        Self {
            calls: calls.len() as u64,
            failed: failures.len() as u64,
            failures: failures.into_iter().take(5).collect(),
            frames,
            underrun20ms: share(sum(|call| call.pacing.underruns)),
            gaps: sum(|call| call.gaps),
            stalls: sum(|call| call.pacing.stalls),
            lateness_ms: Spread::of(
                calls.iter().flat_map(|call| call.lateness_us.iter().map(|us| u64::from(*us))),
            ),
            sound_s: sum(|call| call.sound_ms) as f64 / 1000.0,
            first_sound_ms: Spread::of(calls.iter().filter_map(|call| call.first_sound_us)),
            marks_lost: sum(|call| call.marks.saturating_sub(call.marks_returned)),
            mark_ms: Spread::of(calls.iter().flat_map(|call| call.mark_us.iter().copied())),
            tries: tries().count() as u64,
            stopped: tries().filter(|one| one.stop_us.is_some()).count() as u64,
            stop_ms: Spread::of(tries().filter_map(|one| one.stop_us)),
            clear_ms: Spread::of(tries().filter_map(|one| one.clear_us)),
            misbehaved: sum(|call| call.misbehaved),
        }
    }

    /// Names that criteria may use.
    pub(crate) const NAMES: [&'static str; 14] = [
        "calls",
        "failed",
        "underrun20ms",
        "gaps",
        "stalls",
        "late_p99",
        "first_sound_p99",
        "marks_lost",
        "tries",
        "stopped",
        "stop_p50",
        "stop_p99",
        "clear_p50",
        "clear_p99",
    ];

    /// A figure by the name criteria use: shares of one, times in ms, counts.
    pub(crate) fn named(&self, name: &str) -> Option<f64> {
        let p50 = |spread: &Option<Spread>| spread.map(|it| it.p50);
        let p99 = |spread: &Option<Spread>| spread.map(|it| it.p99);
        match name {
            "calls" => Some(self.calls as f64),
            "failed" => Some(self.failed as f64),
            "underrun20ms" => self.underrun20ms,
            "gaps" => Some(self.gaps as f64),
            "stalls" => Some(self.stalls as f64),
            "late_p99" => p99(&self.lateness_ms),
            "first_sound_p99" => p99(&self.first_sound_ms),
            "marks_lost" => Some(self.marks_lost as f64),
            "tries" => Some(self.tries as f64),
            "stopped" => (self.tries > 0).then(|| self.stopped as f64 / self.tries as f64),
            "stop_p50" => p50(&self.stop_ms),
            "stop_p99" => p99(&self.stop_ms),
            "clear_p50" => p50(&self.clear_ms),
            "clear_p99" => p99(&self.clear_ms),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_add_up() {
        let call = |underruns, stop_us| Measured {
            pacing: Counts { frames: 100, underruns, ..Counts::default() },
            lateness_us: vec![1_000; 100],
            marks: 3,
            marks_returned: 2,
            tries: vec![Try { stop_us, clear_us: None, unplayed_ms: 0 }],
            ..Measured::default()
        };
        let figures = Figures::of(&[call(1, Some(80_000)), call(0, None)]);
        assert_eq!(figures.named("underrun20ms"), Some(0.005));
        assert_eq!(figures.named("marks_lost"), Some(2.0));
        assert_eq!(figures.named("stopped"), Some(0.5));
        assert!((figures.named("stop_p50").expect("measured") - 80.0).abs() < 0.1);
        assert_eq!(figures.named("clear_p50"), None, "nothing was measured");
    }

    #[test]
    fn every_name_is_known() {
        let figures = Figures::of(&[]);
        assert_eq!(figures.named("underrun20ms"), None, "no frames, no share");
        assert_eq!(figures.named("no such figure"), None);
        let known = Figures::of(&[Measured {
            pacing: Counts { frames: 1, ..Counts::default() },
            lateness_us: vec![1],
            first_sound_us: Some(1),
            tries: vec![Try { stop_us: Some(1), clear_us: Some(1), unplayed_ms: 0 }],
            ..Measured::default()
        }]);
        for name in Figures::NAMES {
            assert!(known.named(name).is_some(), "{name}");
        }
    }
}
