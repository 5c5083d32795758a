//! What the kernel knows: who runs where, what a thread has cost, what a socket has lost.

use std::{fs, io, net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result};
use rustix::{
    process::{Resource, getrlimit, setrlimit},
    thread::{CpuSet, sched_setaffinity},
};

/// Keeps this thread, and those it starts, on one CPU.
///
/// # Errors
/// When the machine has no such CPU.
pub fn keep_to(cpu: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu);
    Ok(sched_setaffinity(None, &set)?)
}

/// Lets the process open as many files as the system allows it to.
///
/// # Errors
/// When even asking fails.
pub fn open_many_files() -> io::Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}

/// CPU time of one thread of this process, by its name, since it began (`schedstat`, kernel
/// documentation `scheduler/sched-stats.rst`).
///
/// # Errors
/// When there is no such thread, or the kernel does not tell.
pub fn cpu_of(thread: &str) -> Result<Duration> {
    for task in fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        let name = fs::read_to_string(task.join("comm")).unwrap_or_default();
        if name.trim_end() == thread {
            let stat = fs::read_to_string(task.join("schedstat"))?;
            let ran_ns = stat.split_whitespace().next().context("an empty schedstat")?;
            return Ok(Duration::from_nanos(ran_ns.parse()?));
        }
    }
    anyhow::bail!("no thread is called {thread}")
}

/// Datagrams the kernel dropped because nobody read them in time (`/proc/net/udp`, last column).
///
/// # Errors
/// When the kernel does not tell.
pub fn dropped_at(address: SocketAddr) -> Result<u64> {
    let port = format!(":{:04X}", address.port());
    let table = fs::read_to_string("/proc/net/udp")?;
    let mut rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = rows.find(|row| row.get(1).is_some_and(|local| local.ends_with(&port)));
    let row = row.with_context(|| format!("{address} is not listed"))?;
    Ok(row.last().context("an empty row")?.parse()?)
}
