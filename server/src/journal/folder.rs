//! One call's files while it runs.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use metrics::counter;
use tokio::sync::{mpsc, oneshot};

use super::{
    Disk, First, JOURNAL, RECORDING, Recording, Reel, Side, TAPE, TRANSCRIPT, USER_TAPE, VERSION,
    no_call,
    whole::{Trouble, Whole},
    write_whole,
};
use crate::{call_task::Inbox, config::Records, media_thread::words::Report};

/// Lines of one call held back until the next sweep, in bytes.
const LINES_BYTES: usize = 2 * 1024;
/// How long a closed call's circuit may still run.
const CLOSING_MAX: Duration = Duration::from_secs(2);

/// What a new journal needs.
pub struct Opening {
    /// The call's folder, which must not be there.
    pub dir: PathBuf,
    /// The first line's content.
    pub first: First,
    /// What is kept beside the journal.
    pub records: Records,
    /// Most sound in the carrier's buffer, which a clear can still take out of the recording.
    pub lead: Duration,
    /// The call may have a second leg, the user's.
    pub has_user: bool,
    /// Who is told when the disk fails.
    pub inbox: mpsc::Sender<Inbox>,
}

/// The end of a call, to be written.
pub(super) struct Closing {
    since: Instant,
    transcript: serde_json::Value,
    /// Who waits for it; nobody any more once it was tried.
    done: Option<oneshot::Sender<()>>,
}

/// The files.
pub(super) struct Folder {
    dir: PathBuf,
    inbox: mpsc::Sender<Inbox>,
    disk: Arc<Disk>,
    journal: Whole,
    tape: Option<Whole>,
    /// Of the user's leg, once it has one.
    user_tape: Option<Whole>,
    recording: Option<Recording>,
    /// Whose end has not been told: more reels may come.
    circuits: u8,
    closing: Option<Closing>,
}

impl Folder {
    /// Makes the folder with all its files: it appears at once, its journal begun and locked. Who
    /// finds a journal without a lock and without an end knows that its writer is gone.
    pub(super) fn create(opening: Opening, disk: Arc<Disk>) -> io::Result<Self> {
        debug_assert_eq!(opening.first.version, VERSION, "one version is written");
        if let Some(calls_dir) = opening.dir.parent() {
            fs::create_dir_all(calls_dir)?;
        }
        if opening.dir.try_exists()? {
            // It belongs to another call.
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let draft = no_call(&opening.dir, ".");
        fs::create_dir(&draft)?;
        let made = Self::made(&draft, &opening, disk)
            .and_then(|folder| fs::rename(&draft, &opening.dir).map(|()| folder));
        if made.is_err() {
            // What cannot be taken away now is no call, and nobody takes it for one.
            let _ = fs::remove_dir_all(&draft);
        }
        made
    }

    fn made(draft: &Path, opening: &Opening, disk: Arc<Disk>) -> io::Result<Self> {
        let file = File::create_new(draft.join(JOURNAL))?;
        file.try_lock()?;
        let mut journal = Whole::new(file);
        journal.add(&serde_json::to_vec(&opening.first)?);
        journal.add(b"\n");
        if let Err(Trouble::Waits(error) | Trouble::Ended(error)) = journal.flush() {
            return Err(error);
        }
        let Records { tape, recording, .. } = opening.records;
        let tape = tape.then(|| File::create_new(draft.join(TAPE)).map(Whole::new)).transpose()?;
        let recording = recording
            .then(|| Recording::create(&draft.join(RECORDING), opening.lead))
            .transpose()?;
        let (dir, inbox) = (opening.dir.clone(), opening.inbox.clone());
        let circuits = 1 + u8::from(opening.has_user);
        Ok(Self {
            dir,
            inbox,
            disk,
            journal,
            tape,
            user_tape: None,
            recording,
            circuits,
            closing: None,
        })
    }

    /// Takes it away again: its call never began.
    pub(super) fn discard(self) {
        // Should it stay, it is found as a call whose worker was lost before it dialled.
        let _ = fs::remove_dir_all(&self.dir);
    }

    /// One line of the journal.
    pub(super) fn line(&mut self, line: &str) {
        self.journal.add(line.as_bytes());
        if self.journal.waiting_bytes() >= LINES_BYTES && self.disk.fault().is_none() {
            self.write_lines();
        }
    }

    /// Writes the lines that wait.
    pub(super) fn write_lines(&mut self) {
        if let Err(trouble) = self.journal.flush() {
            self.suffer(trouble, "the call's journal");
        }
    }

    /// A quarter of a second of sound.
    pub(super) fn reel(&mut self, of_user: bool, reel: &Reel) {
        if of_user {
            return self.user_reel(reel);
        }
        if let Some(tape) = &mut self.tape {
            tape.add(reel.tape());
            if let Err(trouble) = tape.flush() {
                self.suffer(trouble, "the call's tape");
            }
        }
        let Some(recording) = &mut self.recording else { return };
        for (side, at, samples) in reel.sound() {
            match side {
                Side::Callee => recording.heard(at, samples),
                Side::Agent => recording.said(at, samples),
                Side::Cleared => recording.cleared(at),
            }
            if let Err(error) = recording.flush() {
                self.disk.failed(&error);
            }
        }
    }

    /// The same of the user's leg. What is heard on it is in the recording already.
    fn user_reel(&mut self, reel: &Reel) {
        let tape = match &mut self.user_tape {
            Some(tape) => tape,
            none => match File::create_new(self.dir.join(USER_TAPE)) {
                Ok(file) => none.insert(Whole::new(file)),
                Err(error) => return self.suffer(Trouble::Ended(error), "the user's tape"),
            },
        };
        tape.add(reel.tape());
        if let Err(trouble) = tape.flush() {
            self.suffer(trouble, "the user's tape");
        }
    }

    /// The disk takes nothing. What waits is not lost yet; what ends is said once, and the call goes
    /// on.
    fn suffer(&self, trouble: Trouble, what: &str) {
        let error = match trouble {
            Trouble::Waits(error) => return self.disk.failed(&error),
            Trouble::Ended(error) => error,
        };
        self.disk.failed(&error);
        counter!("trunkline_journal_failures_total").increment(1);
        tracing::error!(dir = %self.dir.display(), %error, "{what} ends early");
        let detail = format!("{what} cannot be written any more: {error}");
        let report = Report::Notice { code: "journal_lost", detail };
        // A call with a full inbox has other troubles.
        let _ = self.inbox.try_send(Inbox::Media(report));
    }

    /// A circuit is gone: no more reels of it.
    pub(super) fn over(&mut self) {
        self.circuits = self.circuits.saturating_sub(1);
    }

    /// The call has ended like this.
    pub(super) fn close(&mut self, transcript: serde_json::Value, done: oneshot::Sender<()>) {
        self.closing = Some(Closing { since: Instant::now(), transcript, done: Some(done) });
    }

    /// Whether there is nothing to wait for: the call is over, and so are its circuits or their time.
    pub(super) fn is_complete(&self) -> bool {
        let closing = self.closing.as_ref();
        closing.is_some_and(|closing| self.circuits == 0 || closing.since.elapsed() > CLOSING_MAX)
    }

    /// Writes everything that is left, the transcript last: it tells that the rest is there. `false`
    /// when the disk does not take it; then it can be tried again.
    pub(super) fn finish(&mut self) -> bool {
        let written = self.write_rest();
        if let Err(error) = &written {
            self.disk.failed(error);
        }
        let done = self.closing.as_mut().and_then(|closing| closing.done.take());
        // Nobody waits for it any more: fine.
        let _ = done.map(|done| done.send(()));
        written.is_ok()
    }

    fn write_rest(&mut self) -> io::Result<()> {
        let tapes = [self.tape.as_mut(), self.user_tape.as_mut()];
        for file in [Some(&mut self.journal)].into_iter().chain(tapes).flatten() {
            // One that has ended is as long as it gets.
            if let Err(Trouble::Waits(error)) = file.flush() {
                return Err(error);
            }
        }
        self.recording.as_mut().map_or(Ok(()), Recording::finish)?;
        let Some(Closing { transcript, .. }) = &self.closing else { return Ok(()) };
        write_whole(&self.dir.join(TRANSCRIPT), format!("{transcript:#}\n").as_bytes())
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }
}
