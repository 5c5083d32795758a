//! One leg of a call: a line, the wire to it, and its circuit.

use std::collections::VecDeque;

use media::{
    Mono,
    circuit::{self, Circuit},
};
use telephony::{Loopback, Signal, Translator, Twilio, conformance::Wire};

use crate::line::{Dialect, Line, LineConfig, LineInput};

/// Whose leg it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Callee,
    User,
}

impl Who {
    pub(super) const BOTH: [Self; 2] = [Self::Callee, Self::User];

    pub(super) fn other(self) -> Self {
        match self {
            Self::Callee => Self::User,
            Self::User => Self::Callee,
        }
    }
}

/// What arrives at the agent's end.
pub(super) enum Arrival {
    Wire(Wire),
    Signal(Signal),
    Closed,
}

/// One leg.
pub(super) struct End {
    pub(super) config: LineConfig,
    pub(super) line: Option<Line>,
    pub(super) circuit: Option<Circuit>,
    pub(super) translator: Box<dyn Translator>,
    pub(super) to_agent: VecDeque<(Mono, Arrival)>,
    pub(super) to_line: VecDeque<(Mono, Wire)>,
    pub(super) hangup_at: Option<Mono>,
    pub(super) verdicts: VecDeque<(Mono, circuit::Verdict)>,
    /// Heard here, for the other leg of a bridge.
    pub(super) relayed: VecDeque<Vec<i16>>,
    pub(super) write: Vec<u8>,
}

impl End {
    pub(super) fn new(config: LineConfig) -> Self {
        let translator: Box<dyn Translator> = match config.dialect {
            Dialect::Twilio => Box::new(Twilio::new()),
            Dialect::Loopback => Box::new(Loopback::new()),
        };
        Self {
            config,
            line: None,
            circuit: None,
            translator,
            to_agent: VecDeque::new(),
            to_line: VecDeque::new(),
            hangup_at: None,
            verdicts: VecDeque::new(),
            relayed: VecDeque::new(),
            write: Vec::new(),
        }
    }

    pub(super) fn dial(&mut self, now: Mono) {
        let mut line = Line::new(self.config.clone(), now);
        line.handle(now, LineInput::Tick);
        self.line = Some(line);
    }

    /// Nothing will come of it any more.
    pub(super) fn is_over(&self) -> bool {
        self.line.as_ref().is_none_or(|line| line.ended().is_some()) && self.to_agent.is_empty()
    }

    pub(super) fn next_deadline(&self) -> Option<Mono> {
        [
            self.line.as_ref().and_then(Line::deadline),
            self.circuit.as_ref().and_then(Circuit::deadline).map(|(at, _)| at),
            self.to_agent.front().map(|(at, _)| *at),
            self.to_line.front().map(|(at, _)| *at),
            self.verdicts.front().map(|(at, _)| *at),
            self.hangup_at,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// What is due on the line's side.
    pub(super) fn step_line(&mut self, now: Mono) {
        let Some(line) = &mut self.line else { return };
        while let Some((_, wire)) = self.to_line.pop_front_if(|(at, _)| *at <= now) {
            line.handle(now, LineInput::Message(wire.message()));
        }
        if self.hangup_at.take_if(|at| *at <= now).is_some() {
            line.handle(now, LineInput::Hangup);
        } else if line.deadline().is_some_and(|at| at <= now) {
            line.handle(now, LineInput::Tick);
        }
    }

    /// What is due in the circuit.
    pub(super) fn step_circuit(&mut self, now: Mono) {
        let Some(circuit) = &mut self.circuit else { return };
        while let Some((_, verdict)) = self.verdicts.pop_front_if(|(at, _)| *at <= now) {
            circuit.handle(now, circuit::Input::Verdict(verdict));
        }
        if circuit.deadline().is_some_and(|(at, _)| at <= now) {
            circuit.handle(now, circuit::Input::Tick);
        }
    }
}
