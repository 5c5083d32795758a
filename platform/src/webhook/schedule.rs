//! When a message that did not arrive is sent again: the pauses that the Standard Webhooks specification suggests, each a
//! fifth shorter or longer, so that a server that comes back is not asked for everything at once.

/// Pauses after the first, second, … try, in s.
const PAUSES_S: [u64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// Tries in all.
pub const TRIES_MAX: u32 = PAUSES_S.len() as u32 + 1;
/// The longest pause that a server may ask for, in s.
const ASKED_MAX_S: u64 = 86_400;

/// What their server said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An HTTP status, and how long it wants us to wait, in s.
    Status {
        /// Which.
        code: u16,
        /// `Retry-After`.
        retry_after_s: Option<u64>,
    },
    /// Nothing that can be used.
    None,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It has arrived.
    Done,
    /// Send it again.
    Again {
        /// After so many s.
        after_s: u64,
    },
    /// Lay it aside.
    LaidAside,
}

/// What follows the try of this number, from 1. `chance` is any number, by chance.
pub fn after(tries: u32, answer: Answer, chance: u16) -> Next {
    let asked = match answer {
        Answer::Status { code: 200..=299, .. } => return Next::Done,
        // It is gone, and says that it will not come back.
        Answer::Status { code: 410, .. } => return Next::LaidAside,
        Answer::Status { retry_after_s, .. } => retry_after_s.unwrap_or(0),
        Answer::None => 0,
    };
    let Some(pause) = PAUSES_S.get(tries.saturating_sub(1) as usize) else {
        return Next::LaidAside;
    };
    // From four fifths to six fifths.
    let spread = pause * 4 / 5 + pause * 2 / 5 * u64::from(chance) / u64::from(u16::MAX);
    Next::Again { after_s: spread.max(asked.min(ASKED_MAX_S)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: u16) -> Answer {
        Answer::Status { code, retry_after_s: None }
    }

    #[test]
    fn pauses_grow_and_end() {
        let mut last = 0;
        for tries in 1..TRIES_MAX {
            let Next::Again { after_s: least } = after(tries, Answer::None, 0) else {
                panic!("given up after {tries}");
            };
            let Next::Again { after_s: most } = after(tries, status(500), u16::MAX) else {
                panic!("given up after {tries}");
            };
            assert!(last <= least && least < most, "{tries}: {last} {least} {most}");
            last = least;
        }
        assert_eq!(after(1, status(503), 0), Next::Again { after_s: 4 });
        assert_eq!(after(1, status(503), u16::MAX), Next::Again { after_s: 6 });
        assert_eq!(after(TRIES_MAX, status(503), 0), Next::LaidAside);
        assert_eq!(after(u32::MAX, Answer::None, 9), Next::LaidAside);
    }

    #[test]
    fn the_answer_decides() {
        for code in [200, 202, 204] {
            assert_eq!(after(1, status(code), 0), Next::Done);
        }
        for code in [301, 400, 404, 429, 500] {
            assert!(matches!(after(1, status(code), 0), Next::Again { .. }), "{code}");
        }
        assert_eq!(after(1, status(410), 0), Next::LaidAside);
        let asked = |s| after(1, Answer::Status { code: 429, retry_after_s: Some(s) }, 0);
        assert_eq!(asked(60), Next::Again { after_s: 60 });
        assert_eq!(asked(1), Next::Again { after_s: 4 });
        assert_eq!(asked(u64::MAX), Next::Again { after_s: ASKED_MAX_S });
    }
}
