//! What is tried in virtual time instead of listened to: keys, menus, messages in mailboxes, a user called in.

use anyhow::Context;
use sim::{
    tree::{SHIPPED, Tree},
    trial::{self, Sort, TrialConfig},
};

/// Seeds each menu, and each mailbox, is tried with.
const MENU_SEEDS: std::ops::RangeInclusive<u64> = 1..=4;
const MAILBOX_SEEDS: std::ops::RangeInclusive<u64> = 1..=20;
/// Both wires of both legs, at every ms that their frames may be apart.
const BRIDGE_SEEDS: std::ops::Range<u64> = 0..80;

/// What was tried: its name, of how many, how many right.
pub struct Row {
    /// What.
    pub what: String,
    /// Of so many.
    pub trials: usize,
    /// So many.
    pub right: usize,
}

/// Everything that was tried.
#[derive(Default)]
pub struct Trials {
    /// Keys, as sound.
    pub keys: Vec<Row>,
    /// Phone trees.
    pub menus: Vec<Row>,
    /// Messages left.
    pub mailboxes: Vec<Row>,
    /// Users called in.
    pub bridge: Bridge,
    /// What went wrong, a line each.
    pub wrong: Vec<String>,
}

/// Two who were joined.
#[derive(Default)]
pub struct Bridge {
    /// Calls.
    pub trials: usize,
    /// Calls in which each heard the other, and nobody themselves.
    pub heard: usize,
    /// What the bridge adds to either way of each, in ms.
    pub added_ms: Vec<f64>,
}

/// Tries all of it.
///
/// # Errors
/// When a sound cannot be made.
pub fn run() -> anyhow::Result<Trials> {
    let keys = dtmf::q24::table().into_iter();
    let row = |row: dtmf::q24::Row| Row {
        what: row.what.to_owned(),
        trials: row.trials,
        right: row.right,
    };
    let mut trials = Trials { keys: keys.map(row).collect(), ..Trials::default() };
    menus(&mut trials)?;
    mailboxes(&mut trials)?;
    bridge(&mut trials)?;
    Ok(trials)
}

fn menus(trials: &mut Trials) -> anyhow::Result<()> {
    for (name, toml) in SHIPPED {
        let tree = Tree::parse(toml).with_context(|| (*name).to_owned())?;
        let mut row = Row { what: (*name).to_owned(), trials: 0, right: 0 };
        for errand in &tree.errands {
            for seed in MENU_SEEDS {
                let report =
                    trial::run(&tree, errand, &TrialConfig { seed, ..TrialConfig::default() })?;
                row.trials += 1;
                row.right += usize::from(report.succeeds(errand));
            }
        }
        trials.menus.push(row);
    }
    Ok(())
}

fn mailboxes(trials: &mut Trials) -> anyhow::Result<()> {
    for sort in Sort::ALL {
        let mut row = Row { what: sort.name().to_owned(), trials: 0, right: 0 };
        for seed in MAILBOX_SEEDS {
            let (_, wrong) = sort.call(seed)?;
            row.trials += 1;
            row.right += usize::from(wrong.is_none());
            let told = wrong.map(|wrong| format!("{}, seed {seed}: {wrong}", sort.name()));
            trials.wrong.extend(told);
        }
        trials.mailboxes.push(row);
    }
    Ok(())
}

fn bridge(trials: &mut Trials) -> anyhow::Result<()> {
    let bridge = &mut trials.bridge;
    for seed in BRIDGE_SEEDS {
        bridge.trials += 1;
        let Some(joined) = trial::bridge(seed)? else {
            trials.wrong.push(format!("a user called in, seed {seed}: not joined"));
            continue;
        };
        bridge.heard += usize::from(joined.hear_each_other());
        bridge.added_ms.extend(joined.added_ms);
        if !joined.is_right() {
            trials.wrong.push(format!("a user called in, seed {seed}: {joined:?}"));
        }
    }
    Ok(())
}
