//! What one call leaves behind: a folder with `journal.jsonl`, `circuit.tape`, `recording.wav`,
//! `transcript.json` and `timeline.svg`; `user.tape` too when the user was called in.
//!
//! One thread writes for all calls, fed by bounded queues: a slow or full disk costs records, never
//! a call. `journal.jsonl` opens with `{"version":1,"config":…}`; then one line per input
//! (`{"at":µs,"in":…}`), output (`{"at":µs,"out":…}`) and remark of the shell (`{"at":µs,"note":…}`).

mod book;
mod lines;
mod recording;
mod spool;
mod writer;

pub use book::Book;
pub use lines::{First, Line, VERSION, read};
pub use recording::Recording;
pub use spool::{Reel, Side, Spool, Spooled, spool};
pub use writer::{Opening, Writer};

use std::{fs::File, io, path::PathBuf};

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
