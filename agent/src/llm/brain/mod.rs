//! Our own deterministic model: a policy over the brief's facts. No network, no weights.
//!
//! ```text
//!   brief ─▶ facts ┐
//!   dialogue ──────┴▶ policy: first rule that fits the callee's words ─▶ text and tool calls
//! ```
//!
//! It keeps no state between exchanges: the same dialogue gives the same answer, so a thought that
//! is forgotten leaves no trace. Left out: phone menus (the navigator's), anything but English.

mod asking;
mod cues;
mod facts;
mod joining;
mod message;
mod offers;
mod policy;
mod reading;
mod reply;
#[cfg(test)]
mod tests;
mod words;

use std::collections::VecDeque;

use media::Mono;

use super::{Dialect, Event, Input, Output, ThoughtId};
use crate::brief::Brief;
use facts::Facts;

/// The deterministic model of one call.
#[derive(Debug)]
pub struct Brain {
    facts: Facts,
    out: VecDeque<Output>,
}

impl Brain {
    /// A model that knows this brief.
    pub fn new(brief: &Brief) -> Self {
        Self { facts: Facts::read(brief), out: VecDeque::new() }
    }

    /// An answer in a few pieces, as a model streams it.
    fn answer(&mut self, thought: ThoughtId, reply: reply::Reply) {
        let mut text = reply.text.as_str();
        while !text.is_empty() {
            let end =
                text.char_indices().skip(12).find(|(_, c)| *c == ' ').map_or(text.len(), |it| it.0);
            let (delta, rest) = text.split_at(end);
            self.out.push_back(Output::Event(Event::Text { thought, delta: delta.to_owned() }));
            text = rest;
        }
        for call in reply.calls {
            self.out.push_back(Output::Event(Event::Tool { thought, call }));
        }
        self.out.push_back(Output::Event(Event::Done { thought }));
    }
}

impl Dialect for Brain {
    fn handle(&mut self, _now: Mono, input: Input<'_>) {
        match input {
            Input::Think { thought, prompt } => {
                self.out.clear();
                let reply = policy::reply(&self.facts, &prompt.messages);
                self.answer(thought, reply);
            }
            Input::Cancel(_) => self.out.clear(),
            Input::Wire(_) | Input::Tick => {}
        }
    }

    fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    fn deadline(&self) -> Option<Mono> {
        None
    }
}
