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

use crate::journal::{self, JOURNAL, Line, TAPE, USER_TAPE};

/// What was the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Same {
    /// Inputs of the mind.
    pub mind_inputs: u64,
    /// Outputs of the mind, all as recorded.
    pub mind_outputs: u64,
    /// Inputs and outputs of the circuits, when there are tapes.
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
    /// `journal`, `tape` or `user's tape`.
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
    for (place, name) in [("tape", TAPE), ("user's tape", USER_TAPE)] {
        if let Err(difference) = sound(&dir.join(name), place, origin, &mut same)? {
            return Ok(Err(difference));
        }
    }
    Ok(Ok(same))
}

/// One leg's tape. A leg that nobody answered has an empty one, or none.
fn sound(
    path: &Path,
    place: &'static str,
    origin: Mono,
    same: &mut Same,
) -> anyhow::Result<Result<(), Difference>> {
    if !path.exists() {
        return Ok(Ok(()));
    }
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    if bytes.is_empty() {
        return Ok(Ok(()));
    }
    Ok(match tape::replay(&bytes) {
        Ok(report) => {
            let (inputs, outputs) = same.sound.unwrap_or_default();
            same.sound = Some((inputs + report.inputs, outputs + report.outputs));
            same.torn = same.torn.take().or(report.torn.map(|torn| format!("{place}: {torn}")));
            Ok(())
        }
        Err(difference) => {
            let (tape::Difference::Output { at, .. } | tape::Difference::Tape { at, .. }) =
                &difference;
            let (at, detail) = (at.since(origin), difference.to_string());
            Err(Difference { at, place, detail })
        }
    })
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
