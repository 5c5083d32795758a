//! The loop of one call.

use std::sync::Arc;

use agent::call::{Call, EndedBy, Ending, Input, Output, Record, Request, Waterfall};
use crossbeam_channel::TrySendError;
use media::{Mono, circuit};
use metrics::{counter, histogram};
use telephony::{Cause, Control, Outcome, Signal};
use tokio::sync::{broadcast, mpsc};
use tracing::{info, warn};

use super::{board::Board, inbox::Inbox};
use crate::{
    carrier::Leg,
    clock::Clock,
    journal::Book,
    media_thread::words::{Order, Orders, Report},
    vendors::MindLink,
    workers::{ear::EarLink, mouth::MouthLink},
};

/// Happenings a slow watcher may lag behind; then it misses the oldest.
pub const HAPPENINGS_MAX: usize = 64;

/// What people who watch a call are told.
#[derive(Clone, Debug)]
pub enum Happening {
    /// From the mind.
    Output(Mono, Box<Output>),
    /// From the sound.
    Sound(Mono, circuit::Event),
    /// From the carrier.
    Signal(Mono, Box<Signal>),
}

/// One call's end of everything it talks to.
pub struct Links {
    /// Its carrier.
    pub leg: Box<dyn Leg>,
    /// Its circuit.
    pub orders: Orders,
    /// Its recogniser.
    pub ear: EarLink,
    /// Its model.
    pub mind: MindLink,
    /// Its voice.
    pub mouth: MouthLink,
    /// The user's own leg, if the brief has their number.
    pub user: Option<UserLinks>,
    /// Its journal.
    pub book: Book,
    /// What the API shows.
    pub board: Arc<Board>,
    /// Those who watch.
    pub watchers: broadcast::Sender<Happening>,
}

/// A call's end of the user's own leg.
pub struct UserLinks {
    /// Its circuit.
    pub orders: Orders,
    /// The voice that only the user hears.
    pub mouth: MouthLink,
}

/// One call.
pub struct CallTask {
    call: Call,
    clock: Clock,
    inbox: mpsc::Receiver<Inbox>,
    links: Links,
    /// Set by `Output::Ended`.
    ending: Option<Ending>,
    /// Why the call must be aborted at the next turn of the loop.
    broken: Option<String>,
}

impl CallTask {
    /// A call that has not begun.
    pub fn new(call: Call, clock: Clock, inbox: mpsc::Receiver<Inbox>, links: Links) -> Self {
        Self { call, clock, inbox, links, ending: None, broken: None }
    }

    /// Runs it to its end and returns that end, with the journal to be closed.
    pub async fn run(mut self) -> (Ending, Book) {
        self.feed(Input::Start);
        while self.ending.is_none() {
            if let Some(detail) = self.broken.take() {
                warn!(%detail, "a call is aborted");
                self.feed(Input::Request(Request::Abort { detail }));
                continue;
            }
            let deadline = self.call.deadline().map(|(at, _)| self.clock.instant(at));
            let due = async {
                match deadline {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                message = self.inbox.recv() => match message {
                    Some(message) => self.message(message),
                    None => self.broken = Some("everything let go of the call".to_owned()),
                },
                () = due => self.feed(Input::Tick),
            }
        }
        self.leave().await
    }

    fn message(&mut self, message: Inbox) {
        match message {
            Inbox::Media(Report::Signal(signal)) | Inbox::Signal(signal) => {
                self.feed(Input::Signal(signal));
            }
            Inbox::Media(Report::Sound(event)) => self.feed(Input::Sound(event)),
            Inbox::User(Report::Signal(signal)) => {
                if let Some(signal) = signal.of_user_leg() {
                    self.message(Inbox::Signal(signal));
                }
            }
            Inbox::User(Report::Sound(event)) => self.feed(Input::UserSound(event)),
            Inbox::Media(Report::Notice { code, detail })
            | Inbox::User(Report::Notice { code, detail }) => {
                let record = Record::Notice { code: code.to_owned(), detail };
                self.note(&record);
            }
            Inbox::Media(Report::Panicked { detail })
            | Inbox::User(Report::Panicked { detail }) => {
                self.feed(Input::Request(Request::Abort { detail }));
                self.feed_end(Cause::SystemError);
            }
            Inbox::Stt(event) => self.feed(Input::Stt(event)),
            Inbox::Llm(event) => self.feed(Input::Llm(event)),
            Inbox::Tts(event) => self.feed(Input::Tts(event)),
            Inbox::Request(request) => self.feed(Input::Request(request)),
        }
    }

    /// The stream is gone with its circuit: the carrier's leg ends now.
    fn feed_end(&mut self, cause: Cause) {
        if self.ending.is_none() {
            self.feed(Input::Signal(Signal::Ended { cause, by_callee: false }));
        }
    }

    /// Tells the mind something and does what it answers.
    fn feed(&mut self, input: Input) {
        let now = self.clock.now();
        let input = self.links.book.input(now, input);
        self.show(&input);
        self.call.handle(now, input);
        while let Some(output) = self.call.poll() {
            self.links.book.output(now, &output);
            self.links.board.output(&output);
            self.watch(|at| Happening::Output(at, Box::new(output.clone())));
            self.route(output);
        }
    }

    /// People see what the journal has: where secret keys sound, zeros.
    fn show(&self, input: &Input) {
        match input {
            Input::Signal(signal) => {
                self.watch(|at| Happening::Signal(at, Box::new(signal.clone())));
                self.links.board.signal(signal);
            }
            Input::Sound(event) => {
                self.watch(|at| Happening::Sound(at, *event));
                if let circuit::Event::Digit { .. } = event {
                    self.links.board.sound(event);
                }
            }
            _ => {}
        }
    }

    fn route(&mut self, output: Output) {
        let links = &mut self.links;
        let taken = match output {
            Output::Control(control) => {
                links.leg.control(control);
                true
            }
            Output::Sound(command) => {
                // Gone with its stream: the mind learns that by a signal.
                !matches!(links.orders.give(Order::Sound(command)), Err(TrySendError::Full(_)))
            }
            Output::UserSound(command) => links.user.as_ref().is_none_or(|user| {
                let given = user.orders.give(Order::Sound(command));
                !matches!(given, Err(TrySendError::Full(_)))
            }),
            Output::Whisper { utterance, text } => {
                links.user.as_ref().is_none_or(|user| user.mouth.speak(utterance, text))
            }
            Output::Listen(listen) => links.ear.listen(listen),
            Output::Think { thought, prompt } => links.mind.think(thought, prompt),
            Output::Forget(thought) => links.mind.forget(thought),
            Output::Speak { utterance, text } => links.mouth.speak(utterance, text),
            Output::Hush(utterance) => links.mouth.hush(utterance),
            Output::Record(record) => {
                measure(&record);
                true
            }
            Output::Ended(ending) => {
                self.ending = Some(ending);
                true
            }
            Output::Ignored { state, .. } => {
                tracing::debug!(state, "the call ignored an input");
                true
            }
        };
        if !taken && self.broken.is_none() {
            self.broken = Some("a worker does not take work any more".to_owned());
        }
    }

    /// A notice of the shell's own: journal and watchers, not the mind.
    fn note(&mut self, record: &Record) {
        let now = self.clock.now();
        self.links.book.notice(now, record);
        let output = Output::Record(record.clone());
        self.watch(|at| Happening::Output(at, Box::new(output)));
    }

    fn watch(&self, happening: impl FnOnce(Mono) -> Happening) {
        if self.links.watchers.receiver_count() > 0 {
            // The last may just have left.
            let _ = self.links.watchers.send(happening(self.clock.now()));
        }
    }

    async fn leave(mut self) -> (Ending, Book) {
        let ending = self.ending.take().unwrap_or(Ending {
            outcome: Outcome::SystemError,
            cause: Cause::SystemError,
            by: EndedBy::Network,
            talk_ms: 0,
            digits: Vec::new(),
        });
        let _ = self.links.orders.give(Order::Leave);
        self.links.leg.control(Control::HangupBridge);
        self.links.leg.control(Control::Hangup);
        // Whoever still reports learns that the call is over; what waits is too late for the mind.
        self.inbox.close();
        while self.inbox.recv().await.is_some() {}
        let outcome = serde_json::to_value(ending.outcome).unwrap_or_default();
        let label = outcome.as_str().unwrap_or("failed").to_owned();
        counter!("trunkline_calls_total", "outcome" => label.clone()).increment(1);
        info!(outcome = label, talk_ms = ending.talk_ms, "a call ended");
        (ending, self.links.book)
    }
}

/// Figures for `/metrics`.
fn measure(record: &Record) {
    match record {
        Record::Turn(waterfall) => {
            for (stage, seconds) in stages(waterfall) {
                histogram!("trunkline_turn_stage_seconds", "stage" => stage).record(seconds);
            }
        }
        Record::Notice { code, .. } => {
            counter!("trunkline_notices_total", "code" => code.clone()).increment(1);
        }
        _ => {}
    }
}

/// Durations between the stages of one turn, in s, one after the other; `answer` is their sum, from
/// the last word to the first. What was done ahead of time (an eager final, an eager thought) takes
/// none.
pub(crate) fn stages(turn: &Waterfall) -> Vec<(&'static str, f64)> {
    let Some(heard) = turn.heard else { return Vec::new() };
    let steps = [
        ("endpoint", turn.endpoint),
        ("stt", turn.stt_final),
        ("llm", turn.llm_first),
        ("tts", turn.tts_first),
        ("send", turn.spoken),
    ];
    let mut from = heard;
    let mut stages = Vec::new();
    for (name, reached) in steps {
        let Some(to) = reached else { continue };
        stages.push((name, to.since(from).as_secs_f64()));
        from = from.max(to);
    }
    stages.extend(turn.spoken.map(|spoken| ("answer", spoken.since(heard).as_secs_f64())));
    stages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_add_up_even_when_something_was_done_ahead() {
        let at = |ms| Some(Mono::from_millis(ms));
        let turn = Waterfall {
            turn: 1,
            heard: at(1000),
            endpoint: at(1350),
            stt_final: at(1200),
            llm_first: at(1210),
            tts_first: at(1380),
            spoken: at(1400),
        };
        let ms: Vec<_> = stages(&turn).iter().map(|(n, s)| (*n, (s * 1000.0).round())).collect();
        assert_eq!(
            ms,
            [
                ("endpoint", 350.0),
                ("stt", 0.0),
                ("llm", 0.0),
                ("tts", 30.0),
                ("send", 20.0),
                ("answer", 400.0)
            ]
        );
    }
}
