//! What a world records of its call.

use agent::{
    call::{self, Ending, Line, Record},
    llm::Role,
};
use media::{Mono, circuit};

/// Everything that was said between the machines, with times.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Every output of the call.
    pub call: Vec<(Mono, call::Output)>,
    /// Every event of the circuit.
    pub sounds: Vec<(Mono, circuit::Event)>,
    /// Every event of the user's circuit.
    pub user_sounds: Vec<(Mono, circuit::Event)>,
    /// Inputs the circuits could not use.
    pub ignored: Vec<(Mono, circuit::Ignored)>,
    /// Faults of the carrier, by code.
    pub faults: Vec<(Mono, &'static str)>,
    /// When the circuit cleared the carrier.
    pub clears: Vec<Mono>,
    /// Samples sent to the carrier.
    pub sent_samples: u64,
    /// Samples heard from the callee.
    pub heard_samples: u64,
    /// When the carrier closed the stream.
    pub closed: Option<Mono>,
    /// The machines talked in circles without the clock moving.
    pub spinning: bool,
}

impl Log {
    /// How the call ended.
    pub fn ended(&self) -> Option<&Ending> {
        self.endings().next()
    }

    /// Every end; there must be one.
    pub fn endings(&self) -> impl Iterator<Item = &Ending> {
        self.call.iter().filter_map(|(_, output)| match output {
            call::Output::Ended(ending) => Some(ending),
            _ => None,
        })
    }

    /// Names of the states in order.
    pub fn states(&self) -> Vec<&str> {
        let states = self.call.iter().filter_map(|(_, output)| match output {
            call::Output::Record(Record::State { state }) => Some(state.as_str()),
            _ => None,
        });
        states.collect()
    }

    /// The transcript as it stands, corrections applied.
    pub fn lines(&self) -> Vec<Line> {
        let mut lines: Vec<Option<Line>> = Vec::new();
        for (_, output) in &self.call {
            if let call::Output::Record(Record::Line { index, line }) = output {
                if lines.len() <= *index {
                    lines.resize(*index + 1, None);
                }
                lines[*index] = Some(line.clone());
            }
        }
        lines.into_iter().flatten().collect()
    }

    /// What one side said, one string per line.
    pub fn said_by(&self, role: Role) -> Vec<String> {
        self.lines().into_iter().filter(|line| line.role == role).map(|line| line.text).collect()
    }
}
