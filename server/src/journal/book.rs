//! One call's pen.

use agent::call::{Input, Output, Record};
use crossbeam_channel::{Sender, TrySendError};
use media::Mono;
use metrics::counter;
use serde::Serialize;
use tokio::sync::oneshot;

use super::{secrets::Secrets, writer::Message};

/// One call's end of the journal's thread.
pub struct Book {
    call: u64,
    tx: Sender<Message>,
    broken: bool,
    secrets: Secrets,
}

#[derive(Serialize)]
struct In<'a> {
    at: Mono,
    r#in: &'a Input,
}

#[derive(Serialize)]
struct Out<'a> {
    at: Mono,
    out: &'a Output,
}

#[derive(Serialize)]
struct Note<'a> {
    at: Mono,
    note: &'a Record,
}

impl Book {
    pub(super) fn new(call: u64, tx: Sender<Message>, broken: bool) -> Self {
        Self { call, tx, broken, secrets: Secrets::default() }
    }

    /// The mind is to be told this. Returns what it is told: an echo of our own secret keys is not.
    #[must_use]
    pub fn input(&mut self, at: Mono, input: Input) -> Input {
        let input = self.secrets.told(at, input);
        // What the carrier says changes what the API shows.
        let shown = matches!(input, Input::Signal(_));
        self.line(&In { at, r#in: Secrets::masked(&input).as_ref() }, shown);
        input
    }

    /// The mind answered this.
    pub fn output(&mut self, at: Mono, output: &Output) {
        self.secrets.answered(at, output);
        let shown = matches!(
            output,
            Output::Control(_)
                | Output::Ended(_)
                | Output::Record(Record::Line { .. } | Record::Report { .. })
        );
        self.line(&Out { at, out: Secrets::masked_answer(output).as_ref() }, shown);
    }

    /// A remark of the shell.
    pub fn notice(&mut self, at: Mono, note: &Record) {
        self.line(&Note { at, note }, false);
    }

    /// A journal with a hole does not replay: the first line that finds no room is the last. What is
    /// `shown` to anybody is written at once.
    fn line(&mut self, line: &impl Serialize, shown: bool) {
        if self.broken {
            return;
        }
        let Ok(mut text) = serde_json::to_string(line) else { return };
        text.push('\n');
        if let Err(TrySendError::Full(_)) = self.tx.try_send(Message::Line(self.call, text, shown))
        {
            counter!("trunkline_journal_overruns_total").increment(1);
            tracing::error!("the disk is too slow: a journal ends early");
            self.broken = true;
        }
    }

    /// The call is over: writes the transcript and waits until everything is on disk.
    pub async fn close(self, transcript: serde_json::Value) {
        let (done, closed) = oneshot::channel();
        let mut message = Message::Close(self.call, transcript, done);
        for _ in 0..100 {
            match self.tx.try_send(message) {
                Ok(()) => {
                    // The writer answers within its own bound, or is gone.
                    let _ = closed.await;
                    return;
                }
                Err(TrySendError::Full(back)) => {
                    message = back;
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
                Err(TrySendError::Disconnected(_)) => return,
            }
        }
    }
}
