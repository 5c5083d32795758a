//! The thread that writes all journals.

use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};
use metrics::counter;
use tokio::{sync::oneshot, time::timeout};

use super::{Book, Disk, Opening, Reel, Spool, folder::Folder};

/// Lines and reels of all calls waiting for the disk: 4 s of a thousand calls.
const MESSAGES_MAX: usize = 16 * 1024;
/// Empty reels kept for the next turn.
const SPARES_MAX: usize = 256;
/// How often waiting messages are looked at. Nobody wakes the thread: that would cost the media
/// threads a system call.
const PERIOD: Duration = Duration::from_millis(20);
/// How often lines that nobody waits for are written to the disk, and it is looked who has been
/// closing for too long.
const SWEEP: Duration = Duration::from_millis(250);
/// A new call's folder takes no longer to make, or there is no call.
const OPENING_MAX: Duration = Duration::from_secs(2);
/// Ended calls whose end the disk has not taken yet; of more the oldest is given up.
const OWED_MAX: usize = 1024;

pub(super) enum Message {
    Open(u64, Box<Folder>),
    /// A line of the journal, and whether somebody may have been shown what it says.
    Line(u64, String, bool),
    /// Of the user's own leg, if `true`.
    Reel(u64, bool, Box<Reel>),
    /// A circuit is gone: no more reels of it.
    Over(u64),
    Close(u64, serde_json::Value, oneshot::Sender<()>),
}

/// The thread's door.
pub struct Writer {
    tx: Sender<Message>,
    spares: Receiver<Box<Reel>>,
    next: AtomicU64,
    disk: Arc<Disk>,
}

impl Writer {
    /// Starts the thread; it ends when this and all books and spools are gone. No call is taken with
    /// less than `free_bytes_min` free below `calls_dir`.
    pub fn spawn(calls_dir: PathBuf, free_bytes_min: u64) -> io::Result<Self> {
        let (tx, messages) = bounded(MESSAGES_MAX);
        let (back, spares) = bounded(SPARES_MAX);
        let disk = Arc::new(Disk::new(calls_dir, free_bytes_min));
        let thread = Thread {
            messages,
            back,
            folders: BTreeMap::new(),
            shown: Vec::new(),
            owed: BTreeMap::new(),
            disk: Arc::clone(&disk),
        };
        thread::Builder::new().name("journal".to_owned()).spawn(move || thread.run())?;
        Ok(Self { tx, spares, next: AtomicU64::new(1), disk })
    }

    /// The disk that is written to.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Opens one call's journal: what the mind writes in, and what the circuit writes on, and
    /// what the one of the user's leg does. When it returns, the first line is written: whatever happens to this process, the call has a record.
    ///
    /// # Errors
    /// When the disk takes no new call, or the folder belongs to another.
    pub async fn open(&self, opening: Opening) -> io::Result<(Book, Spool, Option<Spool>)> {
        let (records, has_user) = (opening.records, opening.has_user);
        let disk = Arc::clone(&self.disk);
        let (made, folder) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            // Nobody waits any more: there is no such call.
            if let Err(Ok(folder)) = made.send(Folder::create(opening, disk)) {
                folder.discard();
            }
        });
        let folder = match timeout(OPENING_MAX, folder).await {
            Ok(Ok(folder)) => folder,
            Ok(Err(_)) | Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        let folder = folder.inspect_err(|error| {
            if error.kind() != io::ErrorKind::AlreadyExists {
                self.disk.failed(error);
            }
        })?;
        let call = self.next.fetch_add(1, Ordering::Relaxed);
        let broken = self.tx.try_send(Message::Open(call, Box::new(folder))).is_err();
        let book = Book::new(call, self.tx.clone(), broken);
        let spool = Spool::new(call, self.tx.clone(), self.spares.clone(), records);
        let of_user = has_user.then(|| spool.of_user());
        Ok((book, spool, of_user))
    }
}

struct Thread {
    messages: Receiver<Message>,
    back: Sender<Box<Reel>>,
    folders: BTreeMap<u64, Folder>,
    /// Calls with lines that are to be written at once.
    shown: Vec<u64>,
    /// Calls that are over, and whose end the disk has not taken.
    owed: BTreeMap<u64, Folder>,
    disk: Arc<Disk>,
}

impl Thread {
    fn run(mut self) {
        let (mut sweeps_at, mut tried_at) = (Instant::now(), Instant::now());
        loop {
            let open = loop {
                match self.messages.try_recv() {
                    Ok(message) => self.message(message),
                    Err(TryRecvError::Empty) => break true,
                    Err(TryRecvError::Disconnected) => break false,
                }
            };
            self.disk.beat_and_try(&mut tried_at);
            self.write_shown();
            if !open || sweeps_at <= Instant::now() {
                sweeps_at = Instant::now() + SWEEP;
                self.sweep(open);
            }
            if !open {
                return;
            }
            thread::sleep(PERIOD);
        }
    }

    fn message(&mut self, message: Message) {
        match message {
            Message::Open(call, folder) => {
                self.folders.insert(call, *folder);
            }
            Message::Line(call, line, shown) => {
                let Some(folder) = self.folders.get_mut(&call) else { return };
                folder.line(&line);
                if shown && self.shown.last() != Some(&call) {
                    self.shown.push(call);
                }
            }
            Message::Reel(call, of_user, mut reel) => {
                if let Some(folder) = self.folders.get_mut(&call) {
                    folder.reel(of_user, &reel);
                }
                reel.clear();
                // More than enough are spare: fine.
                let _ = self.back.try_send(reel);
            }
            Message::Over(call) => self.end(call, Folder::over),
            Message::Close(call, transcript, done) => {
                self.end(call, |folder| folder.close(transcript, done));
            }
        }
    }

    /// The circuit is gone, or the call is over: when both are, the folder is complete.
    fn end(&mut self, call: u64, note: impl FnOnce(&mut Folder)) {
        let Some(folder) = self.folders.get_mut(&call) else { return };
        note(folder);
        if folder.is_complete() {
            self.finish(call);
        }
    }

    fn finish(&mut self, call: u64) {
        let Some(mut folder) = self.folders.remove(&call) else { return };
        if folder.finish() {
            return;
        }
        self.owed.insert(call, folder);
        if self.owed.len() > OWED_MAX
            && let Some((_, folder)) = self.owed.pop_first()
        {
            counter!("trunkline_journal_failures_total").increment(1);
            tracing::error!(dir = %folder.dir().display(), "a call's end was never written");
        }
    }

    fn write_shown(&mut self) {
        // A disk that takes nothing is not asked for every line.
        let well = self.shown.is_empty() || self.disk.fault().is_none();
        for call in self.shown.drain(..).filter(|_| well) {
            if let Some(folder) = self.folders.get_mut(&call) {
                folder.write_lines();
            }
        }
    }

    /// Writes what has been said so far, and what could not be written before. Without anybody left
    /// to write, all calls are over.
    fn sweep(&mut self, open: bool) {
        for folder in self.folders.values_mut() {
            folder.write_lines();
        }
        let complete =
            |(call, folder): (&u64, &Folder)| (!open || folder.is_complete()).then_some(*call);
        let over: Vec<u64> = self.folders.iter().filter_map(complete).collect();
        for call in over {
            self.finish(call);
        }
        if self.disk.fault().is_none() {
            self.owed.retain(|_, folder| !folder.finish());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use agent::{
        brief::Brief,
        call::{CallConfig, Policy},
    };
    use telephony::Direction;
    use tokio::sync::mpsc;

    use super::*;
    use crate::{
        config::Records,
        journal::{First, JOURNAL, RECORDING, Side, TAPE, TRANSCRIPT, VERSION},
    };

    fn opening(dir: PathBuf, records: Records) -> Opening {
        let config = CallConfig {
            direction: Direction::Inbound,
            to: None,
            from: None,
            brief: Brief::default(),
            policy: Policy::default(),
        };
        let first = First {
            version: VERSION,
            call_id: "a".to_owned(),
            owner: None,
            started: String::new(),
            config,
        };
        let inbox = mpsc::channel(1).0;
        Opening { dir, first, records, lead: Duration::ZERO, has_user: false, inbox }
    }

    #[tokio::test]
    async fn only_what_is_wanted_is_kept() {
        for (tape, recording) in [(true, true), (true, false), (false, true), (false, false)] {
            let dir = tempfile::tempdir().expect("a folder");
            let call = dir.path().join("a");
            let records = Records { tape, recording, ..Records::default() };
            let writer = Writer::spawn(dir.path().to_owned(), 0).expect("a thread");
            let opened = writer.open(opening(call.clone(), records)).await;
            let (book, mut spool, _) = opened.expect("opened");
            // What was told is written already.
            assert!(fs::metadata(call.join(JOURNAL)).is_ok_and(|journal| journal.len() > 100));
            if let Some(tape) = spool.tape() {
                tape.extend_from_slice(b"a record");
            }
            spool.sound(Side::Callee, media::Mono::from_millis(20), &[1; 160]);
            drop(spool);
            book.close(serde_json::Value::Null).await;
            let length = |name| fs::metadata(call.join(name)).map(|file| file.len()).ok();
            assert_eq!(length(TAPE), tape.then_some(8));
            assert_eq!(length(RECORDING), recording.then_some(44 + 4 * 160));
            assert!(length(TRANSCRIPT).is_some());
        }
    }

    #[tokio::test]
    async fn a_folder_that_is_there_is_another_calls() {
        let dir = tempfile::tempdir().expect("a folder");
        let call = dir.path().join("a");
        fs::create_dir(&call).expect("made");
        let journal = call.join(JOURNAL);
        fs::write(&journal, "an old call").expect("written");
        let writer = Writer::spawn(dir.path().to_owned(), 0).expect("a thread");
        let opened = writer.open(opening(call.clone(), Records::default())).await;
        assert_eq!(opened.err().map(|e| e.kind()), Some(io::ErrorKind::AlreadyExists));
        assert_eq!(fs::read_to_string(&journal).expect("still there"), "an old call");
        assert_eq!(fs::read_dir(&call).expect("a folder").count(), 1);
        assert_eq!(writer.disk().fault(), None, "no fault of the disk");
    }
}
