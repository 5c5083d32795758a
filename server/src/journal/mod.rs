//! What one call leaves behind: a folder with `journal.jsonl`, `circuit.tape`, `recording.wav`,
//! `transcript.json` and `timeline.svg`; `user.tape` too when the user was called in.
//!
//! One thread writes for all calls, fed by bounded queues: a slow or full disk costs records, never
//! a call. No call begins before its first line is written, and what the API shows of a call follows
//! within some 20 ms, so what a process that is killed leaves behind says what it has shown
//! ([`recovery`](crate::recovery)). `journal.jsonl` opens with `{"version":1,"config":…}`; then one line per input
//! (`{"at":µs,"in":…}`), output (`{"at":µs,"out":…}`) and remark of the shell (`{"at":µs,"note":…}`).

mod book;
mod disk;
mod folder;
mod lines;
mod recording;
mod secrets;
mod spool;
mod whole;
mod writer;

pub use book::Book;
pub use disk::Disk;
pub use folder::Opening;
pub use lines::{First, Line, VERSION, WORKER_LOST, read};
pub use recording::Recording;
pub use spool::{Reel, Side, Spool, Spooled, spool};
pub use writer::Writer;

use std::{
    ffi::OsString,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// The mind's inputs and outputs.
pub const JOURNAL: &str = "journal.jsonl";
/// The circuit's inputs and outputs.
pub const TAPE: &str = "circuit.tape";
/// The same of the user's own leg, when they were called in.
pub const USER_TAPE: &str = "user.tape";
/// Stereo, left callee, right agent.
pub const RECORDING: &str = "recording.wav";
/// The call as the API shows it.
pub const TRANSCRIPT: &str = "transcript.json";
/// The picture.
pub const TIMELINE: &str = "timeline.svg";

/// Writes a file that is there with all its bytes or not at all, whoever looks and whenever.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_added_extension("new");
    fs::write(&draft, bytes).and_then(|()| fs::rename(&draft, path)).inspect_err(|_| {
        // Half of it is of no use, and may never have come to be.
        let _ = fs::remove_file(&draft);
    })
}

/// Where a call's folder stands while it is half made or half gone: its name begins with a dot, and
/// nobody takes it for a call.
pub fn no_call(dir: &Path, dotted: &str) -> PathBuf {
    let mut name = OsString::from(dotted);
    name.push(dir.file_name().unwrap_or_default());
    dir.with_file_name(name)
}

/// Has the disk keep a finished call's records. Not on the thread that writes all journals: a disk
/// that takes its time would hold up the calls that go on.
pub async fn keep(dir: PathBuf) {
    let kept = tokio::task::spawn_blocking(move || {
        [JOURNAL, TAPE, USER_TAPE, RECORDING, TRANSCRIPT]
            .iter()
            .map(|name| dir.join(name))
            .filter(|path| path.exists())
            .try_for_each(|path| File::open(path)?.sync_all())
    });
    if let Err(error) = kept.await.map_err(io::Error::other).flatten() {
        tracing::warn!(%error, "a call's records may not survive a power failure");
    }
}
