//! People who interrupt, with recorded speech, rendered before the run.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use fastrand::Rng;
use sim::callee::{Answer, Mumble, Patience, Score, Script, Sound, Step};
use sim::recording::Shelf;

/// Recordings of people, from the sharp beginning to the soft one.
pub(crate) const RECORDINGS: [&str; 5] = [
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

/// The agent is interrupted this often in a call of `seconds`.
pub(crate) fn times(seconds: f64) -> usize {
    1 + (seconds / 5.0) as usize
}

/// People who interrupt `times` times, at moments and with recordings that `rng` chooses.
pub(crate) fn interrupters(count: usize, times: usize, rng: &mut Rng) -> Result<Vec<Arc<Score>>> {
    let shelf = Shelf::shipped();
    (0..count)
        .map(|_| {
            let score = Score::render(&script(times, rng), &mut Mumble, &shelf);
            score.map(Arc::new).context("the callees' recordings are not whole")
        })
        .collect()
}

fn script(times: usize, rng: &mut Rng) -> Script {
    let steps = (0..times).flat_map(|_| {
        let recording = RECORDINGS[rng.usize(..RECORDINGS.len())];
        let interrupt = Step::Interrupt {
            after_ms: rng.u32(AFTER_MS),
            with: Sound::Wav(recording.to_owned()),
            timeout_ms: TIMEOUT_MS,
        };
        [interrupt, Step::Listen(Patience { silence_ms: 900, timeout_ms: 4_000 })]
    });
    Script {
        name: "interrupter".to_owned(),
        answer: Answer::After { ring_ms: 0 },
        jitter_ms: 0,
        background: None,
        steps: steps.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_makes_the_same_people() {
        let people = |seed| {
            let scores = interrupters(2, 5, &mut Rng::with_seed(seed)).expect("recordings");
            scores.iter().map(|score| score.script().clone()).collect::<Vec<_>>()
        };
        assert_eq!(people(1), people(1));
        assert_ne!(people(1), people(2));
        assert_eq!(people(1)[0].steps.len(), 10);
        assert_ne!(people(1)[0], people(1)[1]);
    }
}
