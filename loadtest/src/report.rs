//! The report: JSON for machines, Markdown for people.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::criterion::Criterion;
use crate::figures::{Figures, Spread};

/// One run, with everything needed to repeat it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// What was asked for, as on the command line.
    pub(crate) run: Run,
    /// What was measured.
    pub(crate) figures: Figures,
    /// What the server's process used, if its pid was given.
    pub(crate) server: Option<Server>,
    /// Criteria and whether they hold.
    pub(crate) criteria: Vec<Held>,
    /// All of them hold.
    pub(crate) passed: bool,
}

/// How the run was set up.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Run {
    /// Where to.
    pub(crate) url: String,
    /// Calls at a time.
    pub(crate) calls: usize,
    /// For how long, in s.
    pub(crate) seconds: u64,
    /// Seed of all chance.
    pub(crate) seed: u64,
    /// What callees do.
    pub(crate) callees: &'static str,
    /// Cores of this machine; server and callees share them on loopback.
    pub(crate) cores: usize,
}

/// What the server's process used during the run.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Server {
    /// CPU time, in cores.
    pub(crate) cores: f64,
    /// CPU time of one call, in ms per s.
    pub(crate) cpu_ms_per_call_s: f64,
    /// Most memory seen, in MiB.
    pub(crate) rss_mib_max: f64,
    /// Most threads seen.
    pub(crate) threads_max: u64,
}

/// One criterion and its verdict.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Held {
    /// As it was written.
    pub(crate) criterion: String,
    /// What was measured: a share of one, ms or a count.
    pub(crate) measured: Option<f64>,
    /// Whether it holds.
    pub(crate) holds: bool,
}

impl Report {
    /// Judges `figures` by `criteria`.
    pub(crate) fn new(
        run: Run,
        figures: Figures,
        server: Option<Server>,
        criteria: &[Criterion],
    ) -> Self {
        let criteria: Vec<Held> = criteria
            .iter()
            .map(|criterion| {
                let measured = figures.named(&criterion.figure);
                let holds = criterion.holds(measured);
                Held { criterion: criterion.to_string(), measured, holds }
            })
            .collect();
        let passed = criteria.iter().all(|held| held.holds);
        Self { run, figures, server, criteria, passed }
    }

    /// Writes `report.json` and `report.md` into `folder`.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let json = serde_json::to_string_pretty(self)?;
        for (name, text) in [("report.json", json), ("report.md", self.markdown()?)] {
            let path = folder.join(name);
            std::fs::write(&path, text)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }

    /// The report for people.
    pub(crate) fn markdown(&self) -> Result<String, std::fmt::Error> {
        let Self { run, figures, .. } = self;
        let mut out = String::new();
        writeln!(out, "# Load: {} calls for {} s\n", run.calls, run.seconds)?;
        writeln!(
            out,
            "Against `{}`, seed {}, callees {}, {} cores shared with the server.\n",
            run.url, run.seed, run.callees, run.cores
        )?;
        for held in &self.criteria {
            let verdict = if held.holds { "holds" } else { "**does not hold**" };
            writeln!(out, "- `{}` {verdict}", held.criterion)?;
        }
        writeln!(out, "\n| figure | value |\n|---|---|")?;
        let share = |share: Option<f64>| {
            share.map_or("–".to_owned(), |share| format!("{:.3} %", share * 100.0))
        };
        let rows = [
            ("calls that failed", format!("{} of {}", figures.failed, figures.calls)),
            ("sound received", format!("{:.0} s, {} frames", figures.sound_s, figures.frames)),
            ("frames a 20 ms buffer would have missed", share(figures.underrun20ms)),
            ("times the carrier's buffer ran dry", figures.gaps.to_string()),
            ("stalls in the middle of sound", figures.stalls.to_string()),
            ("marks that never came back", figures.marks_lost.to_string()),
            ("messages the carrier would not understand", figures.misbehaved.to_string()),
            (
                "interruptions that stopped the sound",
                format!("{} of {}", figures.stopped, figures.tries),
            ),
        ];
        for (name, value) in rows {
            writeln!(out, "| {name} | {value} |")?;
        }
        if let Some(server) = self.server {
            writeln!(out, "| CPU of the server | {:.2} cores |", server.cores)?;
            writeln!(out, "| CPU of one call | {:.2} ms per s |", server.cpu_ms_per_call_s)?;
            writeln!(
                out,
                "| memory, threads of the server | {:.0} MiB, {} |",
                server.rss_mib_max, server.threads_max
            )?;
        }
        writeln!(
            out,
            "\n| times in ms | count | p50 | p95 | p99 | max |\n|---|---|---|---|---|---|"
        )?;
        for (name, spread) in [
            ("frame later than its grid", figures.lateness_ms),
            ("stream begins → first sound", figures.first_sound_ms),
            ("mark asked for → returned", figures.mark_ms),
            ("callee's first speech sample → sound stops", figures.stop_ms),
            ("callee's first speech sample → `clear`", figures.clear_ms),
        ] {
            let Some(Spread { count, p50, p95, p99, max }) = spread else { continue };
            writeln!(out, "| {name} | {count} | {p50:.1} | {p95:.1} | {p99:.1} | {max:.1} |")?;
        }
        for failure in &figures.failures {
            writeln!(out, "\nFailed: {failure}")?;
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Measured;
    use crate::pacing::Counts;

    fn run() -> Run {
        Run {
            url: "ws://127.0.0.1:1/media/twilio".into(),
            calls: 1,
            seconds: 10,
            seed: 1,
            callees: "listen",
            cores: 2,
        }
    }

    #[test]
    fn one_broken_criterion_fails_the_run() {
        let calls = [Measured {
            pacing: Counts { frames: 1000, underruns: 2, ..Counts::default() },
            ..Measured::default()
        }];
        let criteria =
            |texts: &[&str]| texts.iter().map(|t| t.parse().expect(t)).collect::<Vec<Criterion>>();
        let judged =
            |texts: &[&str]| Report::new(run(), Figures::of(&calls), None, &criteria(texts));
        assert!(judged(&["underrun20ms<=0.2%", "failed<=0"]).passed);
        let report = judged(&["failed<=0", "underrun20ms<=0.1%"]);
        assert!(!report.passed);
        let text = report.markdown().expect("text");
        assert!(text.contains("`underrun20ms<=0.1%` **does not hold**"), "{text}");
        assert!(text.contains("0.200 %"), "{text}");
    }

    #[test]
    fn the_report_is_written_for_both_readers() {
        let folder = std::env::temp_dir().join(format!("loadtest-{}", std::process::id()));
        Report::new(run(), Figures::of(&[]), None, &[]).write(&folder).expect("written");
        let json = std::fs::read_to_string(folder.join("report.json")).expect("there");
        assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
        assert!(folder.join("report.md").exists());
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
