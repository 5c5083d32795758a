//! The report of one run: JSON for machines, Markdown and pictures for people.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::criterion::Criterion;
use crate::figures::{Figures, Spread};
use crate::own::Own;
use crate::plot::{self, Line};
use crate::process::{Sample, Server};
use crate::run::Outcome;
use crate::scenario::Scenario;

/// With less sound than this part of the time, the server was hardly made to work.
const SOUND_MIN: f64 = 0.5;
/// Figures of the server's process that criteria may use.
const SERVER_NAMES: [&str; 4] =
    ["server_cores", "cpu_us_per_call_20ms", "kib_per_call", "memory_growth"];

/// One run, with everything needed to repeat it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// What was asked for.
    pub(crate) run: Run,
    /// What was measured.
    pub(crate) figures: Figures,
    /// What the server's process used, if its pid was given.
    pub(crate) server: Option<Server>,
    /// What the generator used.
    pub(crate) generator: Own,
    /// What to know before believing a figure.
    pub(crate) notes: Vec<String>,
    /// Criteria and whether they hold.
    pub(crate) criteria: Vec<Held>,
    /// All of them hold.
    pub(crate) passed: bool,
    /// Once a second.
    pub(crate) history: Vec<Sample>,
}

/// How the run was set up.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Run {
    /// What was measured: the command's name.
    pub(crate) command: &'static str,
    /// Where to.
    pub(crate) url: String,
    /// What callers did.
    pub(crate) scenario: Scenario,
    /// Cores that this program may use; server and callers share a machine on loopback.
    pub(crate) cores: usize,
    /// Load average of the machine over a minute when the run ended.
    pub(crate) machine_load: Option<f64>,
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

/// Names that criteria may use.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    Figures::NAMES.into_iter().chain(SERVER_NAMES)
}

/// Judges a run.
pub(crate) fn judge(outcome: &Outcome, criteria: &[Criterion]) -> Vec<Held> {
    let held = criteria.iter().map(|criterion| {
        let measured = named(outcome, &criterion.figure);
        let holds = criterion.holds(measured);
        Held { criterion: criterion.to_string(), measured, holds }
    });
    held.collect()
}

fn named(outcome: &Outcome, name: &str) -> Option<f64> {
    let server = outcome.server;
    match name {
        "server_cores" => Some(server?.cores),
        "cpu_us_per_call_20ms" => Some(server?.cpu_us_per_call_20ms),
        "kib_per_call" => Some(server?.kib_per_call),
        "memory_growth" => server?.memory_growth,
        _ => outcome.figures.named(name),
    }
}

/// What to know before believing a figure of this run.
pub(crate) fn notes(outcome: &Outcome) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(why) = outcome.generator.bottleneck() {
        notes.push(format!("{why}: these figures are not the server's"));
    }
    let figures = &outcome.figures;
    if outcome.call_s > 0.0 && figures.calls > 0 && figures.sound_s < outcome.call_s * SOUND_MIN {
        notes.push(format!(
            "the server made sound only {:.0} % of the time: it was hardly made to work",
            figures.sound_s / outcome.call_s * 100.0
        ));
    }
    if figures.marks_lost.is_none() {
        notes.push("the server asked for no mark: figures of marks are left out".to_owned());
    }
    if outcome.server.is_none() {
        notes.push("no pid, or not readable: figures of its process are left out".to_owned());
    }
    notes
}

impl Report {
    /// Judges `outcome` by `criteria`.
    pub(crate) fn new(run: Run, outcome: Outcome, criteria: &[Criterion]) -> Self {
        let criteria = judge(&outcome, criteria);
        Self {
            run,
            notes: notes(&outcome),
            figures: outcome.figures,
            server: outcome.server,
            generator: outcome.generator,
            passed: criteria.iter().all(|held| held.holds),
            criteria,
            history: outcome.history,
        }
    }

    /// Writes `report.json`, `report.md` and the pictures into `folder`.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let json = serde_json::to_string_pretty(self)?;
        let curve = Line { name: "frames", points: self.figures.lateness_curve.clone() };
        let lateness = plot::svg("Lateness of frames", "% of frames", "at most ms late", &[curve]);
        let over_time = |part: fn(&Sample) -> f64| {
            self.history.iter().map(|sample| (sample.s, part(sample))).collect()
        };
        let live = Line { name: "calls", points: over_time(|sample| sample.live as f64) };
        let cores = Line { name: "% of a core", points: over_time(|sample| sample.cores * 100.0) };
        let rss = Line { name: "MiB", points: over_time(|sample| sample.rss_mib) };
        let burden = plot::svg("Calls, CPU and memory", "s", "", &[live, cores, rss]);
        write_all(
            folder,
            &[
                ("report.json", json),
                ("report.md", self.markdown()?),
                ("lateness.svg", lateness),
                ("burden.svg", burden),
            ],
        )
    }

    /// The report for people.
    pub(crate) fn markdown(&self) -> Result<String, std::fmt::Error> {
        let Self { run, figures, .. } = self;
        let scenario = &run.scenario;
        let mut out = String::new();
        writeln!(out, "# Load: {}, {} calls at a time\n", run.command, scenario.calls)?;
        writeln!(
            out,
            "Against `{}`, seed {}, at most {} new calls/s, {} cores for this program, load average of the machine {}.\n",
            run.url,
            scenario.seed,
            scenario.ramp_per_s,
            run.cores,
            run.machine_load.map_or("unknown".to_owned(), |load| load.to_string()),
        )?;
        for held in &self.criteria {
            let verdict = if held.holds { "holds" } else { "**does not hold**" };
            writeln!(out, "- `{}` {verdict}", held.criterion)?;
        }
        for note in &self.notes {
            writeln!(out, "- Note: {note}")?;
        }
        writeln!(out, "\n| figure | value |\n|---|---|")?;
        for (name, value) in self.rows() {
            writeln!(out, "| {name} | {value} |")?;
        }
        writeln!(
            out,
            "\n| times in ms | count | p50 | p95 | p99 | max |\n|---|---|---|---|---|---|"
        )?;
        for (name, spread) in [
            ("frame later than its grid", figures.lateness_ms),
            ("connection begins → first sound", figures.setup_ms),
            ("stream begins → first sound", figures.first_sound_ms),
            ("connection begins → turned away", figures.turned_away_ms),
            ("mark asked for → returned", figures.mark_ms),
            ("callee's first speech sample → sound stops", figures.stop_ms),
            ("callee's first speech sample → `clear`", figures.clear_ms),
            ("generator late to look", self.generator.late_ms),
        ] {
            let Some(Spread { count, p50, p95, p99, max }) = spread else { continue };
            writeln!(out, "| {name} | {count} | {p50:.1} | {p95:.1} | {p99:.1} | {max:.1} |")?;
        }
        for failure in &figures.failures {
            writeln!(out, "\nFailed: {failure}")?;
        }
        writeln!(out, "\n![lateness](lateness.svg)\n![burden](burden.svg)")?;
        Ok(out)
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let Self { figures, generator, .. } = self;
        let mut rows = vec![
            ("calls that failed", format!("{} of {}", figures.failed, figures.calls)),
            ("calls turned away", figures.turned_away.to_string()),
            ("calls the server ended", figures.ended_early.to_string()),
            ("sound received", format!("{:.0} s, {} frames", figures.sound_s, figures.frames)),
            ("silence that a 20 ms buffer would have left", percent(figures.underrun20ms)),
            ("times the carrier's buffer ran dry", figures.gaps.to_string()),
            ("stalls in the middle of sound", figures.stalls.to_string()),
            ("messages the carrier would not understand", figures.misbehaved.to_string()),
        ];
        if let Some(lost) = figures.marks_lost {
            rows.push(("marks that never came back", lost.to_string()));
        }
        if figures.tries > 0 {
            let stopped = format!("{} of {}", figures.stopped, figures.tries);
            rows.push(("interruptions that stopped the sound", stopped));
        }
        if figures.faulty > 0 {
            let ended = format!("{} of {}", figures.faulty_ended, figures.faulty);
            rows.push(("calls with bad lines that ended before their time", ended));
        }
        if let Some(server) = self.server {
            rows.push(("CPU of the server", format!("{:.2} cores", server.cores)));
            rows.push((
                "CPU of the server, one call and 20 ms",
                format!("{:.1} µs", server.cpu_us_per_call_20ms),
            ));
            rows.push((
                "memory of the server",
                format!(
                    "{:.0} MiB before, {:.0} MiB at most, {:.0} KiB a call",
                    server.rss_mib_before, server.rss_mib_max, server.kib_per_call
                ),
            ));
            if server.memory_growth.is_some() {
                rows.push((
                    "growth of memory after a fifth of the calls",
                    percent(server.memory_growth),
                ));
            }
            rows.push(("threads of the server", server.threads_max.to_string()));
        }
        rows.push(("CPU of the generator", format!("{:.2} cores", generator.cores)));
        rows.push((
            "CPU of the generator, one call and 20 ms",
            format!("{:.1} µs", generator.cpu_us_per_call_20ms),
        ));
        if figures.unsent > 0 {
            rows.push((
                "callees' frames that the generator never sent",
                figures.unsent.to_string(),
            ));
        }
        rows
    }
}

fn percent(share: Option<f64>) -> String {
    share.map_or("–".to_owned(), |share| format!("{:.3} %", share * 100.0))
}

/// Writes texts as files of `folder`.
pub(crate) fn write_all(folder: &Path, files: &[(&str, String)]) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// How busy the machine was: load average over a minute (proc(5)).
pub(crate) fn machine_load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::figures::{Measured, Times};
    use crate::pacing::Counts;
    use crate::scenario::Knobs;

    pub(crate) fn outcome(calls: &[Measured]) -> Outcome {
        let second = Duration::from_secs(1);
        Outcome {
            figures: Figures::of(calls),
            server: None,
            generator: Own::new(second / 10, second, 1.0, &Times::new()),
            history: Vec::new(),
            call_s: 10.0,
        }
    }

    fn run() -> Run {
        Run {
            command: "calls",
            url: "ws://127.0.0.1:1/media/twilio".into(),
            scenario: Scenario::of(&Knobs::default()).expect("defaults"),
            cores: 2,
            machine_load: machine_load(),
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
        let judged = |texts: &[&str]| Report::new(run(), outcome(&calls), &criteria(texts));
        assert!(judged(&["underrun20ms<=0.2%", "failed<=0"]).passed);
        let report = judged(&["failed<=0", "underrun20ms<=0.1%"]);
        assert!(!report.passed);
        let text = report.markdown().expect("text");
        assert!(text.contains("`underrun20ms<=0.1%` **does not hold**"), "{text}");
        assert!(text.contains("0.200 %"), "{text}");
        assert!(!judged(&["cpu_us_per_call_20ms<=14"]).passed, "nobody measured it");
    }

    #[test]
    fn what_could_not_be_measured_is_said() {
        let quiet = outcome(&[Measured { sound_ms: 1_000, ..Measured::default() }]);
        let notes = notes(&quiet).join("\n");
        for part in ["10 % of the time", "no mark", "no pid"] {
            assert!(notes.contains(part), "{notes}");
        }
        let report = Report::new(run(), quiet, &[]);
        assert!(!report.markdown().expect("text").contains("marks that never"));
    }

    #[test]
    fn the_report_is_written_for_both_readers() {
        let folder = tempfile::tempdir().expect("a folder");
        Report::new(run(), outcome(&[]), &[]).write(folder.path()).expect("written");
        let json = fs::read_to_string(folder.path().join("report.json")).expect("there");
        assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
        for name in ["report.md", "lateness.svg", "burden.svg"] {
            assert!(folder.path().join(name).exists(), "{name}");
        }
    }
}
