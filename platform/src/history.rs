//! `GET /me/calls`: what may be asked of the history (ClawCall API §2.9).

use telephony::Direction;

use crate::fault::{Code, Fault};

/// Which finished calls, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Only these.
    pub direction: Option<Direction>,
    /// Only those finished then or later: ISO 8601, UTC, ms.
    pub since_iso: Option<String>,
    /// Only those finished before then: to go on where an answer ended.
    pub before_iso: Option<String>,
    /// How many.
    pub limit: u32,
}

impl HistoryQuery {
    /// Most calls in one answer.
    pub const LIMIT_MAX: u32 = 200;
    /// Calls in one answer when nothing is said.
    pub const LIMIT_USUAL: u32 = 25;

    /// Reads the pairs of a query; others are ignored, of the same the last counts. `instant` makes an
    /// instant with an offset one in UTC with ms, or knows that it is none.
    ///
    /// # Errors
    /// `invalid_query`.
    pub fn read<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        instant: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Fault> {
        let bad = |message: &str| Code::InvalidQuery.because(message);
        let mut query = Self { limit: Self::LIMIT_USUAL, ..Self::default() };
        for (name, value) in pairs {
            match name {
                "direction" => {
                    query.direction = Some(match value {
                        "inbound" => Direction::Inbound,
                        "outbound" => Direction::Outbound,
                        _ => return Err(bad("direction must be inbound or outbound")),
                    });
                }
                "since" | "before" => {
                    let message = "since and before must be instants with an offset, for example \
                                   2026-01-31T08:00:00Z";
                    let at = Some(instant(value).ok_or_else(|| bad(message))?);
                    *(if name == "since" { &mut query.since_iso } else { &mut query.before_iso }) =
                        at;
                }
                "limit" => {
                    let limit = value.parse().ok().filter(|n| (1..=Self::LIMIT_MAX).contains(n));
                    query.limit = limit.ok_or_else(|| bad("limit must be from 1 to 200"))?;
                }
                _ => {}
            }
        }
        Ok(query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<HistoryQuery, Fault> {
        let instant = |text: &str| text.ends_with('Z').then(|| text.to_owned());
        HistoryQuery::read(pairs.iter().copied(), instant)
    }

    #[test]
    fn good_queries_are_read_and_bad_ones_are_not() {
        let usual = HistoryQuery { limit: 25, ..HistoryQuery::default() };
        assert_eq!(read(&[]), Ok(usual.clone()));
        assert_eq!(read(&[("page", "x")]), Ok(usual));
        let query = read(&[("direction", "inbound"), ("limit", "200"), ("since", "T0Z")]);
        let query = query.expect("good");
        assert_eq!((query.direction, query.limit), (Some(Direction::Inbound), 200));
        for bad in [
            ("direction", "both"),
            ("direction", ""),
            ("limit", "0"),
            ("limit", "201"),
            ("limit", "-1"),
            ("limit", "1.5"),
            ("limit", "ten"),
            ("since", "yesterday"),
            ("since", ""),
            ("before", "now"),
        ] {
            assert_eq!(read(&[bad]).expect_err("bad").code, Code::InvalidQuery, "{bad:?}");
        }
    }
}
