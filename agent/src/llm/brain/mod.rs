//! Our own deterministic model: a policy over the brief's facts. No network, no weights.

use std::collections::VecDeque;

use media::Mono;

use super::{Dialect, Event, Input, Output};
use crate::brief::Brief;

/// The deterministic model of one call.
#[derive(Debug)]
pub struct Brain {
    brief: Brief,
    out: VecDeque<Output>,
}

impl Brain {
    /// A model that knows this brief.
    pub fn new(brief: &Brief) -> Self {
        Self { brief: brief.clone(), out: VecDeque::new() }
    }
}

impl Dialect for Brain {
    fn handle(&mut self, _now: Mono, input: Input<'_>) {
        match input {
            Input::Think { thought, .. } => {
                let delta = self.brief.task.clone();
                self.out.clear();
                self.out.push_back(Output::Event(Event::Text { thought, delta }));
                self.out.push_back(Output::Event(Event::Done { thought }));
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
