//! What the server's process used, read from `/proc` (proc(5)); nothing on other systems.

use std::time::Duration;

use media::Mono;
use serde::Serialize;

use crate::generator::Status;
use crate::own;

/// Ticks a second of the CPU times in `/proc` (`sysconf(_SC_CLK_TCK)`, 100 on Linux everywhere).
const TICKS_PER_S: f64 = 100.0;

/// One reading of a process.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Usage {
    /// CPU time since it began, in s.
    pub(crate) cpu_s: f64,
    /// Memory in use now, in MiB.
    pub(crate) rss_mib: f64,
    /// Threads now.
    pub(crate) threads: u64,
}

/// What `pid` has used up to now; `None` when it is gone or the system does not tell.
pub(crate) fn usage(pid: u32) -> Option<Usage> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    parse(&stat, &status)
}

/// What the server's process used during the steady part of the run.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Server {
    /// CPU time, in cores.
    pub(crate) cores: f64,
    /// CPU time of one call and 20 ms, in µs.
    pub(crate) cpu_us_per_call_20ms: f64,
    /// Memory before the first call, in MiB.
    pub(crate) rss_mib_before: f64,
    /// Most memory seen, in MiB.
    pub(crate) rss_mib_max: f64,
    /// What a call added to it, in KiB.
    pub(crate) kib_per_call: f64,
    /// How much memory grew from a fifth of the calls to the last, as a part of it; only when calls
    /// end and begin.
    pub(crate) memory_growth: Option<f64>,
    /// Most threads seen.
    pub(crate) threads_max: u64,
}

/// One second of a run.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Sample {
    /// Since the run began.
    pub(crate) s: f64,
    /// Calls under way.
    pub(crate) live: usize,
    /// Calls over.
    pub(crate) done: usize,
    /// CPU of the server since the last sample, in cores.
    pub(crate) cores: f64,
    /// Memory of the server, in MiB.
    pub(crate) rss_mib: f64,
}

/// What both ends used.
#[derive(Debug)]
pub(crate) struct Burden {
    pub(crate) server: Option<Server>,
    /// CPU of the generator in the steady part.
    pub(crate) own_cpu: Duration,
    /// Length of the steady part.
    pub(crate) wall: Duration,
    /// Seconds of calls in the steady part.
    pub(crate) call_s: f64,
    /// Once a second.
    pub(crate) history: Vec<Sample>,
}

/// A moment's CPU of both ends.
#[derive(Clone, Copy, Debug)]
struct Moment {
    at: Mono,
    own: Duration,
    server: Option<Usage>,
}

/// Watches both ends during a run.
#[derive(Debug)]
pub(crate) struct Watch {
    pid: Option<u32>,
    calls: usize,
    total: usize,
    steady: (Mono, Mono),
    before: Option<Usage>,
    from: Option<Moment>,
    to: Option<Moment>,
    last: Mono,
    sampled: Option<Moment>,
    call_s: f64,
    live_max: usize,
    threads_max: u64,
    history: Vec<Sample>,
}

impl Watch {
    /// Watches `pid` while `calls` at a time, `total` in all, are made; the part from `steady.0`
    /// to `steady.1` counts.
    pub(crate) fn start(
        pid: Option<u32>,
        calls: usize,
        total: usize,
        steady: (Mono, Mono),
    ) -> Self {
        Self {
            pid,
            calls,
            total,
            steady,
            before: pid.and_then(usage),
            from: None,
            to: None,
            last: Mono::ZERO,
            sampled: None,
            call_s: 0.0,
            live_max: 0,
            threads_max: 0,
            history: Vec::new(),
        }
    }

    fn moment(&self, at: Mono) -> Moment {
        Moment { at, own: own::cpu(), server: self.pid.and_then(usage) }
    }

    /// Takes note, once a look; a line for people once a second.
    pub(crate) fn look(&mut self, status: Status) -> Option<String> {
        let Status { now, live, done } = status;
        self.live_max = self.live_max.max(live);
        if self.from.is_none() && now >= self.steady.0 {
            self.from = Some(self.moment(now));
        } else if self.from.is_some() && self.to.is_none() {
            self.call_s += live as f64 * now.since(self.last).as_secs_f64();
        }
        // The last look at calls under way: hanging up is no part of it.
        if self.to.is_none() && now + Duration::from_millis(2) >= self.steady.1 {
            self.to = Some(self.moment(now));
        }
        self.last = now;
        let before = self.sampled;
        if before.is_some_and(|before| now.since(before.at) < Duration::from_secs(1)) {
            return None;
        }
        let moment = self.moment(now);
        self.sampled = Some(moment);
        Some(self.sample(before?, moment, live, done))
    }

    fn sample(&mut self, before: Moment, moment: Moment, live: usize, done: usize) -> String {
        let wall = moment.at.since(before.at).as_secs_f64().max(0.001);
        let s = moment.at.since(Mono::ZERO).as_secs_f64();
        let own = (moment.own - before.own).as_secs_f64() / wall;
        let mut line = format!("{s:4.0} s: {live} of {} calls", self.calls);
        if self.total > self.calls {
            line += &format!(", {done} over");
        }
        line += &format!(", generator {own:.2} cores");
        let (mut cores, mut rss_mib) = (0.0, 0.0);
        if let (Some(last), Some(now)) = (before.server, moment.server) {
            cores = (now.cpu_s - last.cpu_s) / wall;
            rss_mib = now.rss_mib;
            self.threads_max = self.threads_max.max(now.threads);
            line += &format!(", server {cores:.2} cores, {rss_mib:.0} MiB");
        }
        self.history.push(Sample { s, live, done, cores, rss_mib });
        line
    }

    /// Adds up.
    pub(crate) fn stop(mut self) -> Burden {
        let last = self.moment(self.last);
        let (from, to) = (self.from.unwrap_or(last), self.to.unwrap_or(last));
        let wall = to.at.since(from.at);
        Burden {
            server: self.server(&from, &to, wall),
            own_cpu: to.own.saturating_sub(from.own),
            wall,
            call_s: self.call_s,
            history: std::mem::take(&mut self.history),
        }
    }

    fn server(&self, from: &Moment, to: &Moment, wall: Duration) -> Option<Server> {
        let (before, first, last) = (self.before?, from.server?, to.server?);
        let cpu_s = last.cpu_s - first.cpu_s;
        let part = |of: f64| if of > 0.0 { cpu_s / of } else { 0.0 };
        let most = self.history.iter().map(|sample| sample.rss_mib).fold(last.rss_mib, f64::max);
        Some(Server {
            cores: part(wall.as_secs_f64()),
            cpu_us_per_call_20ms: part(self.call_s) * 20_000.0,
            rss_mib_before: before.rss_mib,
            rss_mib_max: most,
            kib_per_call: (most - before.rss_mib).max(0.0) * 1024.0 / self.live_max.max(1) as f64,
            memory_growth: growth(&self.history, self.total),
            threads_max: self.threads_max.max(last.threads),
        })
    }
}

/// How memory grew from the fifth part of `total` calls on: servers keep some of the finished ones.
fn growth(history: &[Sample], total: usize) -> Option<f64> {
    // While calls are under way: before and after there is less in use.
    let early = history.iter().find(|sample| sample.done >= total / 5 && sample.done > 0)?;
    let late = history.iter().rfind(|sample| sample.live > 0 && sample.done > early.done)?;
    (early.rss_mib > 0.0).then(|| late.rss_mib / early.rss_mib - 1.0)
}

fn parse(stat: &str, status: &str) -> Option<Usage> {
    // The name stands in parentheses and may hold spaces: fields count from after it.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    let line = |key: &str| -> Option<f64> {
        let rest = status.lines().find_map(|line| line.strip_prefix(key))?;
        rest.split_whitespace().next()?.parse().ok()
    };
    Some(Usage {
        cpu_s: (ticks(11)? + ticks(12)?) / TICKS_PER_S,
        rss_mib: line("VmRSS:")? / 1024.0,
        threads: line("Threads:")? as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_kernel_writes() {
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194560 900 0 0 0 250 50 0 0 20 0 7 0 100 0 0";
        let status = "Name:\tx\nVmRSS:\t   20480 kB\nThreads:\t7\n";
        let usage = parse(stat, status).expect("a reading");
        assert_eq!(usage, Usage { cpu_s: 3.0, rss_mib: 20.0, threads: 7 });
        assert_eq!(parse("", status), None);
        assert_eq!(parse(stat, ""), None);
    }

    #[test]
    fn growth_is_measured_from_a_fifth_of_the_calls() {
        let sample = |done, live, rss_mib| Sample { s: 0.0, live, done, cores: 0.0, rss_mib };
        let history =
            [sample(0, 9, 50.0), sample(20, 9, 100.0), sample(60, 9, 110.0), sample(100, 0, 90.0)];
        let grown = growth(&history, 100).expect("measured");
        assert!((grown - 0.1).abs() < 1e-9, "{grown}");
        assert_eq!(growth(&history[..2], 100), None, "nothing to compare with");
    }

    #[test]
    fn only_the_steady_part_counts() {
        let ms = |ms| Mono::ZERO + Duration::from_millis(ms);
        let mut watch = Watch::start(None, 10, 10, (ms(1_000), ms(3_000)));
        for now in (0..=4_000).step_by(500) {
            watch.look(Status { now: ms(now), live: 10, done: 0 });
        }
        let burden = watch.stop();
        assert_eq!(burden.wall, Duration::from_secs(2));
        assert!((burden.call_s - 20.0).abs() < 1e-9, "{}", burden.call_s);
        assert!(burden.server.is_none(), "no pid");
        assert_eq!(burden.history.len(), 4);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_uses_memory() {
        assert!(usage(std::process::id()).expect("a reading").rss_mib > 0.1);
    }
}
