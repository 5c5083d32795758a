//! Numbers as American English words.

use crate::numerals::{ONES, TENS};

const SCALES: [&str; 5] = ["", " thousand", " million", " billion", " trillion"];
const IRREGULAR: [(&str, &str); 7] = [
    ("one", "first"),
    ("two", "second"),
    ("three", "third"),
    ("five", "fifth"),
    ("eight", "eighth"),
    ("nine", "ninth"),
    ("twelve", "twelfth"),
];
/// Digits of the largest number read as one; longer ones are read digit by digit.
const CARDINAL_DIGITS_MAX: usize = 15;

/// `1234` → "one thousand two hundred thirty four".
pub(super) fn cardinal(n: u64) -> String {
    if n < 1000 {
        return below_thousand(n);
    }
    let (mut groups, mut rest, mut scale) = (Vec::new(), n, 0);
    while rest > 0 && scale < SCALES.len() {
        if rest % 1000 > 0 {
            groups.push(below_thousand(rest % 1000) + SCALES[scale]);
        }
        rest /= 1000;
        scale += 1;
    }
    groups.reverse();
    groups.join(" ")
}

fn below_thousand(n: u64) -> String {
    let mut words = Vec::new();
    if n >= 100 {
        words.push(ONES[(n / 100) as usize]);
        words.push("hundred");
    }
    let rest = (n % 100) as usize;
    if rest >= 20 {
        words.push(TENS[rest / 10]);
        if !rest.is_multiple_of(10) {
            words.push(ONES[rest % 10]);
        }
    } else if rest > 0 || n == 0 {
        words.push(ONES[rest]);
    }
    words.join(" ")
}

/// `23` → "twenty third".
pub(super) fn ordinal(n: u64) -> String {
    let cardinal = cardinal(n);
    let (head, last) = match cardinal.rsplit_once(' ') {
        Some((head, last)) => (format!("{head} "), last),
        None => (String::new(), cardinal.as_str()),
    };
    let irregular = IRREGULAR.iter().find(|(plain, _)| *plain == last);
    let last = match (irregular, last.strip_suffix('y')) {
        (Some((_, ordinal)), _) => (*ordinal).to_owned(),
        (None, Some(stem)) => format!("{stem}ieth"),
        (None, None) => format!("{last}th"),
    };
    head + &last
}

/// `1999` → "nineteen ninety nine", `2005` → "two thousand five", `1245` → "twelve forty five".
/// What years and house numbers have in common.
pub(super) fn pairs(n: u64) -> String {
    let (high, low) = (n / 100, n % 100);
    match (high, low) {
        (0, _) => cardinal(n),
        (_, _) if high.is_multiple_of(10) && low < 10 => cardinal(n),
        (_, 0) => format!("{} hundred", cardinal(high)),
        (_, 1..10) => format!("{} oh {}", cardinal(high), cardinal(low)),
        _ => format!("{} {}", cardinal(high), cardinal(low)),
    }
}

/// `"0042"` → "zero zero four two".
pub(super) fn digits(text: &str) -> String {
    let digits = text.bytes().filter(u8::is_ascii_digit);
    digits.map(|d| ONES[usize::from(d - b'0')]).collect::<Vec<_>>().join(" ")
}

/// Digits in groups, a pause between them: `"5551234567"` in 3, 3, 4.
pub(super) fn digit_groups(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let sizes: &[usize] = match digits.len() {
        0..=4 => &[4],
        5 => &[5],
        6 => &[3, 3],
        7 => &[3, 4],
        8 => &[4, 4],
        9 => &[3, 3, 3],
        10 => &[3, 3, 4],
        11 => &[1, 3, 3, 4],
        _ => &[4, 4, 4, 4],
    };
    let (mut groups, mut rest) = (Vec::new(), digits.as_str());
    for size in sizes.iter().copied().chain(std::iter::repeat(4)) {
        if rest.is_empty() {
            break;
        }
        let (group, after) = rest.split_at(size.min(rest.len()));
        groups.push(self::digits(group));
        rest = after;
    }
    groups.join(", ")
}

/// A written number: digits with thousands' commas and a decimal point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written<'a> {
    /// Digits before the point, commas among them.
    pub(super) whole: &'a str,
    /// Digits after the point.
    pub(super) part: Option<&'a str>,
}

impl<'a> Written<'a> {
    /// Takes a number off the beginning of `text`.
    pub(super) fn take(text: &'a str) -> Option<(Self, &'a str)> {
        let end = text.find(|c: char| !(c.is_ascii_digit() || c == ',')).unwrap_or(text.len());
        let whole = text[..end].trim_end_matches(',');
        let well_formed = whole.split(',').skip(1).all(|group| group.len() == 3);
        if !whole.starts_with(|c: char| c.is_ascii_digit()) || !well_formed {
            return None;
        }
        let rest = &text[whole.len()..];
        let after = rest.strip_prefix('.').unwrap_or_default();
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        match end {
            0 => Some((Self { whole, part: None }, rest)),
            _ => Some((Self { whole, part: Some(&after[..end]) }, &after[end..])),
        }
    }

    /// The whole `text` as one number.
    pub(super) fn all(text: &'a str) -> Option<Self> {
        Self::take(text).filter(|(_, rest)| rest.is_empty()).map(|(number, _)| number)
    }

    pub(super) fn is_one(&self) -> bool {
        self.whole == "1" && self.part.is_none()
    }

    /// The value of the whole part, if it is short enough to be read as one number.
    pub(super) fn value(&self) -> Option<u64> {
        let digits: String = self.whole.chars().filter(char::is_ascii_digit).collect();
        (digits.len() <= CARDINAL_DIGITS_MAX).then(|| digits.parse().ok())?
    }

    /// As a quantity: "two point five", "one thousand two hundred".
    pub(super) fn quantity(&self) -> String {
        let mut words = self.value().map_or_else(|| digit_groups(self.whole), cardinal);
        if let Some(part) = self.part {
            words.push_str(" point ");
            words.push_str(&digits(part));
        }
        words
    }
}

/// A Roman numeral up to 39, as they are used after names and chapters.
pub(super) fn roman(text: &str) -> Option<u64> {
    let value = |c| match c {
        'I' => Some(1),
        'V' => Some(5),
        'X' => Some(10),
        _ => None,
    };
    let values = text.chars().map(value).collect::<Option<Vec<u64>>>()?;
    let mut total = 0;
    for (i, &v) in values.iter().enumerate() {
        let smaller = values.get(i + 1).is_some_and(|&next| next > v);
        total = if smaller { total + 10_000 - v } else { total + v };
    }
    (!values.is_empty()).then_some(total % 10_000).filter(|total| *total < 40)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_read_them() {
        for (n, words) in [
            (0, "zero"),
            (13, "thirteen"),
            (86, "eighty six"),
            (100, "one hundred"),
            (1_250, "one thousand two hundred fifty"),
            (2_000_001, "two million one"),
        ] {
            assert_eq!(cardinal(n), words);
        }
        for (n, words) in [(1, "first"), (12, "twelfth"), (20, "twentieth"), (31, "thirty first")] {
            assert_eq!(ordinal(n), words);
        }
        for (n, words) in [
            (1999, "nineteen ninety nine"),
            (2005, "two thousand five"),
            (2026, "twenty twenty six"),
            (1900, "nineteen hundred"),
            (1905, "nineteen oh five"),
            (221, "two twenty one"),
        ] {
            assert_eq!(pairs(n), words);
        }
        assert_eq!(
            digit_groups("5551234567"),
            "five five five, one two three, four five six seven"
        );
        assert_eq!((roman("VIII"), roman("XIV"), roman("MIX")), (Some(8), Some(14), None));
    }

    #[test]
    fn a_number_too_long_to_be_one_is_read_digit_by_digit() {
        let long = Written::all("1234567890123456").unwrap();
        assert!(long.quantity().starts_with("one two three four, five six"));
    }
}
