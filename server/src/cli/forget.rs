//! `trunkline forget`

use std::process::ExitCode;

use anyhow::Context;
use telephony::E164;

use super::say;
use crate::{
    assembly,
    config::{Sources, load},
    recordings::{Forgotten, Whose, forget},
    store::{Store, StoreError},
};

/// Does it: exit code 0 only when nothing that was meant is left.
pub fn run(
    sources: &Sources,
    call: Option<String>,
    number: Option<E164>,
) -> anyhow::Result<ExitCode> {
    let config = load(sources)?;
    let calls_dir = &config.calls_dir;
    let whose = match (call, number) {
        (Some(id), _) => Whose::Call(id),
        (None, Some(number)) => Whose::Number(number),
        (None, None) => anyhow::bail!("say which: --call ID or --number NUMBER"),
    };
    // Before anything is gone: what cannot be deleted everywhere is deleted nowhere.
    let mut store = assembly::open_store(&config.store)
        .with_context(|| format!("cannot open {}; see `[store]`", config.store))?;
    let mut forgotten = forget(calls_dir, &whose)
        .with_context(|| format!("cannot delete from {}", calls_dir.display()))?;
    forget_rows(&mut store, &whose, &mut forgotten)?;
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

/// Deletes the same from the store, and what the store alone still knows: a call whose folder has gone.
fn forget_rows(
    store: &mut Store,
    whose: &Whose,
    forgotten: &mut Forgotten,
) -> Result<(), StoreError> {
    for id in &forgotten.calls {
        store.forget_call(id)?;
    }
    let alone = match whose {
        Whose::Call(id) if forgotten.running.is_empty() && store.forget_call(id)? => {
            vec![id.clone()]
        }
        Whose::Call(_) => Vec::new(),
        Whose::Number(number) => store.forget_number(number)?,
    };
    forgotten.calls.extend(alone);
    Ok(())
}
