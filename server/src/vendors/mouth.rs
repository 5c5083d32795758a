//! A voice on the network: one task per call, its sound into the ring.

use std::{collections::VecDeque, time::Duration};

use agent::tts::{self, Dialect};
use media::circuit::UtteranceId;
use metrics::counter;
use tokio::{sync::mpsc, time::sleep};

use super::until;
use crate::{
    call_task::Inbox, clock::Clock, media_thread::rings::SpeechIn, shell::Wire,
    workers::mouth::MouthAsk,
};

/// Wishes of one call that may wait.
const ASKS_MAX: usize = 64;
/// How long to wait when the ring, which holds 1 s, is full.
const RETRY: Duration = Duration::from_millis(250);
/// Sound waiting for room in the ring, in samples: a minute. Then the vendor's newest is dropped.
const QUEUED_SAMPLES_MAX: usize = 60 * 8000;

/// Starts the task; it ends when the call lets go of the sender.
pub(crate) fn spawn(
    clock: Clock,
    dialect: Box<dyn Dialect>,
    speech: SpeechIn,
    inbox: mpsc::Sender<Inbox>,
    wire: Wire,
) -> mpsc::Sender<MouthAsk> {
    let (tx, rx) = mpsc::channel(ASKS_MAX);
    let backlog = Backlog::new(speech);
    tokio::spawn(run(Task { clock, dialect, backlog, inbox, wire }, rx));
    tx
}

struct Task {
    clock: Clock,
    dialect: Box<dyn Dialect>,
    backlog: Backlog,
    inbox: mpsc::Sender<Inbox>,
    wire: Wire,
}

async fn run(mut task: Task, mut asks: mpsc::Receiver<MouthAsk>) {
    loop {
        let deadline = task.dialect.deadline();
        let now = task.clock.now();
        tokio::select! {
            ask = asks.recv() => match ask {
                Some(MouthAsk::Say(utterance, text)) => {
                    task.dialect.handle(now, tts::Input::Say { utterance, text: &text });
                }
                Some(MouthAsk::Hush(utterance)) => {
                    task.backlog.forget(utterance);
                    task.dialect.handle(now, tts::Input::Cancel(utterance));
                }
                None => return task.wire.finish().await,
            },
            news = task.wire.next() => {
                task.dialect.handle(task.clock.now(), tts::Input::Wire(news.as_incoming()));
            }
            () = until(task.clock, deadline) => {
                task.dialect.handle(task.clock.now(), tts::Input::Tick);
            }
            () = sleep(RETRY), if !task.backlog.is_empty() => {}
        }
        while let Some(output) = task.dialect.poll() {
            match output {
                tts::Output::Wire(outgoing) => task.wire.send(outgoing),
                tts::Output::Audio { utterance, samples } => task.backlog.sound(utterance, samples),
                tts::Output::Event(event) => {
                    task.backlog.event(&event);
                    // A call with a full inbox is given up by its media thread.
                    let _ = task.inbox.try_send(Inbox::Tts(event));
                }
            }
        }
        task.backlog.flush();
    }
}

/// Sound and ends that wait for room in the ring, in order.
pub(crate) struct Backlog {
    ring: SpeechIn,
    queued: VecDeque<Piece>,
}

enum Piece {
    Sound { utterance: UtteranceId, samples: Vec<i16>, from: usize },
    End(UtteranceId),
}

impl Piece {
    fn samples(&self) -> usize {
        match self {
            Self::Sound { samples, from, .. } => samples.len() - from,
            Self::End(_) => 0,
        }
    }
}

impl Backlog {
    pub(crate) fn new(ring: SpeechIn) -> Self {
        Self { ring, queued: VecDeque::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queued.is_empty()
    }

    /// Queues sound.
    pub(crate) fn sound(&mut self, utterance: UtteranceId, samples: Vec<i16>) {
        let waiting: usize = self.queued.iter().map(Piece::samples).sum();
        if waiting + samples.len() > QUEUED_SAMPLES_MAX {
            counter!("trunkline_speech_dropped_samples_total").increment(samples.len() as u64);
            return;
        }
        match self.queued.back_mut() {
            Some(Piece::Sound { utterance: last, samples: before, from }) if *last == utterance => {
                before.drain(..std::mem::take(from));
                before.extend_from_slice(&samples);
            }
            _ => self.queued.push_back(Piece::Sound { utterance, samples, from: 0 }),
        }
    }

    /// The circuit must know when no more sound comes.
    pub(crate) fn event(&mut self, event: &tts::Event) {
        match event {
            tts::Event::Done { utterance, .. }
            | tts::Event::Failed { utterance: Some(utterance), .. } => {
                self.queued.push_back(Piece::End(*utterance));
            }
            tts::Event::Begun { .. }
            | tts::Event::Words { .. }
            | tts::Event::Failed { utterance: None, .. } => {}
        }
    }

    /// Nothing of this utterance is wanted any more.
    pub(crate) fn forget(&mut self, gone: UtteranceId) {
        self.queued.retain(|piece| match piece {
            Piece::Sound { utterance, .. } | Piece::End(utterance) => *utterance != gone,
        });
    }

    /// Moves what fits into the ring.
    pub(crate) fn flush(&mut self) {
        while let Some(piece) = self.queued.front_mut() {
            let done = match piece {
                Piece::Sound { utterance, samples, from } => {
                    *from += self.ring.push(*utterance, &samples[*from..]);
                    *from == samples.len()
                }
                Piece::End(utterance) => self.ring.end(*utterance),
            };
            if !done {
                return;
            }
            self.queued.pop_front();
        }
    }
}
