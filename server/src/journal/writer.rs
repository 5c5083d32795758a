//! The thread that writes all journals.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};
use metrics::counter;
use tokio::sync::{mpsc, oneshot};

use super::{
    Book, First, JOURNAL, RECORDING, Recording, Reel, Side, Spool, TAPE, TRANSCRIPT, USER_TAPE,
    VERSION,
};
use crate::{call_task::Inbox, config::Records, media_thread::words::Report};

/// Lines and reels of all calls waiting for the disk: 4 s of a thousand calls.
const MESSAGES_MAX: usize = 16 * 1024;
/// Empty reels kept for the next turn.
const SPARES_MAX: usize = 256;
/// How often waiting messages are looked at. Nobody wakes the thread: that would cost the media
/// threads a system call.
const PERIOD: Duration = Duration::from_millis(20);
/// How often lines are written to the disk, and it is looked who has been closing for too long.
const SWEEP: Duration = Duration::from_millis(250);
/// Lines of one call held back until then, in bytes.
const JOURNAL_BYTES: usize = 2 * 1024;
/// How long a closed call's circuit may still run.
const CLOSING_MAX: Duration = Duration::from_secs(2);

pub(super) enum Message {
    Open(u64, Box<Opening>),
    Line(u64, String),
    /// Of the user's own leg, if `true`.
    Reel(u64, bool, Box<Reel>),
    /// A circuit is gone: no more reels of it.
    Over(u64),
    Close(u64, serde_json::Value, oneshot::Sender<()>),
}

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

/// The thread's door.
pub struct Writer {
    tx: Sender<Message>,
    spares: Receiver<Box<Reel>>,
    next: AtomicU64,
}

impl Writer {
    /// Starts the thread; it ends when this and all books and spools are gone.
    pub fn spawn() -> io::Result<Self> {
        let (tx, messages) = bounded(MESSAGES_MAX);
        let (back, spares) = bounded(SPARES_MAX);
        let thread = Thread { messages, back, folders: BTreeMap::new() };
        thread::Builder::new().name("journal".to_owned()).spawn(move || thread.run())?;
        Ok(Self { tx, spares, next: AtomicU64::new(1) })
    }

    /// Opens one call's journal: what the mind writes in, what the circuit writes on, and what the one of the
    /// user's leg does.
    pub fn open(&self, opening: Opening) -> (Book, Spool, Option<Spool>) {
        let call = self.next.fetch_add(1, Ordering::Relaxed);
        let (records, has_user) = (opening.records, opening.has_user);
        let broken = self.tx.try_send(Message::Open(call, Box::new(opening))).is_err();
        let book = Book { call, tx: self.tx.clone(), broken };
        let spool = Spool::new(call, self.tx.clone(), self.spares.clone(), records);
        let of_user = has_user.then(|| spool.of_user());
        (book, spool, of_user)
    }
}

struct Thread {
    messages: Receiver<Message>,
    back: Sender<Box<Reel>>,
    folders: BTreeMap<u64, Folder>,
}

impl Thread {
    fn run(mut self) {
        let mut sweeps_at = Instant::now();
        loop {
            let open = loop {
                match self.messages.try_recv() {
                    Ok(message) => self.message(message),
                    Err(TryRecvError::Empty) => break true,
                    Err(TryRecvError::Disconnected) => break false,
                }
            };
            if !open || sweeps_at <= Instant::now() {
                sweeps_at = Instant::now() + SWEEP;
                self.folders.retain(|_, folder| !folder.sweep(open));
            }
            if !open {
                return;
            }
            thread::sleep(PERIOD);
        }
    }

    fn message(&mut self, message: Message) {
        match message {
            Message::Open(call, opening) => {
                self.folders.insert(call, Folder::new(*opening));
            }
            Message::Line(call, line) => self.folder(call, |folder| folder.line(&line)),
            Message::Reel(call, of_user, mut reel) => {
                self.folder(call, |folder| folder.reel(of_user, &reel));
                reel.clear();
                // More than enough are spare: fine.
                let _ = self.back.try_send(reel);
            }
            Message::Over(call) => {
                self.end(call, |folder| folder.circuits = folder.circuits.saturating_sub(1));
            }
            Message::Close(call, transcript, done) => {
                self.end(call, |folder| {
                    folder.closing = Some((Instant::now(), transcript, done));
                });
            }
        }
    }

    fn folder(&mut self, call: u64, work: impl FnOnce(&mut Folder)) {
        if let Some(folder) = self.folders.get_mut(&call) {
            work(folder);
        }
    }

    /// The circuit is gone, or the call is over: when both are, the folder is complete.
    fn end(&mut self, call: u64, note: impl FnOnce(&mut Folder)) {
        let Some(folder) = self.folders.get_mut(&call) else { return };
        note(folder);
        if folder.circuits == 0 && folder.closing.is_some() {
            folder.finish();
            self.folders.remove(&call);
        }
    }
}

/// One call's files.
struct Folder {
    dir: PathBuf,
    inbox: mpsc::Sender<Inbox>,
    files: Option<Files>,
    /// Whose end has not been told.
    circuits: u8,
    closing: Option<(Instant, serde_json::Value, oneshot::Sender<()>)>,
}

struct Files {
    journal: io::BufWriter<File>,
    tape: Option<File>,
    /// Of the user's leg, once it has one.
    user_tape: Option<File>,
    recording: Option<Recording>,
}

impl Folder {
    fn new(opening: Opening) -> Self {
        let files = Files::create(&opening);
        let Opening { dir, inbox, has_user, .. } = opening;
        let circuits = 1 + u8::from(has_user);
        let mut folder = Self { dir, inbox, files: None, circuits, closing: None };
        match files {
            Ok(files) => folder.files = Some(files),
            Err(e) => folder.fail(&e),
        }
        folder
    }

    /// A full or failing disk: said once, then nothing more is written; the call goes on.
    fn fail(&mut self, error: &io::Error) {
        counter!("trunkline_journal_failures_total").increment(1);
        tracing::error!(dir = %self.dir.display(), %error, "a journal cannot be written");
        self.files = None;
        let detail = format!("the call's journal cannot be written: {error}");
        let report = Report::Notice { code: "journal_lost", detail };
        // A call with a full inbox has other troubles.
        let _ = self.inbox.try_send(Inbox::Media(report));
    }

    fn line(&mut self, line: &str) {
        if let Some(files) = &mut self.files
            && let Err(e) = files.journal.write_all(line.as_bytes())
        {
            self.fail(&e);
        }
    }

    fn reel(&mut self, of_user: bool, reel: &Reel) {
        if let Some(files) = &mut self.files
            && let Err(e) =
                if of_user { files.user_reel(&self.dir, reel) } else { files.reel(reel) }
        {
            self.fail(&e);
        }
    }

    /// Writes what has been said so far. `true` when the call is over and its circuit has had its
    /// time, or nobody is left to write.
    fn sweep(&mut self, open: bool) -> bool {
        if let Some(files) = &mut self.files
            && let Err(e) = files.journal.flush()
        {
            self.fail(&e);
        }
        let ends = match &self.closing {
            Some((since, ..)) => !open || since.elapsed() > CLOSING_MAX,
            None => false,
        };
        if ends {
            self.finish();
        }
        ends
    }

    fn finish(&mut self) {
        let Some((_, transcript, done)) = self.closing.take() else { return };
        if let Some(files) = &mut self.files {
            let written = files
                .finish()
                .and_then(|()| fs::write(self.dir.join(TRANSCRIPT), format!("{transcript:#}\n")));
            if let Err(e) = written {
                self.fail(&e);
            }
        }
        // Nobody waits for it any more: fine.
        let _ = done.send(());
    }
}

impl Files {
    fn create(opening: &Opening) -> io::Result<Self> {
        debug_assert_eq!(opening.first.version, VERSION, "one version is written");
        if let Some(calls_dir) = opening.dir.parent() {
            fs::create_dir_all(calls_dir)?;
        }
        // A folder that is there belongs to another call.
        fs::create_dir(&opening.dir)?;
        let file = File::create(opening.dir.join(JOURNAL))?;
        let mut journal = io::BufWriter::with_capacity(JOURNAL_BYTES, file);
        serde_json::to_writer(&mut journal, &opening.first)?;
        journal.write_all(b"\n")?;
        let Records { tape, recording } = opening.records;
        Ok(Self {
            journal,
            tape: tape.then(|| File::create(opening.dir.join(TAPE))).transpose()?,
            user_tape: None,
            recording: recording
                .then(|| Recording::create(&opening.dir.join(RECORDING), opening.lead))
                .transpose()?,
        })
    }

    fn reel(&mut self, reel: &Reel) -> io::Result<()> {
        if let Some(tape) = &mut self.tape {
            tape.write_all(reel.tape())?;
        }
        let Some(recording) = &mut self.recording else { return Ok(()) };
        for (side, at, samples) in reel.sound() {
            match side {
                Side::Callee => recording.heard(at, samples),
                Side::Agent => recording.said(at, samples),
                Side::Cleared => recording.cleared(at),
            }
            recording.flush()?;
        }
        Ok(())
    }

    fn user_reel(&mut self, dir: &Path, reel: &Reel) -> io::Result<()> {
        let tape = match &mut self.user_tape {
            Some(tape) => tape,
            none => none.insert(File::create(dir.join(USER_TAPE))?),
        };
        tape.write_all(reel.tape())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.journal.flush()?;
        self.recording.as_mut().map_or(Ok(()), Recording::finish)
    }
}

#[cfg(test)]
mod tests {
    use agent::{
        brief::Brief,
        call::{CallConfig, Policy},
    };
    use telephony::Direction;

    use super::*;

    fn opening(dir: PathBuf, records: Records, inbox: mpsc::Sender<Inbox>) -> Opening {
        let config = CallConfig {
            direction: Direction::Inbound,
            to: None,
            from: None,
            brief: Brief::default(),
            policy: Policy::default(),
        };
        let first =
            First { version: VERSION, call_id: "a".to_owned(), started: String::new(), config };
        Opening { dir, first, records, lead: Duration::ZERO, has_user: false, inbox }
    }

    #[tokio::test]
    async fn only_what_is_wanted_is_kept() {
        for (tape, recording) in [(true, true), (true, false), (false, true), (false, false)] {
            let dir = tempfile::tempdir().expect("a folder");
            let call = dir.path().join("a");
            let records = Records { tape, recording };
            let opening = opening(call.clone(), records, mpsc::channel(1).0);
            let (book, mut spool, _) = Writer::spawn().expect("a thread").open(opening);
            if let Some(tape) = spool.tape() {
                tape.extend_from_slice(b"a record");
            }
            spool.sound(Side::Callee, media::Mono::from_millis(20), &[1; 160]);
            drop(spool);
            book.close(serde_json::Value::Null).await;
            let length = |name| fs::metadata(call.join(name)).map(|file| file.len()).ok();
            assert_eq!(length(TAPE), tape.then_some(8));
            assert_eq!(length(RECORDING), recording.then_some(44 + 4 * 160));
            assert!(length(JOURNAL) > Some(0) && length(TRANSCRIPT).is_some());
        }
    }

    #[tokio::test]
    async fn a_folder_that_is_there_is_another_calls() {
        let dir = tempfile::tempdir().expect("a folder");
        let journal = dir.path().join(JOURNAL);
        fs::write(&journal, "an old call").expect("written");
        let (inbox, mut messages) = mpsc::channel(1);
        let opening = opening(dir.path().to_owned(), Records::default(), inbox);
        let (book, ..) = Writer::spawn().expect("a thread").open(opening);
        book.close(serde_json::Value::Null).await;
        assert_eq!(fs::read_to_string(&journal).expect("still there"), "an old call");
        assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 1);
        let told = messages.recv().await.expect("told");
        assert!(matches!(told, Inbox::Media(Report::Notice { code: "journal_lost", .. })));
    }
}
