//! The mind of one call: `handle / poll / deadline`.

mod config;
mod words;

use std::collections::VecDeque;

use media::Mono;

pub use config::{CallConfig, Policy, Timer};
pub use words::*;

/// One call's mind.
#[derive(Debug)]
pub struct Call {
    config: CallConfig,
    out: VecDeque<Output>,
}

impl Call {
    /// A call that has not begun: hand it [`Input::Start`].
    pub fn new(config: CallConfig) -> Self {
        Self { config, out: VecDeque::new() }
    }

    /// Something happened.
    pub fn handle(&mut self, _now: Mono, input: Input) {
        let state = self.state_name().to_owned();
        self.out.push_back(Output::Ignored { state, input: Box::new(input) });
    }

    /// Drain until `None`.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When to send [`Input::Tick`], and why.
    pub fn deadline(&self) -> Option<(Mono, Timer)> {
        None
    }

    /// The state's name, as in [`Record::State`] and [`Output::Ignored`].
    pub fn state_name(&self) -> &'static str {
        let _ = &self.config;
        "queued"
    }
}
