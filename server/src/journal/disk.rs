//! Whether the disk takes what calls leave behind.
//!
//! The thread that writes asks it once in a while, so that a fault is known before a call meets it,
//! and that it is over as soon as it is.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use metrics::gauge;

/// How often the disk is tried.
const TRIED_EVERY: Duration = Duration::from_secs(1);
/// A disk that keeps the writing thread busy for longer does not answer.
const SILENT_MAX: Duration = Duration::from_secs(5);
/// Written and taken away again to try the disk.
const TRIAL: &str = ".trial";
/// How much is written then, in bytes.
const TRIAL_BYTES: usize = 4096;

/// The disk that calls are written to.
pub struct Disk {
    calls_dir: PathBuf,
    free_bytes_min: u64,
    /// Why it takes nothing.
    fault: Mutex<Option<String>>,
    born: Instant,
    /// When the writing thread was last known to go on, in ms since `born`.
    beat_ms: AtomicU64,
}

impl Disk {
    /// The one below `calls_dir`, of which `free_bytes_min` must be free.
    pub(super) fn new(calls_dir: PathBuf, free_bytes_min: u64) -> Self {
        let (fault, born, beat_ms) = (Mutex::default(), Instant::now(), AtomicU64::new(0));
        let disk = Self { calls_dir, free_bytes_min, fault, born, beat_ms };
        disk.try_out();
        disk
    }

    /// Why no call can be written down now, for people.
    pub fn fault(&self) -> Option<String> {
        let since = self.born.elapsed();
        let silent = since.saturating_sub(self.beat());
        if silent > SILENT_MAX {
            return Some(format!("the disk has not answered for {} s", silent.as_secs()));
        }
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Something could not be written.
    pub(super) fn failed(&self, error: &io::Error) {
        self.set(Some(error.to_string()));
    }

    /// The writing thread goes on; now and then it looks whether the disk would take something.
    pub(super) fn beat_and_try(&self, tried_at: &mut Instant) {
        let ms = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.beat_ms.store(ms, Ordering::Relaxed);
        if tried_at.elapsed() >= TRIED_EVERY {
            *tried_at = Instant::now();
            self.try_out();
        }
    }

    fn beat(&self) -> Duration {
        Duration::from_millis(self.beat_ms.load(Ordering::Relaxed))
    }

    fn try_out(&self) {
        self.set(self.trial().err().map(|error| error.to_string()));
    }

    fn trial(&self) -> io::Result<()> {
        fs::create_dir_all(&self.calls_dir)?;
        let space = rustix::fs::statvfs(&self.calls_dir)?;
        let free_bytes = space.f_bavail.saturating_mul(space.f_frsize);
        if free_bytes < self.free_bytes_min {
            let (free, min) = (free_bytes / 1_000_000, self.free_bytes_min / 1_000_000);
            let why = format!("{free} MB are free on the disk, {min} MB must be");
            return Err(io::Error::new(io::ErrorKind::StorageFull, why));
        }
        let trial = self.calls_dir.join(TRIAL);
        let written = File::create(&trial).and_then(|mut file| file.write_all(&[0; TRIAL_BYTES]));
        // A file that could not be made need not go.
        let _ = fs::remove_file(&trial);
        written
    }

    fn set(&self, fault: Option<String>) {
        let mut known = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*known, &fault) {
            (None, Some(why)) => tracing::error!(%why, "no calls are taken: the disk"),
            (Some(_), None) => tracing::info!("calls are taken again: the disk is well"),
            _ => {}
        }
        gauge!("trunkline_disk_fault").set(if fault.is_some() { 1.0 } else { 0.0 });
        *known = fault;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_without_room_says_so_until_there_is_some() {
        let dir = tempfile::tempdir().expect("a folder");
        let full = Disk::new(dir.path().join("calls"), u64::MAX);
        assert!(full.fault().is_some_and(|why| why.contains("MB are free")), "{:?}", full.fault());
        let disk = Disk::new(dir.path().join("calls"), 1);
        assert_eq!(disk.fault(), None);
        disk.failed(&io::Error::from(io::ErrorKind::StorageFull));
        assert!(disk.fault().is_some());
        let mut tried_at = Instant::now() - TRIED_EVERY;
        disk.beat_and_try(&mut tried_at);
        assert_eq!(disk.fault(), None);
        assert!(!dir.path().join("calls").join(TRIAL).exists());
    }
}
