//! Looks for the largest number of calls that holds: doubles until it does not, then halves the
//! difference. Each number is decided by two runs of three.

/// The answer is this exact, as a part of it, and no finer than this many calls.
const PART: f64 = 0.04;
const STEP_MIN: usize = 5;

/// A search under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Search {
    at: usize,
    to: usize,
    /// Largest that held.
    held: Option<usize>,
    /// Smallest that did not.
    failed: Option<usize>,
    good: u32,
    bad: u32,
}

impl Search {
    /// From `from` up to `to`.
    pub(crate) fn new(from: usize, to: usize) -> Self {
        let from = from.max(1);
        Self { at: from, to: to.max(from), held: None, failed: None, good: 0, bad: 0 }
    }

    /// What to run next; nothing once the answer is known.
    pub(crate) fn next(&self) -> Option<usize> {
        (self.at > 0).then_some(self.at)
    }

    /// The run of [`Search::next`] kept the criterion, or not; whether that decides its number.
    pub(crate) fn judge(&mut self, holds: bool) -> bool {
        if holds {
            self.good += 1;
        } else {
            self.bad += 1;
        }
        let (good, bad) = (self.good, self.bad);
        if good < 2 && bad < 2 {
            return false;
        }
        if good >= 2 {
            self.held = Some(self.at);
        } else {
            self.failed = Some(self.at);
        }
        (self.good, self.bad) = (0, 0);
        self.at = self.following();
        true
    }

    /// Largest number that held; nothing when none did.
    pub(crate) fn answer(&self) -> Option<usize> {
        self.held
    }

    /// Runs that are needed at most, from the beginning.
    pub(crate) fn runs_max(&self) -> usize {
        let doublings = (self.to / self.at.max(1)).max(1).ilog2() as usize + 2;
        let halvings = (self.to / STEP_MIN).max(1).ilog2() as usize + 1;
        3 * (doublings + halvings)
    }

    fn following(&self) -> usize {
        match (self.held, self.failed) {
            (Some(held), None) if held >= self.to => 0,
            (Some(held), None) => (held * 2).min(self.to),
            (held, Some(failed)) => {
                let held = held.unwrap_or(0);
                let exact = ((failed as f64 * PART) as usize).max(STEP_MIN);
                if failed - held <= exact { 0 } else { held + (failed - held) / 2 }
            }
            (None, None) => self.at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches a server that holds up to `capacity`; the runs it took.
    fn found(from: usize, to: usize, capacity: usize) -> (Option<usize>, usize) {
        let mut search = Search::new(from, to);
        let (bound, mut runs) = (search.runs_max(), 0);
        while let Some(calls) = search.next() {
            assert!((1..=to).contains(&calls), "{calls}");
            search.judge(calls <= capacity);
            runs += 1;
            assert!(runs <= bound, "from {from} to {to}, capacity {capacity}: no end");
        }
        (search.answer(), runs)
    }

    #[test]
    fn finds_every_capacity_closely_enough_in_bounded_time() {
        for capacity in (0..2_500).step_by(7) {
            for from in [10, 100, 1_000] {
                let (answer, _) = found(from, 2_000, capacity);
                let answer = answer.unwrap_or(0);
                let true_one = capacity.min(2_000);
                assert!(answer <= true_one, "{answer} of {true_one}");
                let near = (true_one as f64 * PART) as usize + STEP_MIN + 1;
                assert!(true_one - answer <= near, "{answer} of {true_one} from {from}");
            }
        }
    }

    #[test]
    fn nothing_holds_and_everything_holds() {
        assert_eq!(found(100, 2_000, 0).0, None);
        assert_eq!(found(100, 800, 10_000), (Some(800), 8));
    }

    #[test]
    fn two_runs_of_three_decide() {
        let mut search = Search::new(100, 400);
        assert!(!search.judge(false));
        assert!(!search.judge(true));
        assert_eq!(search.next(), Some(100));
        assert!(search.judge(true));
        assert_eq!((search.answer(), search.next()), (Some(100), Some(200)));
        assert!(!search.judge(false));
        assert!(search.judge(false));
        assert_eq!(search.next(), Some(150));
    }
}
