//! A language model, embedded or on the network: one task per call.

use agent::llm::{self, Dialect, Prompt, ThoughtId};
use tokio::sync::mpsc;

use super::until;
use crate::{call_task::Inbox, clock::Clock, shell::Wire};

/// Wishes of one call that may wait.
const ASKS_MAX: usize = 64;

/// What a model is asked.
#[derive(Debug)]
pub enum MindAsk {
    /// Think.
    Think(ThoughtId, Box<Prompt>),
    /// No longer wanted.
    Forget(ThoughtId),
}

/// A call's end of its model.
pub struct MindLink(mpsc::Sender<MindAsk>);

impl MindLink {
    /// Asks; `false` when it takes nothing more.
    pub fn think(&self, thought: ThoughtId, prompt: Prompt) -> bool {
        self.0.try_send(MindAsk::Think(thought, Box::new(prompt))).is_ok()
    }

    /// Takes a question back; `false` when it takes nothing more.
    pub fn forget(&self, thought: ThoughtId) -> bool {
        self.0.try_send(MindAsk::Forget(thought)).is_ok()
    }
}

/// Starts the task; it ends when the call lets go of the link.
pub(crate) fn spawn(
    clock: Clock,
    dialect: Box<dyn Dialect>,
    inbox: mpsc::Sender<Inbox>,
    wire: Wire,
) -> MindLink {
    let (tx, rx) = mpsc::channel(ASKS_MAX);
    tokio::spawn(run(clock, dialect, inbox, wire, rx));
    MindLink(tx)
}

async fn run(
    clock: Clock,
    mut dialect: Box<dyn Dialect>,
    inbox: mpsc::Sender<Inbox>,
    mut wire: Wire,
    mut asks: mpsc::Receiver<MindAsk>,
) {
    loop {
        let deadline = dialect.deadline();
        tokio::select! {
            ask = asks.recv() => match ask {
                Some(MindAsk::Think(thought, prompt)) => {
                    dialect.handle(clock.now(), llm::Input::Think { thought, prompt: &prompt });
                }
                Some(MindAsk::Forget(thought)) => {
                    dialect.handle(clock.now(), llm::Input::Cancel(thought));
                }
                None => return,
            },
            news = wire.next() => {
                dialect.handle(clock.now(), llm::Input::Wire(news.as_incoming()));
            }
            () = until(clock, deadline) => dialect.handle(clock.now(), llm::Input::Tick),
        }
        while let Some(output) = dialect.poll() {
            match output {
                llm::Output::Wire(outgoing) => wire.send(outgoing),
                // Waiting here slows the vendor down and nothing else.
                llm::Output::Event(event) => {
                    if inbox.send(Inbox::Llm(event)).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}
