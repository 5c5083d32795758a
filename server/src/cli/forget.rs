//! `trunkline forget`

use std::process::ExitCode;

use anyhow::Context;
use telephony::E164;

use super::say;
use crate::{
    config::{Sources, load},
    recordings::{Whose, forget},
};

/// Does it: exit code 0 only when nothing that was meant is left.
pub fn run(
    sources: &Sources,
    call: Option<String>,
    number: Option<E164>,
) -> anyhow::Result<ExitCode> {
    let calls_dir = load(sources)?.calls_dir;
    let whose = match (call, number) {
        (Some(id), _) => Whose::Call(id),
        (None, Some(number)) => Whose::Number(number),
        (None, None) => anyhow::bail!("say which: --call ID or --number NUMBER"),
    };
    let forgotten = forget(&calls_dir, &whose)
        .with_context(|| format!("cannot delete from {}", calls_dir.display()))?;
    for id in &forgotten.calls {
        say(format!("forgotten   {id}"));
    }
    for id in &forgotten.running {
        say(format!("still runs  {id}: hang up first, then forget it"));
    }
    for id in &forgotten.unreadable {
        say(format!(
            "unreadable  {id}: its journal does not say whose it is; look, then --call {id}"
        ));
    }
    if forgotten == Default::default() {
        say(format!("nothing     of that in {}", calls_dir.display()));
    }
    let all = forgotten.running.is_empty() && forgotten.unreadable.is_empty();
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
