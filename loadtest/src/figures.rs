//! What one call measured, and all of them together.

use hdrhistogram::Histogram;
use media::Mono;
use serde::Serialize;

use crate::listener::Fault;
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
    /// The same moment on the generator's clock.
    pub(crate) first_sound_at: Option<Mono>,
    /// From the first packet of the connection to the server's first sound, in µs.
    pub(crate) setup_us: Option<u64>,
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
    /// Frames of the callee that never left: the generator was too late.
    pub(crate) unsent: u64,
    /// The server hung up before the callee did.
    pub(crate) ended_early: bool,
    /// The connection failed, or ended without a sound.
    pub(crate) failed: Option<String>,
    /// The server said that it takes no call now: from the first packet to that answer, in µs.
    pub(crate) turned_away_us: Option<u64>,
    /// What was wrong with the call's line; figures are those of calls without.
    pub(crate) fault: Fault,
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

/// Times in µs on their way to a [`Spread`].
#[derive(Clone, Debug)]
pub(crate) struct Times(Option<Histogram<u64>>);

impl Times {
    /// No times yet.
    pub(crate) fn new() -> Self {
        // Three digits up to ten minutes are enough for times a person hears.
        Self(Histogram::new_with_bounds(1, 600_000_000, 3).ok())
    }

    /// Adds one.
    pub(crate) fn record(&mut self, us: u64) {
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record(us);
        }
    }

    /// What they are like, if there are any.
    pub(crate) fn spread(&self) -> Option<Spread> {
        let histogram = self.0.as_ref().filter(|histogram| !histogram.is_empty())?;
        let ms = |us: u64| us as f64 / 1000.0;
        Some(Spread {
            count: histogram.len(),
            p50: ms(histogram.value_at_quantile(0.50)),
            p95: ms(histogram.value_at_quantile(0.95)),
            p99: ms(histogram.value_at_quantile(0.99)),
            max: ms(histogram.max()),
        })
    }

    /// Share below, in ‰ (x) and time in ms (y), up to 999 ‰: a curve to look at.
    fn curve(&self) -> Vec<(f64, f64)> {
        let Some(histogram) = self.0.as_ref().filter(|it| !it.is_empty()) else {
            return Vec::new();
        };
        (0..=999)
            .step_by(9)
            .map(|mille| {
                let share = f64::from(mille) / 1000.0;
                (share * 100.0, histogram.value_at_quantile(share) as f64 / 1000.0)
            })
            .collect()
    }
}

impl Spread {
    fn of(values_us: impl Iterator<Item = u64>) -> Option<Self> {
        let mut times = Times::new();
        values_us.for_each(|us| times.record(us));
        times.spread()
    }
}

/// All calls together.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    /// Calls made whose lines had no faults; all but `faulty` figures are theirs.
    pub(crate) calls: u64,
    /// Calls whose connection failed, or ended without a sound.
    pub(crate) failed: u64,
    /// Calls answered with 503, or closed with 1013: the server takes none now.
    pub(crate) turned_away: u64,
    /// From the first packet of a connection to that answer.
    pub(crate) turned_away_ms: Option<Spread>,
    /// Calls that the server ended before the callee did.
    pub(crate) ended_early: u64,
    /// Calls with a fault on purpose.
    pub(crate) faulty: u64,
    /// Of them, those that failed or that the server ended.
    pub(crate) faulty_ended: u64,
    /// Why, for the first few.
    pub(crate) failures: Vec<String>,
    /// Frames judged.
    pub(crate) frames: u64,
    /// Silence that a 20 ms buffer would have left, in frames, as a share of all frames.
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
    /// From the first packet of the connection to the first sound.
    pub(crate) setup_ms: Option<Spread>,
    /// Frames of callees that never left because the generator was too late.
    pub(crate) unsent: u64,
    /// Marks asked for and not returned (those of the last moments are not counted); nothing when
    /// the server never asked for one.
    pub(crate) marks_lost: Option<u64>,
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
    /// Lateness in ms (second) that so many % (first) of the frames kept.
    pub(crate) lateness_curve: Vec<(f64, f64)>,
}

impl Figures {
    /// Adds up what the calls measured.
    pub(crate) fn of(all: &[Measured]) -> Self {
        let calls = || all.iter().filter(|call| call.fault == Fault::None);
        let faulty = || all.iter().filter(|call| call.fault != Fault::None);
        let sum = |part: fn(&Measured) -> u64| calls().map(part).sum::<u64>();
        let frames = sum(|call| call.pacing.frames);
        let failures: Vec<String> = calls().filter_map(|call| call.failed.clone()).collect();
        let tries = || calls().flat_map(|call| call.tries.iter());
        let marks = sum(|call| call.marks);
        let mut lateness = Times::new();
        let frames_late = calls().flat_map(|call| call.lateness_us.iter());
        frames_late.for_each(|us| lateness.record(u64::from(*us)));
        Self {
            calls: calls().count() as u64,
            failed: failures.len() as u64,
            turned_away: sum(|call| u64::from(call.turned_away_us.is_some())),
            turned_away_ms: Spread::of(calls().filter_map(|call| call.turned_away_us)),
            ended_early: sum(|call| u64::from(call.ended_early)),
            faulty: faulty().count() as u64,
            faulty_ended: faulty().filter(|call| call.failed.is_some() || call.ended_early).count()
                as u64,
            failures: failures.into_iter().take(5).collect(),
            frames,
            underrun20ms: (frames > 0)
                .then(|| sum(|call| call.pacing.underruns) as f64 / frames as f64),
            gaps: sum(|call| call.gaps),
            stalls: sum(|call| call.pacing.stalls),
            lateness_ms: lateness.spread(),
            sound_s: sum(|call| call.sound_ms) as f64 / 1000.0,
            first_sound_ms: Spread::of(calls().filter_map(|call| call.first_sound_us)),
            setup_ms: Spread::of(calls().filter_map(|call| call.setup_us)),
            unsent: sum(|call| call.unsent),
            marks_lost: (marks > 0).then(|| marks - sum(|call| call.marks_returned).min(marks)),
            mark_ms: Spread::of(calls().flat_map(|call| call.mark_us.iter().copied())),
            tries: tries().count() as u64,
            stopped: tries().filter(|one| one.stop_us.is_some()).count() as u64,
            stop_ms: Spread::of(tries().filter_map(|one| one.stop_us)),
            clear_ms: Spread::of(tries().filter_map(|one| one.clear_us)),
            misbehaved: sum(|call| call.misbehaved),
            lateness_curve: lateness.curve(),
        }
    }

    /// Names that criteria may use.
    pub(crate) const NAMES: [&'static str; 20] = [
        "calls",
        "failed",
        "turned_away",
        "turned_away_p99",
        "ended_early",
        "faulty_ended",
        "misbehaved",
        "underrun20ms",
        "gaps",
        "stalls",
        "late_p99",
        "first_sound_p99",
        "setup_p99",
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
            "turned_away" => Some(self.turned_away as f64),
            "turned_away_p99" => p99(&self.turned_away_ms),
            "underrun20ms" => self.underrun20ms,
            "gaps" => Some(self.gaps as f64),
            "stalls" => Some(self.stalls as f64),
            "late_p99" => p99(&self.lateness_ms),
            "first_sound_p99" => p99(&self.first_sound_ms),
            "setup_p99" => p99(&self.setup_ms),
            "ended_early" => Some(self.ended_early as f64),
            "faulty_ended" => Some(self.faulty_ended as f64),
            "misbehaved" => Some(self.misbehaved as f64),
            "marks_lost" => self.marks_lost.map(|lost| lost as f64),
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
    fn calls_with_faults_are_counted_apart() {
        let call = |fault, ended_early| Measured {
            pacing: Counts { frames: 100, underruns: 50, ..Counts::default() },
            fault,
            ended_early,
            ..Measured::default()
        };
        let figures = Figures::of(&[call(Fault::SlowReader, true), call(Fault::Burst, false)]);
        assert_eq!((figures.calls, figures.faulty, figures.faulty_ended), (0, 2, 1));
        assert_eq!(figures.named("underrun20ms"), None);
        assert_eq!(Figures::of(&[call(Fault::None, true)]).named("ended_early"), Some(1.0));
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
            setup_us: Some(1),
            turned_away_us: Some(1),
            marks: 1,
            tries: vec![Try { stop_us: Some(1), clear_us: Some(1), unplayed_ms: 0 }],
            ..Measured::default()
        }]);
        for name in Figures::NAMES {
            assert!(known.named(name).is_some(), "{name}");
        }
    }
}
