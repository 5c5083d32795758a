//! A recorded circuit lived again.

use super::{Item, Reader, TapeError, Trace};
use crate::{Mono, circuit::Circuit};

/// What was replayed without a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Inputs fed.
    pub inputs: u64,
    /// Outputs compared.
    pub outputs: u64,
    /// When the circuit was born, and the last record.
    pub from: Mono,
    /// See [`Self::from`].
    pub to: Mono,
    /// The tape was not whole: why.
    pub torn: Option<TapeError>,
}

/// The first thing that was not as recorded.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Difference {
    /// Another output than recorded, one too many (`expected` is none) or one missing.
    #[error("at {} µs, output {number}: recorded {expected:?}, now {got:?}", at.as_micros())]
    Output {
        /// When.
        at: Mono,
        /// How many outputs had been the same.
        number: u64,
        /// On the tape.
        expected: Option<Trace>,
        /// From the circuit.
        got: Option<Trace>,
    },
    /// The tape is damaged.
    #[error("at {} µs: {error}", at.as_micros())]
    Tape {
        /// The last record before.
        at: Mono,
        /// What is wrong.
        error: TapeError,
    },
}

/// Feeds the tape's inputs to a fresh circuit and compares every output.
///
/// # Errors
/// The first difference, with its time. A tape torn at its end is no difference: see
/// [`Report::torn`].
pub fn replay(tape: &[u8]) -> Result<Report, Difference> {
    let damaged = |at| move |error| Difference::Tape { at, error };
    let mut reader = Reader::new(tape).map_err(damaged(Mono::ZERO))?;
    let from = reader.birth();
    let config = reader.config().map_err(damaged(from))?;
    let mut circuit =
        Circuit::new(&config, from).map_err(|e| damaged(from)(TapeError::Config(e.to_string())))?;
    let mut report = Report { inputs: 0, outputs: 0, from, to: from, torn: None };
    while let Some(entry) = reader.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error @ TapeError::Torn { .. }) => {
                report.torn = Some(error);
                return Ok(report);
            }
            Err(error) => return Err(damaged(report.to)(error)),
        };
        let (at, number) = (entry.at, report.outputs);
        match entry.item {
            Item::Input(input) => {
                if let Some(got) = circuit.poll().map(|output| Trace::of(&output)) {
                    let (at, expected) = (report.to, None);
                    return Err(Difference::Output { at, number, expected, got: Some(got) });
                }
                circuit.handle(at, input);
                report.inputs += 1;
            }
            Item::Output(expected) => {
                let got = circuit.poll().map(|output| Trace::of(&output));
                if got != Some(expected) {
                    let expected = Some(expected);
                    return Err(Difference::Output { at, number, expected, got });
                }
                report.outputs += 1;
            }
        }
        report.to = at;
    }
    match circuit.poll().map(|output| Trace::of(&output)) {
        None => Ok(report),
        got => {
            let (at, number) = (report.to, report.outputs);
            Err(Difference::Output { at, number, expected: None, got })
        }
    }
}
