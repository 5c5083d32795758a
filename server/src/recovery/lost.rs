//! One call whose process died.

use std::{
    fs::{self, File, TryLockError},
    io::{self, BufRead, BufReader, Write},
    path::Path,
    time::Duration,
};

use agent::call::{Input, Record};
use jiff::Timestamp;
use media::Mono;
use platform::CallView;
use telephony::Signal;

use super::Recovered;
use crate::journal::{
    First, JOURNAL, Line, RECORDING, Recording, TAPE, TRANSCRIPT, WORKER_LOST, write_whole,
};

/// Beginnings of what follows a line's time, of lines that change what the API shows. The others
/// (prompts above all) need not be understood.
const SHOWN: [&str; 5] = [
    r#""in":{"signal""#,
    r#""out":{"control""#,
    r#""out":{"record""#,
    r#""out":{"ended""#,
    r#""note":"#,
];

/// Brings one call to its end; `None` when somebody is still writing it.
pub(super) fn end(dir: &Path, id: &str) -> io::Result<Option<Recovered>> {
    let journal = File::options().read(true).append(true).open(dir.join(JOURNAL));
    let journal = match journal {
        // A disk that is read-only: the record can be told, and not written.
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {
            File::open(dir.join(JOURNAL))?
        }
        journal => journal?,
    };
    match journal.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let Told { owner, mut view, last, whole_bytes, clock } = Told::read(&journal)?;
    let is_lost = view.ending().is_none();
    let end = clock.end(last, dir);
    if is_lost {
        clock.lose(&mut view, end);
    }
    if let Err(error) = write(dir, &journal, whole_bytes, is_lost.then_some(end), &view.body()) {
        tracing::warn!(dir = %dir.display(), %error, "a lost call's end is known, and not written");
    }
    Ok(Some(Recovered { call_id: id.to_owned(), owner, view }))
}

/// One call as its journal tells it.
pub(super) fn tell(dir: &Path, id: &str) -> io::Result<Recovered> {
    let Told { owner, view, .. } = Told::read(&File::open(dir.join(JOURNAL))?)?;
    Ok(Recovered { call_id: id.to_owned(), owner, view })
}

/// The transcript comes last: with it the folder is complete.
fn write(
    dir: &Path,
    mut journal: &File,
    whole_bytes: u64,
    lost_at: Option<Mono>,
    body: &serde_json::Value,
) -> io::Result<()> {
    journal.set_len(whole_bytes)?;
    if let Some(at) = lost_at {
        let detail = "the process that ran this call died; nothing was dialled again";
        let note = Record::Notice { code: WORKER_LOST.to_owned(), detail: detail.to_owned() };
        let line = Line { at, input: None, output: None, note: Some(note) };
        let mut line = serde_json::to_vec(&line)?;
        line.push(b'\n');
        journal.write_all(&line)?;
    }
    match Recording::mend(&dir.join(RECORDING)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    write_whole(&dir.join(TRANSCRIPT), format!("{body:#}\n").as_bytes())
}

/// What a journal tells, as far as it goes.
struct Told {
    owner: Option<String>,
    view: CallView,
    last: Mono,
    /// Length of the journal without a last line that was torn.
    whole_bytes: u64,
    clock: WallClock,
}

impl Told {
    fn read(journal: &File) -> io::Result<Self> {
        let mut lines = BufReader::new(journal);
        let mut text = String::new();
        let mut whole_bytes = lines.read_line(&mut text)? as u64;
        let First { call_id, owner, started, config, .. } = serde_json::from_str(&text)?;
        let mut told = Self {
            owner,
            view: CallView::new(&call_id, &config, &started),
            last: Mono::ZERO,
            whole_bytes,
            clock: WallClock { started: started.parse().ok(), origin: None, answered: None },
        };
        loop {
            let mut bytes = Vec::new();
            let length = lines.read_until(b'\n', &mut bytes)?;
            let Some(line) = bytes.strip_suffix(b"\n").and_then(|line| str::from_utf8(line).ok())
            else {
                return Ok(told);
            };
            whole_bytes += length as u64;
            told.whole_bytes = whole_bytes;
            if let Err(error) = told.line(line) {
                tracing::warn!(%error, byte = whole_bytes, "a line of a lost call's journal is no line");
            }
        }
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        let stamp = line.strip_prefix(r#"{"at":"#).and_then(|rest| rest.split_once(','));
        let Some((at, rest)) = stamp else { return Err(io::ErrorKind::InvalidData.into()) };
        let at = at.parse().map(Mono::from_micros).map_err(io::Error::other)?;
        self.last = at;
        self.clock.origin.get_or_insert(at);
        if !SHOWN.iter().any(|shown| rest.starts_with(shown)) {
            return Ok(());
        }
        let line: Line = serde_json::from_str(line)?;
        let now = self.clock.show(at);
        if let Some(Input::Signal(signal)) = &line.input {
            if let Signal::Answered | Signal::MediaStarted { .. } = signal {
                self.clock.answered.get_or_insert(at);
            }
            self.view.apply_signal(&now, signal);
        }
        if let Some(output) = &line.output {
            self.view.apply(&now, output);
        }
        if line.is_lost() {
            self.clock.lose(&mut self.view, at);
        }
        Ok(())
    }
}

/// From the journal's clock to the wall's.
struct WallClock {
    started: Option<Timestamp>,
    /// When the call was started, on the journal's clock.
    origin: Option<Mono>,
    answered: Option<Mono>,
}

impl WallClock {
    fn show(&self, at: Mono) -> String {
        let started = self.started.unwrap_or_default();
        let passed = self.origin.map(|origin| at.since(origin)).unwrap_or_default();
        format!("{:.3}", started.saturating_add(passed).unwrap_or(started))
    }

    /// When the process died, as near as can be told. The sound is written more often than the
    /// journal, so its age counts as well.
    fn end(&self, last: Mono, dir: &Path) -> Mono {
        let written = |name| fs::metadata(dir.join(name)).and_then(|file| file.modified()).ok();
        let written = [TAPE, RECORDING].into_iter().filter_map(written).max();
        let written = written.and_then(|time| Timestamp::try_from(time).ok());
        let after_start: Option<Duration> = match (written, self.started) {
            (Some(written), Some(started)) => written.duration_since(started).try_into().ok(),
            _ => None,
        };
        let sound = after_start.and_then(|after| Some(self.origin? + after));
        sound.map_or(last, |sound| sound.max(last))
    }

    /// The process died then.
    fn lose(&self, view: &mut CallView, end: Mono) {
        let talk = self.answered.map(|answered| end.since(answered)).unwrap_or_default();
        view.lose(&self.show(end), u64::try_from(talk.as_millis()).unwrap_or(u64::MAX));
    }
}
