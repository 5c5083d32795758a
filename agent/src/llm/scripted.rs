//! A model that answers from a list, for tests: deltas, tool calls, faults and delays as written.

use std::collections::VecDeque;
use std::time::Duration;

use media::Mono;

use super::{Dialect, Event, Input, Output, Prompt, ThoughtId, ToolCall};
use crate::fault::Fault;

/// One answer of the script.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Pieces of text, in order.
    pub deltas: Vec<String>,
    /// Tool calls after the text.
    pub calls: Vec<ToolCall>,
    /// Instead of `Done`: this fault.
    pub fault: Option<Fault>,
    /// From `Think` to the first piece, in ms.
    pub first_ms: u32,
    /// Between pieces, in ms.
    pub gap_ms: u32,
}

impl Answer {
    /// An answer in one piece, at once.
    pub fn say(text: &str) -> Self {
        Self { deltas: vec![text.to_owned()], ..Self::default() }
    }

    /// The same answer with one more tool call.
    pub fn call(mut self, name: &str, arguments: serde_json::Value) -> Self {
        let id = format!("call_{}", self.calls.len() + 1);
        self.calls.push(ToolCall { id, name: name.to_owned(), arguments });
        self
    }
}

/// A model that answers each `Think` with the next [`Answer`]; with an empty one when the script is
/// over.
#[derive(Debug)]
pub struct Scripted {
    script: VecDeque<Answer>,
    due: VecDeque<(Mono, Event)>,
    now: Mono,
    asked: Vec<Prompt>,
}

impl Scripted {
    /// A model with this script.
    pub fn new(script: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            script: script.into_iter().collect(),
            due: VecDeque::new(),
            now: Mono::ZERO,
            asked: Vec::new(),
        }
    }

    /// What it was asked so far.
    pub fn asked(&self) -> &[Prompt] {
        &self.asked
    }

    fn think(&mut self, thought: ThoughtId) {
        self.due.clear();
        let answer = self.script.pop_front().unwrap_or_default();
        let mut at = self.now + Duration::from_millis(u64::from(answer.first_ms));
        for delta in answer.deltas {
            self.due.push_back((at, Event::Text { thought, delta }));
            at = at + Duration::from_millis(u64::from(answer.gap_ms));
        }
        for call in answer.calls {
            self.due.push_back((at, Event::Tool { thought, call }));
        }
        self.due.push_back(match answer.fault {
            Some(fault) => (at, Event::Failed { thought, fault }),
            None => (at, Event::Done { thought }),
        });
    }
}

impl Dialect for Scripted {
    fn handle(&mut self, now: Mono, input: Input<'_>) {
        self.now = now;
        match input {
            Input::Think { thought, prompt } => {
                self.asked.push(prompt.clone());
                self.think(thought);
            }
            Input::Cancel(_) => self.due.clear(),
            Input::Wire(_) | Input::Tick => {}
        }
    }

    fn poll(&mut self) -> Option<Output> {
        let (at, _) = self.due.front()?;
        if *at > self.now {
            return None;
        }
        self.due.pop_front().map(|(_, event)| Output::Event(event))
    }

    fn deadline(&self) -> Option<Mono> {
        self.due.front().map(|(at, _)| *at)
    }
}
