//! The thread that stores recordings, and deletes what has been kept long enough. One at a time, and
//! after everybody else who wants the processor.

use std::{
    fs::{self, DirEntry},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant, SystemTime},
};

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use super::{STORED, forget, opus};
use crate::{
    config::{Records, Storage},
    journal::{RECORDING, TAPE, TRANSCRIPT, USER_TAPE},
    recovery::is_plain_id,
};

/// Ended calls that wait to be stored; the next sweep finds those of which more end at once.
const WAITING_MAX: usize = 1024;
/// From the start to the first sweep.
const FIRST_SWEEP: Duration = Duration::from_secs(30);
/// From one sweep to the next.
const SWEEP_EVERY: Duration = Duration::from_hours(1);
/// Folders that were never finished, or not deleted to their end, go after this long.
const DEBRIS_AGE: Duration = Duration::from_hours(1);
/// Lowest of all priorities is 19.
const NICENESS: i32 = 15;

/// The thread's door; it ends when this is gone.
pub struct Keeper {
    tx: Sender<PathBuf>,
}

impl Keeper {
    /// Starts the thread.
    pub fn start(calls_dir: PathBuf, records: Records) -> io::Result<Self> {
        let (tx, waiting) = bounded::<PathBuf>(WAITING_MAX);
        let run = move || {
            // Of this thread alone, on Linux. Where it may not stand back, it does not.
            let _ = rustix::process::setpriority_process(None, NICENESS);
            let mut sweeps_at = Instant::now() + FIRST_SWEEP;
            loop {
                match waiting.recv_deadline(sweeps_at) {
                    Ok(dir) => drop(store(&dir, &records)),
                    Err(RecvTimeoutError::Disconnected) => return,
                    Err(RecvTimeoutError::Timeout) => {
                        match sweep(&calls_dir, &records, SystemTime::now()) {
                            Ok(swept) => tracing::info!(?swept, "old records were looked at"),
                            Err(error) => tracing::warn!(%error, "old records stay"),
                        }
                        sweeps_at = Instant::now() + SWEEP_EVERY;
                    }
                }
            }
        };
        thread::Builder::new().name("keeper".to_owned()).spawn(run)?;
        Ok(Self { tx })
    }

    /// A call is over: its recording can be stored.
    pub fn store(&self, dir: PathBuf) {
        // When too many wait, the sweep finds it.
        let _ = self.tx.try_send(dir);
    }
}

/// What a sweep has done, in calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Recordings stored that nobody had come to.
    pub stored: usize,
    /// Calls whose sound was deleted.
    pub silenced: usize,
    /// Calls whose folders were deleted.
    pub forgotten: usize,
}

/// Looks at every call that is over, once.
///
/// # Errors
/// When the folder cannot be listed. What goes wrong with one call is logged and left for the next
/// sweep.
pub fn sweep(calls_dir: &Path, records: &Records, now: SystemTime) -> io::Result<Swept> {
    let mut swept = Swept::default();
    for entry in fs::read_dir(calls_dir)? {
        let entry = entry?;
        if let Err(error) = one(&entry, records, now, &mut swept) {
            tracing::warn!(dir = %entry.path().display(), %error, "left for the next sweep");
        }
    }
    Ok(swept)
}

fn one(entry: &DirEntry, records: &Records, now: SystemTime, swept: &mut Swept) -> io::Result<()> {
    let dir = entry.path();
    let age = |of: &Path| -> io::Result<Duration> {
        Ok(now.duration_since(fs::metadata(of)?.modified()?).unwrap_or_default())
    };
    let name = entry.file_name();
    let Some(name) = name.to_str().filter(|name| is_plain_id(name.trim_start_matches('.'))) else {
        return Ok(());
    };
    if name.starts_with('.') {
        let is_debris = entry.file_type()?.is_dir() && age(&dir)? > DEBRIS_AGE;
        return if is_debris { fs::remove_dir_all(&dir) } else { Ok(()) };
    }
    let transcript = dir.join(TRANSCRIPT);
    if !transcript.exists() {
        return Ok(());
    }
    let age = age(&transcript)?;
    if records.call_age_max().is_some_and(|max| age > max) {
        forget::remove(&dir)?;
        swept.forgotten += 1;
    } else if records.sound_age_max().is_some_and(|max| age > max) {
        swept.silenced += usize::from(silence(&dir)?);
    } else {
        swept.stored += usize::from(store(&dir, records));
    }
    Ok(())
}

/// Deletes a call's sound; whether there was any.
fn silence(dir: &Path) -> io::Result<bool> {
    let mut any = false;
    for name in [STORED, RECORDING, TAPE, USER_TAPE] {
        match fs::remove_file(dir.join(name)) {
            Ok(()) => any = true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(any)
}

/// Turns a finished call's recording into its stored form; whether it did. What fails is logged: the
/// recording stays as it was, and the next sweep tries again.
fn store(dir: &Path, records: &Records) -> bool {
    let wav = dir.join(RECORDING);
    if records.storage == Storage::Wav || !wav.exists() || !dir.join(TRANSCRIPT).exists() {
        return false;
    }
    let (stored, draft) = (dir.join(STORED), dir.join(STORED).with_added_extension("new"));
    let moved = opus::store(&wav, &draft)
        .and_then(|()| Ok(fs::rename(&draft, &stored)?))
        .and_then(|()| Ok(fs::remove_file(&wav)?));
    if let Err(error) = &moved {
        tracing::warn!(dir = %dir.display(), %error, "a recording stays as it was written");
        // It may never have come to be.
        let _ = fs::remove_file(&draft);
    }
    moved.is_ok()
}
