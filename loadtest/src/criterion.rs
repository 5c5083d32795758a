//! What must hold for the run to count as passed: `underrun20ms<=0.1%`, `stop_p99<=180ms`.

use std::fmt;
use std::str::FromStr;

/// One condition on one figure of the report.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Criterion {
    /// Which figure; see [`crate::figures::Figures::named`].
    pub(crate) figure: String,
    at_most: bool,
    limit: f64,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// A share of one, written as %.
    Percent,
    /// Milliseconds.
    Millis,
    /// A count.
    Count,
}

/// Text that is no criterion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotACriterion(String);

impl fmt::Display for NotACriterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no criterion: write FIGURE<=LIMIT or FIGURE>=LIMIT, for example underrun20ms<=0.1%, stop_p99<=180ms, lost<=0",
            self.0
        )
    }
}

impl std::error::Error for NotACriterion {}

impl FromStr for Criterion {
    type Err = NotACriterion;

    fn from_str(text: &str) -> Result<Self, NotACriterion> {
        let wrong = || NotACriterion(text.to_owned());
        let (figure, limit, at_most) = match (text.split_once("<="), text.split_once(">=")) {
            (Some((figure, limit)), _) => (figure, limit, true),
            (None, Some((figure, limit))) => (figure, limit, false),
            (None, None) => return Err(wrong()),
        };
        let figure = figure.trim();
        if figure.is_empty() {
            return Err(wrong());
        }
        let limit = limit.trim();
        let (number, unit) = if let Some(number) = limit.strip_suffix('%') {
            (number, Unit::Percent)
        } else if let Some(number) = limit.strip_suffix("ms") {
            (number, Unit::Millis)
        } else {
            (limit, Unit::Count)
        };
        let limit: f64 = number.trim().parse().map_err(|_| wrong())?;
        if !limit.is_finite() {
            return Err(wrong());
        }
        Ok(Self { figure: figure.to_owned(), at_most, limit, unit })
    }
}

impl Criterion {
    /// Whether `measured` keeps it; shares are of one, times in ms. A figure that was not measured
    /// keeps nothing.
    pub(crate) fn holds(&self, measured: Option<f64>) -> bool {
        let Some(measured) = measured else { return false };
        let measured = if self.unit == Unit::Percent { measured * 100.0 } else { measured };
        if self.at_most { measured <= self.limit } else { measured >= self.limit }
    }
}

impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.at_most { "<=" } else { ">=" };
        let unit = match self.unit {
            Unit::Percent => "%",
            Unit::Millis => "ms",
            Unit::Count => "",
        };
        write!(f, "{}{sign}{}{unit}", self.figure, self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn criteria_read_and_print_the_same() {
        for text in ["underrun20ms<=0.1%", "stop_p99<=180ms", "lost<=0", "barge_ins>=190"] {
            assert_eq!(text.parse::<Criterion>().expect(text).to_string(), text);
        }
        for bad in ["", "lost", "lost<0", "<=3", "lost<=", "lost<=NaN", "lost<=x%"] {
            assert!(bad.parse::<Criterion>().is_err(), "{bad}");
        }
    }

    #[test]
    fn limits_hold_in_their_unit_and_nothing_measured_holds_nothing() {
        for (text, measured, holds) in [
            ("underrun20ms<=0.1%", Some(0.001), true),
            ("underrun20ms<=0.1%", Some(0.0011), false),
            ("stop_p99<=180ms", Some(180.0), true),
            ("stop_p99<=180ms", Some(180.1), false),
            ("tries>=10", Some(9.0), false),
            ("lost<=0", None, false),
        ] {
            let criterion: Criterion = text.parse().expect(text);
            assert_eq!(criterion.holds(measured), holds, "{text} {measured:?}");
        }
    }
}
