//! One call's pen.

use agent::call::{Input, Output, Record};
use crossbeam_channel::{Sender, TrySendError};
use media::Mono;
use metrics::counter;
use serde::Serialize;
use tokio::sync::oneshot;

use super::writer::Message;

/// One call's end of the journal's thread.
pub struct Book {
    pub(super) call: u64,
    pub(super) tx: Sender<Message>,
    pub(super) broken: bool,
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
    /// The mind was told this.
    pub fn input(&mut self, at: Mono, input: &Input) {
        self.line(&In { at, r#in: input });
    }

    /// The mind answered this.
    pub fn output(&mut self, at: Mono, output: &Output) {
        self.line(&Out { at, out: output });
    }

    /// A remark of the shell.
    pub fn notice(&mut self, at: Mono, note: &Record) {
        self.line(&Note { at, note });
    }

    /// A journal with a hole does not replay: the first line that finds no room is the last.
    fn line(&mut self, line: &impl Serialize) {
        if self.broken {
            return;
        }
        let Ok(mut text) = serde_json::to_string(line) else { return };
        text.push('\n');
        if let Err(TrySendError::Full(_)) = self.tx.try_send(Message::Line(self.call, text)) {
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
