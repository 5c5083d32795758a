//! The thread that writes all journals.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use metrics::counter;
use tokio::sync::{mpsc, oneshot};

use super::{Book, First, JOURNAL, RECORDING, Recording, TAPE, TRANSCRIPT, VERSION};
use crate::{
    call_task::Inbox,
    media_thread::{
        rings::{RecordingOut, Side, TapeOut},
        words::Report,
    },
};

/// Lines of all calls waiting for the disk.
const MESSAGES_MAX: usize = 8192;
/// How often it is looked whose tape is due.
const PERIOD: Duration = Duration::from_millis(50);
/// How often one call's tape is taken from its ring and written.
const TAPE_PERIOD: Duration = Duration::from_millis(250);
/// How long a closed call's tape may still run.
const CLOSING_MAX: Duration = Duration::from_secs(2);

pub(super) enum Message {
    Open(u64, Box<Opening>),
    Line(u64, String),
    Close(u64, serde_json::Value, oneshot::Sender<()>),
}

/// What a new journal needs.
pub struct Opening {
    /// The call's folder, which must not be there.
    pub dir: PathBuf,
    /// The first line's content.
    pub first: First,
    /// The circuit's tape.
    pub tape: TapeOut,
    /// Both sides' sound.
    pub recording: RecordingOut,
    /// Who is told when the disk fails.
    pub inbox: mpsc::Sender<Inbox>,
}

/// The thread's door.
pub struct Writer {
    tx: Sender<Message>,
    next: AtomicU64,
}

impl Writer {
    /// Starts the thread; it ends when this and all books are gone.
    pub fn spawn() -> io::Result<Self> {
        let (tx, rx) = bounded(MESSAGES_MAX);
        thread::Builder::new().name("journal".to_owned()).spawn(move || run(&rx))?;
        Ok(Self { tx, next: AtomicU64::new(1) })
    }

    /// Opens one call's journal.
    pub fn open(&self, opening: Opening) -> Book {
        let call = self.next.fetch_add(1, Ordering::Relaxed);
        let broken = self.tx.try_send(Message::Open(call, Box::new(opening))).is_err();
        Book { call, tx: self.tx.clone(), broken }
    }
}

fn run(messages: &Receiver<Message>) {
    let mut folders: BTreeMap<u64, Folder> = BTreeMap::new();
    let mut open = true;
    while open || !folders.is_empty() {
        let until = Instant::now() + PERIOD;
        loop {
            match messages.recv_deadline(until) {
                Ok(Message::Open(call, opening)) => {
                    folders.insert(call, Folder::new(*opening));
                }
                Ok(Message::Line(call, line)) => {
                    if let Some(folder) = folders.get_mut(&call) {
                        folder.line(&line);
                    }
                }
                Ok(Message::Close(call, transcript, done)) => {
                    if let Some(folder) = folders.get_mut(&call) {
                        folder.closing = Some((Instant::now(), transcript, done));
                    }
                }
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => {
                    open = false;
                    thread::sleep(PERIOD);
                    break;
                }
            }
        }
        let now = Instant::now();
        folders.retain(|_, folder| {
            if now < folder.tape_due && folder.closing.is_none() && open {
                return true;
            }
            folder.tape_due = now + TAPE_PERIOD;
            folder.take_tape();
            let over = folder.tape.is_over();
            match &folder.closing {
                Some((since, ..)) if over || since.elapsed() > CLOSING_MAX => {}
                None if !open && over => {}
                _ => return true,
            }
            folder.finish();
            false
        });
    }
}

/// One call's files.
struct Folder {
    dir: PathBuf,
    tape: TapeOut,
    sound: RecordingOut,
    inbox: mpsc::Sender<Inbox>,
    files: Option<Files>,
    closing: Option<(Instant, serde_json::Value, oneshot::Sender<()>)>,
    tape_due: Instant,
    bytes: Vec<u8>,
}

struct Files {
    journal: io::BufWriter<File>,
    tape: File,
    recording: Recording,
}

impl Folder {
    fn new(opening: Opening) -> Self {
        let Opening { dir, first, tape, recording: sound, inbox } = opening;
        let mut folder = Self {
            dir,
            tape,
            sound,
            inbox,
            files: None,
            closing: None,
            tape_due: Instant::now(),
            bytes: Vec::new(),
        };
        match folder.create(&first) {
            Ok(files) => folder.files = Some(files),
            Err(e) => folder.fail(&e),
        }
        folder
    }

    fn create(&self, first: &First) -> io::Result<Files> {
        debug_assert_eq!(first.version, VERSION, "one version is written");
        if let Some(calls_dir) = self.dir.parent() {
            fs::create_dir_all(calls_dir)?;
        }
        // A folder that is there belongs to another call.
        fs::create_dir(&self.dir)?;
        let mut journal = io::BufWriter::new(File::create(self.dir.join(JOURNAL))?);
        serde_json::to_writer(&mut journal, first)?;
        journal.write_all(b"\n")?;
        Ok(Files {
            journal,
            tape: File::create(self.dir.join(TAPE))?,
            recording: Recording::create(&self.dir.join(RECORDING))?,
        })
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

    fn take_tape(&mut self) {
        self.bytes.clear();
        self.tape.drain_into(&mut self.bytes);
        let Some(files) = &mut self.files else { return };
        while let Some((side, at, samples)) = self.sound.pop() {
            match side {
                Side::Callee => files.recording.heard(at, samples),
                Side::Agent => files.recording.said(at, samples),
                Side::Cleared => files.recording.cleared(at),
            }
        }
        let written = files.tape.write_all(&self.bytes).and_then(|()| {
            files.recording.flush()?;
            files.journal.flush()
        });
        if let Err(e) = written {
            self.fail(&e);
        }
    }

    fn finish(&mut self) {
        let Some((_, transcript, done)) = self.closing.take() else { return };
        if let Some(files) = &mut self.files {
            let written =
                files.journal.flush().and_then(|()| files.recording.finish()).and_then(|()| {
                    fs::write(self.dir.join(TRANSCRIPT), format!("{transcript:#}\n"))
                });
            if let Err(e) = written {
                self.fail(&e);
            }
        }
        // Nobody waits for it any more: fine.
        let _ = done.send(());
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
    use crate::media_thread::rings;

    #[tokio::test]
    async fn a_folder_that_is_there_is_another_calls() {
        let dir = tempfile::tempdir().expect("a folder");
        let journal = dir.path().join(JOURNAL);
        fs::write(&journal, "an old call").expect("written");
        let (inbox, mut messages) = mpsc::channel(1);
        let config = CallConfig {
            direction: Direction::Inbound,
            to: None,
            from: None,
            brief: Brief::default(),
            policy: Policy::default(),
        };
        let (call_id, started) = ("a".to_owned(), String::new());
        let book = Writer::spawn().expect("a thread").open(Opening {
            dir: dir.path().to_owned(),
            first: First { version: VERSION, call_id, started, config },
            tape: rings::tape().1,
            recording: rings::recording().1,
            inbox,
        });
        book.close(serde_json::Value::Null).await;
        assert_eq!(fs::read_to_string(&journal).expect("still there"), "an old call");
        assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 1);
        let told = messages.recv().await.expect("told");
        assert!(matches!(told, Inbox::Media(Report::Notice { code: "journal_lost", .. })));
    }
}
