//! The way to the person, by the callee's own account: the key, the hold, the pickup. Positions are samples at
//! 8 kHz since the answer.

use crate::carrier::Truth;

/// A person who took the call is answered within this time after their first words, in ms.
pub(super) const ANSWER_MS_MAX: u64 = 2_500;
/// Names of the nodes in the demonstration's tree.
const HOLD: &str = "hold";
const PERSON: &str = "rosa";

/// What the way was like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Way {
    /// The menu took our key.
    pub(super) key: bool,
    /// We were on hold, and silent.
    pub(super) silent: bool,
    /// From the end of the person's first words to ours, in ms.
    pub(super) answered_ms: Option<u64>,
}

impl Way {
    pub(super) fn of(truth: &Truth) -> Self {
        let tree = &truth.errand.tree;
        let entered = |node: &str| {
            let visit = tree.visits.iter().find(|visit| visit.node == node);
            visit.map(|visit| visit.at_sample)
        };
        let silent = match (entered(HOLD), entered(PERSON)) {
            // The sound of the key itself began before.
            (Some(from), Some(to)) => {
                !truth.runs.iter().any(|run| from < run.from_sample && run.from_sample < to)
            }
            _ => false,
        };
        let first = truth.errand.spoken.first();
        let answer = first.and_then(|first| {
            let ours = truth.runs.iter().find(|run| run.from_sample > first.from_sample)?;
            Some(ours.from_sample.saturating_sub(first.to_sample) / 8)
        });
        Self { key: tree.keys.iter().any(|key| key.is_taken), silent, answered_ms: answer }
    }
}
