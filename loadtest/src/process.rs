//! What the server's process used, read from `/proc` (proc(5)); nothing on other systems.

use serde::Serialize;

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
    #[cfg(target_os = "linux")]
    fn this_process_uses_memory() {
        assert!(usage(std::process::id()).expect("a reading").rss_mib > 0.1);
    }
}
