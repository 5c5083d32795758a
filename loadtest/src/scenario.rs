//! What callers do: from a TOML file, flags over it, defaults under it.

use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::listener::{Fault, Manner};

/// Most calls at a time.
const CALLS_MAX: usize = 20_000;
/// Longest run, in s.
const SECONDS_MAX: f64 = 86_400.0;

/// A range in s, written `1-4` on the command line and `[1, 4]` in a file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "[f64; 2]", into = "[f64; 2]")]
pub(crate) struct Span {
    from: f64,
    to: f64,
}

impl Span {
    /// Both ends, and everything between.
    pub(crate) fn range(self) -> RangeInclusive<f64> {
        self.from..=self.to
    }
}

impl TryFrom<[f64; 2]> for Span {
    type Error = String;

    fn try_from([from, to]: [f64; 2]) -> Result<Self, String> {
        // Not a number is in no range.
        let good = |seconds: f64| (0.0..=SECONDS_MAX).contains(&seconds);
        if good(from) && good(to) && from <= to {
            Ok(Self { from, to })
        } else {
            Err(format!("{from} to {to} s is no range of 0 to {SECONDS_MAX} s"))
        }
    }
}

impl From<Span> for [f64; 2] {
    fn from(span: Span) -> Self {
        [span.from, span.to]
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        let number = |part: &str| {
            part.trim().parse().map_err(|_| format!("{text:?} is no range such as 1-4"))
        };
        Self::try_from([number(from)?, number(to)?])
    }
}

/// Everything that flags and files may set.
#[derive(Clone, Debug, Default, PartialEq, Args, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Knobs {
    /// Calls at a time
    #[arg(long)]
    pub(crate) calls: Option<usize>,
    /// For how long, once all calls stand, in s
    #[arg(long)]
    pub(crate) seconds: Option<f64>,
    /// Calls that begin in a second, at most
    #[arg(long)]
    pub(crate) ramp_per_s: Option<f64>,
    /// Length of a call, in s, for example 20-60; over, the next begins. Without: the whole run
    #[arg(long)]
    pub(crate) call_s: Option<Span>,
    /// Callees speak for so long at a time, in s, for example 1-4. Without: they listen
    #[arg(long)]
    pub(crate) speech_s: Option<Span>,
    /// Silence between two speeches, in s
    #[arg(long)]
    pub(crate) pause_s: Option<Span>,
    /// Share of callees (0 to 1) who interrupt, measured by the sample
    #[arg(long)]
    pub(crate) interrupters: Option<f64>,
    /// Share of callers who read far too slowly
    #[arg(long)]
    pub(crate) slow_readers: Option<f64>,
    /// Share of callers whose frames come in bursts, 200 ms held back each second
    #[arg(long)]
    pub(crate) bursts: Option<f64>,
    /// Share of callers who lose one frame in 25
    #[arg(long)]
    pub(crate) drops: Option<f64>,
    /// Share of callers of whose frames two in 25 change places
    #[arg(long)]
    pub(crate) reorders: Option<f64>,
    /// Seed of everything left to chance
    #[arg(long)]
    pub(crate) seed: Option<u64>,
}

impl Knobs {
    /// From a TOML file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is no scenario", path.display()))
    }

    /// Where these say nothing, `under` speaks.
    pub(crate) fn over(self, under: Self) -> Self {
        Self {
            calls: self.calls.or(under.calls),
            seconds: self.seconds.or(under.seconds),
            ramp_per_s: self.ramp_per_s.or(under.ramp_per_s),
            call_s: self.call_s.or(under.call_s),
            speech_s: self.speech_s.or(under.speech_s),
            pause_s: self.pause_s.or(under.pause_s),
            interrupters: self.interrupters.or(under.interrupters),
            slow_readers: self.slow_readers.or(under.slow_readers),
            bursts: self.bursts.or(under.bursts),
            drops: self.drops.or(under.drops),
            reorders: self.reorders.or(under.reorders),
            seed: self.seed.or(under.seed),
        }
    }
}

/// What callers do, with nothing left open.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Scenario {
    /// Calls at a time.
    pub(crate) calls: usize,
    /// For how long, once all calls stand, in s.
    pub(crate) seconds: f64,
    /// Calls that begin in a second, at most.
    pub(crate) ramp_per_s: f64,
    /// Length of a call; without one, the whole run.
    pub(crate) call_s: Option<Span>,
    /// Length of what callees say; without one, they listen.
    pub(crate) speech_s: Option<Span>,
    /// Silence between.
    pub(crate) pause_s: Span,
    /// Share of callees who interrupt.
    pub(crate) interrupters: f64,
    /// Share of callers who read too slowly.
    pub(crate) slow_readers: f64,
    /// Share of callers whose frames come in bursts.
    pub(crate) bursts: f64,
    /// Share of callers who lose frames.
    pub(crate) drops: f64,
    /// Share of callers whose frames change places.
    pub(crate) reorders: f64,
    /// Seed of everything left to chance.
    pub(crate) seed: u64,
}

impl Scenario {
    /// Checks what was asked for.
    pub(crate) fn of(knobs: &Knobs) -> Result<Self> {
        let share = |share: Option<f64>| share.unwrap_or(0.0);
        let scenario = Self {
            calls: knobs.calls.unwrap_or(50),
            seconds: knobs.seconds.unwrap_or(10.0),
            ramp_per_s: knobs.ramp_per_s.unwrap_or(50.0),
            call_s: knobs.call_s,
            speech_s: knobs.speech_s,
            pause_s: knobs.pause_s.unwrap_or(Span { from: 2.0, to: 6.0 }),
            interrupters: share(knobs.interrupters),
            slow_readers: share(knobs.slow_readers),
            bursts: share(knobs.bursts),
            drops: share(knobs.drops),
            reorders: share(knobs.reorders),
            seed: knobs.seed.unwrap_or(1),
        };
        scenario.check()?;
        Ok(scenario)
    }

    fn check(&self) -> Result<()> {
        if !(1..=CALLS_MAX).contains(&self.calls) {
            bail!("calls: 1 to {CALLS_MAX}, not {}", self.calls);
        }
        if !(0.1..=SECONDS_MAX).contains(&self.seconds) {
            bail!("seconds: 0.1 to {SECONDS_MAX}, not {}", self.seconds);
        }
        if !(0.1..=10_000.0).contains(&self.ramp_per_s) {
            bail!("ramp_per_s: 0.1 to 10000, not {}", self.ramp_per_s);
        }
        let shares = [self.interrupters, self.slow_readers, self.bursts, self.drops, self.reorders];
        let good = |share: &f64| (0.0..=1.0).contains(share);
        if !shares.iter().all(good) || shares.iter().sum::<f64>() > 1.0 + 1e-9 {
            bail!("shares of callers are 0 to 1 each, and 1 together at most");
        }
        Ok(())
    }

    /// How callees speak, if they do.
    pub(crate) fn manner(&self) -> Option<Manner> {
        let speech_s = self.speech_s?.range();
        Some(Manner { speech_s, pause_s: self.pause_s.range() })
    }

    /// What the caller does whose lot is `lot` (0 to 1): interrupt, or have a fault.
    pub(crate) fn lot(&self, lot: f64) -> Lot {
        let lots = [
            (self.interrupters, Lot::Interrupts),
            (self.slow_readers, Lot::Listens(Fault::SlowReader)),
            (self.bursts, Lot::Listens(Fault::Burst)),
            (self.drops, Lot::Listens(Fault::Drop)),
            (self.reorders, Lot::Listens(Fault::Reorder)),
        ];
        let mut left = lot;
        for (share, what) in lots {
            if left < share {
                return what;
            }
            left -= share;
        }
        Lot::Listens(Fault::None)
    }

    /// Time in which all calls begin, in s.
    pub(crate) fn ramp_s(&self) -> f64 {
        self.calls as f64 / self.ramp_per_s
    }
}

/// What falls to one caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lot {
    /// Interrupts.
    Interrupts,
    /// Listens, on a line with or without a fault.
    Listens(Fault),
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "calls = 20\nspeech_s = [1, 4]\ninterrupters = 0.1\nbursts = 0.2\n";

    #[test]
    fn flags_stand_over_the_file_and_the_file_over_defaults() {
        let file: Knobs = toml::from_str(FILE).expect("TOML");
        let flags = Knobs { calls: Some(7), ..Knobs::default() };
        let scenario = Scenario::of(&flags.over(file)).expect("a scenario");
        assert_eq!((scenario.calls, scenario.seconds), (7, 10.0));
        let manner = scenario.manner().expect("they speak");
        assert_eq!((manner.speech_s, manner.pause_s), (1.0..=4.0, 2.0..=6.0));
        assert_eq!(Scenario::of(&Knobs::default()).expect("defaults").manner(), None);
    }

    #[test]
    fn everyone_gets_their_lot() {
        let file: Knobs = toml::from_str(FILE).expect("TOML");
        let scenario = Scenario::of(&file).expect("a scenario");
        assert_eq!(scenario.lot(0.05), Lot::Interrupts);
        assert_eq!(scenario.lot(0.15), Lot::Listens(Fault::Burst));
        assert_eq!(scenario.lot(0.95), Lot::Listens(Fault::None));
    }

    #[test]
    fn the_shipped_scenario_has_callers_of_every_kind() {
        let file: Knobs = toml::from_str(include_str!("../scenarios/mixed.toml")).expect("TOML");
        let scenario = Scenario::of(&file).expect("a scenario");
        let lots: Vec<Lot> = (0..100).map(|lot| scenario.lot(f64::from(lot) / 100.0)).collect();
        for fault in [Fault::SlowReader, Fault::Burst, Fault::Drop, Fault::Reorder, Fault::None] {
            assert!(lots.contains(&Lot::Listens(fault)), "{fault:?}");
        }
        assert!(lots.contains(&Lot::Interrupts) && scenario.manner().is_some());
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [
            "calls = 0",
            "calls = 1000000",
            "seconds = nan",
            "seconds = -1",
            "ramp_per_s = 0",
            "interrupters = 1.5",
            "drops = -0.1",
            "drops = 0.6\nbursts = 0.6",
            "speech_s = [4, 1]",
            "speech_s = [1]",
            "speech_s = [1, nan]",
            "clals = 3",
        ] {
            let scenario = toml::from_str::<Knobs>(bad).map(|knobs| Scenario::of(&knobs));
            assert!(!matches!(scenario, Ok(Ok(_))), "{bad}");
        }
    }

    #[test]
    fn ranges_are_written_with_a_dash() {
        assert_eq!("1-4".parse::<Span>().expect("a range").range(), 1.0..=4.0);
        assert_eq!("0.5".parse::<Span>().expect("a range").range(), 0.5..=0.5);
        for bad in ["", "4-1", "-1-2", "a-b", "1-nan"] {
            bad.parse::<Span>().expect_err(bad);
        }
    }
}
