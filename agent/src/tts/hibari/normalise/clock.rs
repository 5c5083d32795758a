//! Times and dates.

use super::{
    Reading, Stop, Word,
    number::{cardinal, ordinal, pairs},
    tables::Tables,
};

/// "7:30 pm", "7:30PM", "19:05", "7pm", "7 p.m."
pub(super) fn time(_: &Tables, words: &[Word<'_>], i: usize) -> Option<Reading> {
    let core = words[i].core;
    let end = core.find(|c: char| !(c.is_ascii_digit() || c == ':')).unwrap_or(core.len());
    let (clock, suffix) = core.split_at(end);
    let mut parts = clock.split(':');
    let hour: u64 = parts.next().filter(|h| (1..=2).contains(&h.len()))?.parse().ok()?;
    let minute = match parts.next() {
        Some(minute) if minute.len() == 2 => Some(minute.parse::<u64>().ok()?),
        Some(_) => return None,
        None => None,
    };
    if parts.next().is_some() || hour > 24 || minute.is_some_and(|m| m > 59) {
        return None;
    }
    let (half, used) = match half_of_day(suffix) {
        Some(half) => (Some(half), 1),
        None if !suffix.is_empty() => return None,
        None => match words.get(i + 1).and_then(|next| half_of_day(next.core)) {
            Some(half) if words[i].tail.is_empty() => (Some(half), 2),
            _ => (None, 1),
        },
    };
    // A bare number is no time.
    if minute.is_none() && half.is_none() {
        return None;
    }
    let mut spoken = cardinal(hour);
    match minute {
        None | Some(0) if half.is_some() => {}
        None | Some(0) => spoken.push_str(" o'clock"),
        Some(minute @ 1..10) => spoken.push_str(&format!(" oh {}", cardinal(minute))),
        Some(minute) => spoken.push_str(&format!(" {}", cardinal(minute))),
    }
    if let Some(half) = half {
        spoken.push(' ');
        spoken.push_str(half);
    }
    Some(Reading { words: used, spoken, stop: Stop::MayEnd })
}

/// "am", "P.M", "p.m" (the last dot is punctuation).
fn half_of_day(suffix: &str) -> Option<&'static str> {
    let letters: String = suffix.chars().filter(|c| *c != '.').collect();
    match letters.to_ascii_lowercase().as_str() {
        "am" => Some("AM"),
        "pm" => Some("PM"),
        _ => None,
    }
}

/// "3/14/2026", "3/14/26", "2026-03-14".
pub(super) fn numeric_date(tables: &Tables, words: &[Word<'_>], i: usize) -> Option<Reading> {
    let core = words[i].core;
    let split = |mark| core.split(mark).map(|part: &str| part.parse::<u64>().ok());
    let slashed: Option<Vec<u64>> = split('/').collect();
    let dashed: Option<Vec<u64>> = split('-').collect();
    let (year, month, day) = match (slashed.as_deref(), dashed.as_deref()) {
        (Some(&[month, day, year]), _) => (if year < 100 { year + 2000 } else { year }, month, day),
        (_, Some(&[year @ 1000..=2999, month, day])) => (year, month, day),
        _ => return None,
    };
    let month = tables.month_number(month)?;
    let day = (1..=31).contains(&day).then(|| ordinal(day))?;
    Some(Reading::new(1, format!("{month} {day}, {}", pairs(year))))
}

/// "March 3", "Mar. 3rd, 2026", "March 2026".
pub(super) fn month_and_day(tables: &Tables, words: &[Word<'_>], i: usize) -> Option<Reading> {
    let month = tables.month(words[i].core)?;
    let next = words.get(i + 1)?;
    if !matches!(words[i].tail, "" | ".") {
        return None;
    }
    if let Some(year) = year_of(next) {
        return Some(Reading::new(2, format!("{month} {}", pairs(year))));
    }
    let day = day_of(next)?;
    let spoken = format!("{month} {}", ordinal(day));
    match words.get(i + 2).and_then(year_of) {
        Some(year) if matches!(next.tail, "" | ",") => {
            Some(Reading::new(3, format!("{spoken}, {}", pairs(year))))
        }
        _ => Some(Reading::new(2, spoken)),
    }
}

/// "3 March", "3rd of March".
pub(super) fn day_and_month(tables: &Tables, words: &[Word<'_>], i: usize) -> Option<Reading> {
    let day = ordinal(day_of(&words[i]).filter(|_| words[i].tail.is_empty())?);
    let article = match i.checked_sub(1).map(|before| words[before].core) {
        Some("the" | "The") => "",
        _ => "the ",
    };
    let next = words.get(i + 1)?;
    let (used, month) = match tables.month(next.core) {
        Some(month) => (2, month),
        None if next.core == "of" => (3, tables.month(words.get(i + 2)?.core)?),
        None => return None,
    };
    Some(Reading::new(used, format!("{article}{day} of {month}")))
}

fn day_of(word: &Word<'_>) -> Option<u64> {
    let digits = word.core.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let suffix = &word.core[digits.len()..];
    let day = digits.parse().ok().filter(|day| (1..=31).contains(day))?;
    (digits.len() <= 2 && matches!(suffix, "" | "st" | "nd" | "rd" | "th")).then_some(day)
}

fn year_of(word: &Word<'_>) -> Option<u64> {
    let year = word.core.parse().ok().filter(|year| (1000..=2999).contains(year));
    year.filter(|_| word.core.len() == 4)
}
