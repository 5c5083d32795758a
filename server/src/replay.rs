//! A recorded call lived again: the journal through [`Call`], the tape through the circuit, every
//! output compared.

use std::{
    fmt, fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use agent::call::{Call, Output};
use anyhow::Context;
use media::{Mono, tape};

use crate::journal::{self, JOURNAL, Line, TAPE};

/// What was the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Same {
    /// Inputs of the mind.
    pub mind_inputs: u64,
    /// Outputs of the mind, all as recorded.
    pub mind_outputs: u64,
    /// Inputs and outputs of the circuit, when there is a tape.
    pub sound: Option<(u64, u64)>,
    /// The tape was not whole: why. What stands on it was compared.
    pub torn: Option<String>,
    /// Length of the call.
    pub lasted: Duration,
}

/// The first thing that was not as recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// When, since the call's beginning.
    pub at: Duration,
    /// `journal` or `tape`.
    pub place: &'static str,
    /// What was recorded and what came.
    pub detail: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6} s, {}: {}", self.at.as_secs_f64(), self.place, self.detail)
    }
}

/// Replays one folder. With `real`, as slowly as it was.
///
/// # Errors
/// When the folder cannot be read; differences are in the inner result.
pub fn replay(dir: &Path, real: bool) -> anyhow::Result<Result<Same, Difference>> {
    let (first, lines) = journal::read(&dir.join(JOURNAL))?;
    let origin = lines.first().map_or(Mono::ZERO, |line| line.at);
    let end = lines.last().map_or(Mono::ZERO, |line| line.at);
    let mut same = Same {
        mind_inputs: 0,
        mind_outputs: 0,
        sound: None,
        torn: None,
        lasted: end.since(origin),
    };
    if let Err(difference) = mind(&mut Call::new(first.config), &lines, origin, real, &mut same) {
        return Ok(Err(difference));
    }
    let path = dir.join(TAPE);
    if path.exists() {
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        // A call that nobody answered has an empty tape.
        if !bytes.is_empty() {
            match tape::replay(&bytes) {
                Ok(report) => {
                    same.sound = Some((report.inputs, report.outputs));
                    same.torn = report.torn.map(|torn| torn.to_string());
                }
                Err(difference) => {
                    let at = match &difference {
                        tape::Difference::Output { at, .. } | tape::Difference::Tape { at, .. } => {
                            at.since(origin)
                        }
                    };
                    let detail = difference.to_string();
                    return Ok(Err(Difference { at, place: "tape", detail }));
                }
            }
        }
    }
    Ok(Ok(same))
}

fn mind(
    call: &mut Call,
    lines: &[Line],
    origin: Mono,
    real: bool,
    same: &mut Same,
) -> Result<(), Difference> {
    let began = Instant::now();
    let mut last = origin;
    for line in lines {
        last = line.at;
        if let Some(input) = &line.input {
            if let Some(extra) = call.poll() {
                return Err(differs(line.at, origin, None, Some(&extra)));
            }
            if real {
                let due = line.at.since(origin);
                thread::sleep(due.saturating_sub(began.elapsed()));
            }
            call.handle(line.at, input.clone());
            same.mind_inputs += 1;
        }
        if let Some(recorded) = &line.output {
            let came = call.poll();
            if came.as_ref() != Some(recorded) {
                return Err(differs(line.at, origin, Some(recorded), came.as_ref()));
            }
            same.mind_outputs += 1;
        }
    }
    match call.poll() {
        // A process that died had no time to write the last input's last outputs.
        Some(extra) if !lines.last().is_some_and(Line::is_lost) => {
            Err(differs(last, origin, None, Some(&extra)))
        }
        _ => Ok(()),
    }
}

fn differs(at: Mono, origin: Mono, recorded: Option<&Output>, came: Option<&Output>) -> Difference {
    let show = |output: Option<&Output>| {
        output.map_or("nothing".to_owned(), |o| serde_json::to_string(o).unwrap_or_default())
    };
    let detail = format!("recorded {}\n  now      {}", show(recorded), show(came));
    Difference { at: at.since(origin), place: "journal", detail }
}
