//! The most calls at a time that hold, and what a call costs at 10, 100, 500 and 1,000 of them.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::criterion::Criterion;
use crate::generator;
use crate::plot::{self, Line};
use crate::progress::Progress;
use crate::report::{self, Held};
use crate::run::{Kind, Outcome, Stage};
use crate::scenario::Scenario;
use crate::search::Search;

/// What a call costs is measured at these numbers, as far as they hold.
const POINTS: [usize; 4] = [10, 100, 500, 1_000];
/// The server puts the last run's calls away meanwhile.
const REST: Duration = Duration::from_secs(2);
/// What a number of calls must keep besides what was asked for.
const ALWAYS: [&str; 3] = ["failed<=0", "turned_away<=0", "ended_early<=0"];

/// One run of the search.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// Calls at a time.
    pub(crate) calls: usize,
    /// Whether it kept every criterion.
    pub(crate) holds: bool,
    /// Criteria, one by one.
    pub(crate) criteria: Vec<Held>,
    /// Silence that a 20 ms buffer would have left, in frames, as a share of all frames.
    pub(crate) underrun20ms: Option<f64>,
    /// Lateness of frames, in ms.
    pub(crate) late_p50: Option<f64>,
    /// Lateness of frames, in ms.
    pub(crate) late_p99: Option<f64>,
    /// The server's CPU, in cores.
    pub(crate) server_cores: Option<f64>,
    /// The server's CPU for one call and 20 ms, in µs.
    pub(crate) cpu_us_per_call_20ms: Option<f64>,
    /// The server's memory a call, in KiB.
    pub(crate) kib_per_call: Option<f64>,
    /// The generator's CPU, in cores.
    pub(crate) generator_cores: f64,
    /// The generator's own lateness, in ms.
    pub(crate) generator_late_p99: Option<f64>,
    /// Load average of the machine.
    pub(crate) machine_load: Option<f64>,
    /// What to know before believing it.
    pub(crate) notes: Vec<String>,
}

impl Row {
    fn new(calls: usize, outcome: &Outcome, criteria: &[Criterion]) -> Self {
        let criteria = report::judge(outcome, criteria);
        let late = outcome.figures.lateness_ms;
        Self {
            calls,
            holds: criteria.iter().all(|held| held.holds),
            criteria,
            underrun20ms: outcome.figures.underrun20ms,
            late_p50: late.map(|late| late.p50),
            late_p99: late.map(|late| late.p99),
            server_cores: outcome.server.map(|server| server.cores),
            cpu_us_per_call_20ms: outcome.server.map(|server| server.cpu_us_per_call_20ms),
            kib_per_call: outcome.server.map(|server| server.kib_per_call),
            generator_cores: outcome.generator.cores,
            generator_late_p99: outcome.generator.late_ms.map(|late| late.p99),
            machine_load: report::machine_load(),
            notes: report::notes(outcome),
        }
    }

    /// A line of the table.
    fn line(&self) -> String {
        let or_dash = |value: Option<f64>, digits: usize| {
            value.map_or("–".to_owned(), |value| format!("{value:.digits$}"))
        };
        format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {:.2} | {} | {} |",
            self.calls,
            if self.holds { "yes" } else { "no" },
            or_dash(self.underrun20ms.map(|share| share * 100.0), 3),
            or_dash(self.late_p50, 1),
            or_dash(self.late_p99, 1),
            or_dash(self.server_cores, 2),
            or_dash(self.cpu_us_per_call_20ms, 1),
            or_dash(self.kib_per_call, 0),
            self.generator_cores,
            or_dash(self.generator_late_p99, 1),
            or_dash(self.machine_load, 2),
        )
    }
}

/// The head of the table.
const HEAD: &str = "| calls | holds | underrun20ms % | late p50 ms | late p99 ms | server cores | µs a call and 20 ms | KiB a call | generator cores | generator late p99 ms | machine load |";

/// A whole search.
#[derive(Debug, Serialize)]
pub(crate) struct Capacity {
    /// Where to.
    pub(crate) url: String,
    /// What callers did; the number of calls is each row's own.
    pub(crate) scenario: Scenario,
    /// What had to hold.
    pub(crate) criteria: Vec<String>,
    /// Largest number of calls that held twice; nothing when none did.
    pub(crate) answer: Option<usize>,
    /// Every run in order.
    pub(crate) rows: Vec<Row>,
}

/// Searches from `from` to `to`; tells each run as it ends.
pub(crate) fn find(
    stage: &Stage,
    url: &str,
    scenario: &Scenario,
    criteria: &[Criterion],
    (from, to): (usize, usize),
    progress: &mut Progress,
) -> Result<Capacity> {
    let mut all = criteria.to_vec();
    all.extend(ALWAYS.iter().filter_map(|text| text.parse().ok()));
    let mut search = Search::new(from, to);
    let run_s = scenario.seconds + to as f64 / scenario.ramp_per_s + REST.as_secs_f64();
    progress.keep(&format!(
        "at most {} runs, {:.0} min; usually half of it\n{HEAD}",
        search.runs_max() + POINTS.len(),
        (search.runs_max() + POINTS.len()) as f64 * run_s / 60.0
    ));
    let mut rows: Vec<Row> = Vec::new();
    let mut run = |calls: usize, rows: &mut Vec<Row>| -> Result<bool> {
        let seed = scenario.seed + rows.len() as u64;
        let scenario = Scenario { calls, seed, ..scenario.clone() };
        let outcome = stage.run(&scenario, Kind::Steady, progress)?;
        let row = Row::new(calls, &outcome, &all);
        progress.keep(&row.line());
        for note in row.notes.iter().filter(|_| !row.holds) {
            progress.keep(&format!("  {note}"));
        }
        let holds = row.holds;
        rows.push(row);
        generator::rest(REST);
        Ok(holds)
    };
    while let Some(calls) = search.next() {
        let holds = run(calls, &mut rows)?;
        search.judge(holds);
    }
    let answer = search.answer();
    for point in POINTS {
        let known = rows.iter().any(|row| row.calls == point);
        if !known && answer.is_some_and(|answer| point < answer) {
            run(point, &mut rows)?;
        }
    }
    let criteria = all.iter().map(Criterion::to_string).collect();
    Ok(Capacity { url: url.to_owned(), scenario: scenario.clone(), criteria, answer, rows })
}

impl Capacity {
    /// Writes `capacity.json`, `capacity.md` and the pictures into `folder`.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let cost = Line { name: "server", points: self.medians(|row| row.cpu_us_per_call_20ms) };
        let late = [
            Line { name: "p50", points: self.medians(|row| row.late_p50) },
            Line { name: "p99", points: self.medians(|row| row.late_p99) },
            Line { name: "generator p99", points: self.medians(|row| row.generator_late_p99) },
        ];
        report::write_all(
            folder,
            &[
                ("capacity.json", serde_json::to_string_pretty(self)?),
                ("capacity.md", self.markdown()?),
                (
                    "cost.svg",
                    plot::svg("Cost of a call", "calls at a time", "µs of CPU a 20 ms", &[cost]),
                ),
                ("late.svg", plot::svg("Lateness of frames", "calls at a time", "ms", &late)),
            ],
        )
    }

    /// The report for people.
    pub(crate) fn markdown(&self) -> Result<String, std::fmt::Error> {
        let mut out = String::new();
        let answer = self.answer.map_or("none".to_owned(), |calls| calls.to_string());
        writeln!(out, "# Capacity: {answer} calls at a time\n")?;
        writeln!(
            out,
            "Against `{}`: the largest number that kept {} in two runs of three, {} s each after a ramp of {} calls/s, seeds from {}.\n",
            self.url,
            self.criteria.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", "),
            self.scenario.seconds,
            self.scenario.ramp_per_s,
            self.scenario.seed,
        )?;
        writeln!(out, "{HEAD}\n|{}", "---|".repeat(HEAD.matches('|').count() - 1))?;
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by_key(|row| row.calls);
        for row in rows {
            writeln!(out, "{}", row.line())?;
        }
        let mut notes: Vec<String> = self
            .rows
            .iter()
            .flat_map(|row| row.notes.iter().map(|note| format!("- {} calls: {note}", row.calls)))
            .collect();
        notes.sort();
        notes.dedup();
        writeln!(out, "\n{}\n\n![cost](cost.svg)\n![lateness](late.svg)", notes.join("\n"))?;
        Ok(out)
    }

    /// The median of a figure for each number of calls.
    fn medians(&self, figure: fn(&Row) -> Option<f64>) -> Vec<(f64, f64)> {
        let mut numbers: Vec<usize> = self.rows.iter().map(|row| row.calls).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let median = |calls: usize| {
            let rows = self.rows.iter().filter(|row| row.calls == calls);
            let mut values: Vec<f64> = rows.filter_map(figure).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).map(|value| (calls as f64, *value))
        };
        numbers.into_iter().filter_map(median).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Measured;
    use crate::pacing::Counts;
    use crate::report::tests::outcome;
    use crate::scenario::Knobs;

    fn row(calls: usize, underruns: u64) -> Row {
        let measured = Measured {
            pacing: Counts { frames: 1_000, underruns, ..Counts::default() },
            lateness_us: vec![1_000 * calls as u32; 10],
            ..Measured::default()
        };
        let criteria = ["underrun20ms<=0.1%".parse().expect("a criterion")];
        Row::new(calls, &outcome(&[measured]), &criteria)
    }

    #[test]
    fn the_report_has_every_run_and_two_pictures() {
        assert!(row(10, 1).holds);
        assert!(!row(10, 2).holds);
        let capacity = Capacity {
            url: "ws://127.0.0.1/".to_owned(),
            scenario: Scenario::of(&Knobs::default()).expect("defaults"),
            criteria: vec!["underrun20ms<=0.1%".to_owned()],
            answer: Some(10),
            rows: vec![row(20, 2), row(10, 0), row(20, 3), row(10, 1)],
        };
        let late = capacity.medians(|row| row.late_p50);
        assert_eq!(late.len(), 2, "{late:?}");
        assert!(late[0].1 < late[1].1, "{late:?}");
        let text = capacity.markdown().expect("text");
        assert!(text.starts_with("# Capacity: 10 calls"), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("| 20 | no | 0.")).count(), 2);
        let folder = tempfile::tempdir().expect("a folder");
        capacity.write(folder.path()).expect("written");
        for name in ["capacity.json", "capacity.md", "cost.svg", "late.svg"] {
            assert!(folder.path().join(name).exists(), "{name}");
        }
    }
}
