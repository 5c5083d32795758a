//! Words, numbers, times and days in what people write and say, tolerant of misrecognition.

use crate::numerals::{ONES, TENS};

/// Lower-case words; inner `:`, `.`, `-`, `'`, `@`, `+` and `#` are kept where they belong to a word.
pub(super) fn words(text: &str) -> Vec<String> {
    text.replace('’', "'")
        .split(|c: char| {
            c.is_whitespace() || matches!(c, ',' | ';' | '!' | '?' | '(' | ')' | '"' | '—')
        })
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '+').to_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}

/// Whether any of these phrases stands in the text, words compared with [`alike`].
pub(super) fn says(text: &[String], phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| find(text, phrase).is_some())
}

/// Index just after the phrase.
pub(super) fn find(text: &[String], phrase: &str) -> Option<usize> {
    let phrase: Vec<&str> = phrase.split(' ').collect();
    let at = text
        .windows(phrase.len())
        .position(|window| window.iter().zip(&phrase).all(|(said, meant)| alike(said, meant)))?;
    Some(at + phrase.len())
}

/// The same word, or one of some length with one letter wrong; a short one must begin the same.
pub(super) fn alike(said: &str, meant: &str) -> bool {
    let long = meant.len() >= 6 && said.len() >= 5;
    let same_start = said.chars().next() == meant.chars().next();
    let short = meant.len() == 5 && said.len() >= 4 && same_start;
    said == meant || ((long || short) && distance_at_most_one(said, meant))
}

fn distance_at_most_one(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    let same = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    match long.len() - short.len() {
        0 => short[same..].iter().skip(1).eq(long[same..].iter().skip(1)),
        1 => short[same..] == long[same + 1..],
        _ => false,
    }
}

/// A number below 100, in digits or words.
pub(super) fn number(word: &str) -> Option<u32> {
    if word == "oh" {
        return Some(0);
    }
    let at = |names: &[&str]| names.iter().position(|name| *name == word);
    let tens = || if word == "fourty" { Some(4) } else { at(&TENS).filter(|_| !word.is_empty()) };
    if let Some(value) = at(&ONES).or_else(|| tens().map(|tens| 10 * tens)) {
        return u32::try_from(value).ok();
    }
    if let Some((tens, ones)) = word.split_once('-') {
        return Some(number(tens)? + number(ones)?);
    }
    let digits = word.trim_end_matches(['.', ':']);
    (digits.len() <= 2).then(|| digits.parse().ok()).flatten()
}

/// A small number as a word, others as digits.
pub(super) fn spoken(number: u32) -> String {
    let word = match number {
        0..20 => ONES[number as usize],
        20 => "twenty",
        _ => return number.to_string(),
    };
    word.to_owned()
}

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time {
    /// Minutes on the 12-hour dial, 0–719.
    pub(super) dial: u32,
    /// Afternoon or evening, where it was said.
    pub(super) pm: Option<bool>,
}

impl Time {
    fn new(hour: u32, minute: u32, pm: Option<bool>) -> Option<Self> {
        let pm = if hour > 12 { Some(true) } else { pm };
        (hour <= 24 && minute < 60).then_some(Self { dial: hour % 12 * 60 + minute, pm })
    }

    /// The same time, as far as can be told.
    pub(super) fn matches(self, other: Self) -> bool {
        self.dial == other.dial && (self.pm.is_none() || other.pm.is_none() || self.pm == other.pm)
    }

    /// Minutes of the day, reading an open half of the day like `other`'s.
    pub(super) fn minutes(self, other: Option<Self>) -> u32 {
        let open = other.and_then(|time| time.pm).unwrap_or(self.dial < 7 * 60 + 30);
        self.dial + if self.pm.unwrap_or(open) { 720 } else { 0 }
    }

    /// As people say it: "seven thirty in the evening".
    pub(super) fn said(self) -> String {
        let hour = if self.dial < 60 { 12 } else { self.dial / 60 };
        let minute = self.dial % 60;
        let mut text = spoken(hour);
        match minute {
            0 if self.pm.is_none() => text.push_str(" o'clock"),
            0 => {}
            30 => text.push_str(" thirty"),
            15 => text.push_str(" fifteen"),
            45 => text.push_str(" forty-five"),
            minute => text.push_str(&format!(" {minute:02}")),
        }
        match self.pm {
            Some(true) if self.dial < 300 => text.push_str(" in the afternoon"),
            Some(true) if self.dial >= 540 && minute == 0 && hour == 12 => {}
            Some(true) => text.push_str(" in the evening"),
            Some(false) => text.push_str(" in the morning"),
            None => {}
        }
        text
    }
}

/// Every time of day in the text: (index of its first word, index after its last, the time).
pub(super) fn times(text: &[String]) -> Vec<(usize, usize, Time)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        match time_at(text, at) {
            Some((end, time)) => {
                let end = end.min(text.len());
                found.push((at, end, time));
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

fn time_at(text: &[String], at: usize) -> Option<(usize, Time)> {
    let word = text[at].as_str();
    let next = |i: usize| text.get(at + i).map(String::as_str).unwrap_or_default();
    match word {
        "noon" => return Some((at + 1, Time { dial: 0, pm: Some(true) })),
        "half" if next(1) == "past" => {
            let (end, pm) = half_of_day(text, at + 3);
            return Some((end, Time::new(number(next(2))?, 30, pm)?));
        }
        "quarter" if matches!(next(1), "past" | "to") => {
            let (end, pm) = half_of_day(text, at + 3);
            let hour = number(next(2))?;
            let time = if next(1) == "past" {
                Time::new(hour, 15, pm)
            } else {
                Time::new((hour + 11) % 12, 45, pm)
            };
            return Some((end, time?));
        }
        _ => {}
    }
    let (bare, suffix) = split_suffix(word);
    if let Some((hour, minute)) = bare.split_once([':', '.']) {
        if minute.len() != 2 {
            return None;
        }
        let (end, pm) = half_of_day(text, at + 1);
        return Some((end, Time::new(hour.parse().ok()?, minute.parse().ok()?, suffix.or(pm))?));
    }
    let hour = number(bare).filter(|hour| (1..=24).contains(hour))?;
    if suffix.is_some() {
        return Some((at + 1, Time::new(hour, 0, suffix)?));
    }
    let minute =
        number(next(1)).filter(|m| matches!(m, 10 | 15 | 20 | 30 | 40 | 45 | 50) && hour <= 12);
    let after = at + 1 + usize::from(minute.is_some());
    let after = after + usize::from(text.get(after).is_some_and(|word| word == "o'clock"));
    let (end, pm) = half_of_day(text, after);
    let before = at.checked_sub(1).map(|i| text[i].as_str()).unwrap_or_default();
    let marked = minute.is_some()
        || end > at + 1
        || matches!(
            before,
            "at" | "after" | "before" | "until" | "till" | "by" | "around" | "past" | "from"
        );
    if marked { Some((end, Time::new(hour, minute.unwrap_or(0), pm)?)) } else { None }
}

fn split_suffix(word: &str) -> (&str, Option<bool>) {
    for (suffix, pm) in [("pm", true), ("p.m", true), ("am", false), ("a.m", false)] {
        if let Some(bare) = word.strip_suffix(suffix)
            && bare.ends_with(|c: char| c.is_ascii_digit())
        {
            return (bare, Some(pm));
        }
    }
    (word, None)
}

/// "pm", "in the evening", "tonight" after a time: the index after it, and which half.
fn half_of_day(text: &[String], at: usize) -> (usize, Option<bool>) {
    let word = |i: usize| text.get(at + i).map(String::as_str).unwrap_or_default();
    match word(0) {
        "pm" | "p.m" | "p" => (at + 1 + usize::from(word(0) == "p"), Some(true)),
        "am" | "a.m" => (at + 1, Some(false)),
        "tonight" => (at + 1, Some(true)),
        "in" if word(1) == "the" => match word(2) {
            "evening" | "afternoon" => (at + 3, Some(true)),
            "morning" => (at + 3, Some(false)),
            _ => (at, None),
        },
        _ => (at, None),
    }
}

/// Names of days, as they are understood and said.
pub(super) const DAYS: &[&str] = &[
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "today",
    "tomorrow",
    "tonight",
];
/// Names of months.
pub(super) const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Every day named in the text.
pub(super) fn days(text: &[String]) -> Vec<&'static str> {
    let day = |word: &String| {
        DAYS.iter()
            .find(|day| alike(word.trim_end_matches("'s"), day) || **word == format!("{day}s"))
    };
    text.iter().filter_map(day).copied().collect()
}

/// With a capital, as days and names are written.
pub(super) fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}
