//! Who answers: people who only listen, and people who interrupt, with recorded speech.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use fastrand::Rng;
use sim::callee::{Answer, Mumble, Patience, Score, Script, Sound, Step};
use sim::recording::Shelf;

/// Recordings of people, from the sharp beginning to the soft one.
const RECORDINGS: [&str; 5] = [
    "cards-five-five",
    "cards-queen-of-clubs",
    "customer-support",
    "austen-cold-hearted",
    "austen-ill-disposed",
];
/// The agent has spoken so long before it is interrupted, in ms: any moment in between.
const AFTER_MS: std::ops::Range<u32> = 400..2_600;
/// No interruption when the agent does not speak so much in this time, in ms.
const TIMEOUT_MS: u32 = 20_000;

/// Somebody who listens to the end.
pub(crate) fn listener() -> Result<Arc<Score>> {
    score("listener", Vec::new())
}

/// Somebody who interrupts `times` times, at moments and with recordings that `rng` chooses.
pub(crate) fn interrupter(times: usize, rng: &mut Rng) -> Result<Arc<Score>> {
    let steps = (0..times).flat_map(|_| {
        let recording = RECORDINGS[rng.usize(..RECORDINGS.len())];
        let interrupt = Step::Interrupt {
            after_ms: rng.u32(AFTER_MS),
            with: Sound::Wav(recording.to_owned()),
            timeout_ms: TIMEOUT_MS,
        };
        [interrupt, Step::Listen(Patience { silence_ms: 900, timeout_ms: 4_000 })]
    });
    score("interrupter", steps.collect())
}

fn score(name: &str, steps: Vec<Step>) -> Result<Arc<Score>> {
    let script = Script {
        name: name.to_owned(),
        answer: Answer::After { ring_ms: 0 },
        jitter_ms: 0,
        background: None,
        steps,
    };
    let score = Score::render(&script, &mut Mumble, &Shelf::shipped());
    score.map(Arc::new).context("the callees' recordings are not whole")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_makes_the_same_people() {
        let people = |seed| {
            let score = interrupter(5, &mut Rng::with_seed(seed)).expect("recordings");
            score.script().clone()
        };
        assert_eq!(people(1), people(1));
        assert_ne!(people(1), people(2));
        assert_eq!(people(1).steps.len(), 10);
        assert!(listener().expect("nothing to record").script().steps.is_empty());
    }
}
