//! The generator's own burden: whether it, and not the server, was what the figures show.

use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::thread::{CpuSet, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

use crate::figures::{Spread, Times};

/// Later than this (p99) the generator's own lateness is in every figure, in ms.
const LATE_MS_MAX: f64 = 5.0;
/// With more of a core than this in use, the generator has nothing left.
const CORES_MAX: f64 = 0.92;

/// Keeps this thread, and those it starts, on one CPU.
pub(crate) fn pin(cpu: usize) -> Result<()> {
    let mut set = CpuSet::new();
    if cpu >= CpuSet::MAX_CPU {
        anyhow::bail!("there is no CPU {cpu}");
    }
    set.set(cpu);
    sched_setaffinity(None, &set).with_context(|| format!("cannot run on CPU {cpu} alone"))
}

/// CPU time of this thread.
pub(crate) fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// What the generator used and how late it was.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Own {
    /// CPU time, in cores; one thread, so 1 is all it can have.
    pub(crate) cores: f64,
    /// CPU of one call and 20 ms, in µs.
    pub(crate) cpu_us_per_call_20ms: f64,
    /// How late it looked at its sockets and clocks.
    pub(crate) late_ms: Option<Spread>,
}

impl Own {
    /// Adds up: CPU and time of the steady part, seconds of calls in it, lateness in µs.
    pub(crate) fn new(cpu: Duration, wall: Duration, call_s: f64, late_us: &Times) -> Self {
        let cpu_s = cpu.as_secs_f64();
        let part = |of: f64| if of > 0.0 { cpu_s / of } else { 0.0 };
        Self {
            cores: part(wall.as_secs_f64()),
            cpu_us_per_call_20ms: part(call_s) * 20_000.0,
            late_ms: late_us.spread(),
        }
    }

    /// Why the figures are not the server's, if they are not.
    pub(crate) fn bottleneck(&self) -> Option<String> {
        let late = self.late_ms.map_or(0.0, |late| late.p99);
        if self.cores > CORES_MAX {
            return Some(format!("the generator used {:.2} of its one core", self.cores));
        }
        (late > LATE_MS_MAX).then(|| format!("the generator itself was late (p99 {late:.1} ms)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_or_exhausted_generator_says_so() {
        let own = |cpu_ms, late_us: u64| {
            let mut late = Times::new();
            late.record(late_us);
            let wall = Duration::from_secs(1);
            Own::new(Duration::from_millis(cpu_ms), wall, 1_000.0, &late)
        };
        assert_eq!(own(500, 900).bottleneck(), None);
        assert_eq!(own(500, 900).cpu_us_per_call_20ms, 10.0);
        assert!(own(980, 900).bottleneck().is_some_and(|why| why.contains("0.98")));
        assert!(own(500, 9_000).bottleneck().is_some_and(|why| why.contains("late")));
    }

    #[test]
    fn cpu_time_grows_with_work_and_pinning_takes_a_cpu_that_exists() {
        let before = cpu();
        let mut sum = 0_u64;
        while cpu() == before {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(cpu() > before);
        pin(CpuSet::MAX_CPU).expect_err("no such CPU");
    }
}
