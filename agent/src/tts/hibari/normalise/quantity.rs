//! Money, measures, ordinals, fractions, ranges and plain numbers.

use super::{
    Reading, Word,
    number::{Written, cardinal, ordinal as ordinal_words, pairs},
    tables::Tables,
};

const SCALES: [&str; 5] = ["hundred", "thousand", "million", "billion", "trillion"];

/// "$86.40", "$1,200", "£5", "$2.5 million", "$3k", "20 USD".
pub(super) fn money(tables: &Tables, words: &[Word<'_>], i: usize) -> Option<Reading> {
    let core = words[i].core;
    if let Some(number) = Written::all(core) {
        let unit = words.get(i + 1)?.core;
        let names =
            tables.currency(unit).filter(|_| unit.len() == 3 && words[i].tail.is_empty())?;
        return Some(Reading::new(2, sum(number, names)));
    }
    let (minus, core) = match core.strip_prefix('-') {
        Some(rest) => ("minus ", rest),
        None => ("", core),
    };
    let sign = core.chars().next()?;
    let names = tables.currency(sign.encode_utf8(&mut [0; 4]))?;
    let (number, rest) = Written::take(&core[sign.len_utf8()..])?;
    let next = words.get(i + 1).map(|word| word.core).filter(|_| words[i].tail.is_empty());
    let scale = match rest {
        "k" | "K" => Some("thousand"),
        "m" | "M" => Some("million"),
        "b" | "B" => Some("billion"),
        _ => None,
    };
    match (scale, next.filter(|next| SCALES.contains(next))) {
        (Some(scale), _) => {
            Some(Reading::new(1, format!("{minus}{} {scale} {}", number.quantity(), names[1])))
        }
        (None, Some(scale)) if rest.is_empty() => {
            Some(Reading::new(2, format!("{minus}{} {scale} {}", number.quantity(), names[1])))
        }
        _ if rest.is_empty() => Some(Reading::new(1, format!("{minus}{}", sum(number, names)))),
        // "$5-10", "$5/month"
        _ => rest.strip_prefix(['-', '–', '/']).map(|after| {
            let after = Written::all(after).map_or_else(|| after.to_owned(), |n| sum(n, names));
            let link = if rest.starts_with('/') { "per" } else { "to" };
            Reading::new(1, format!("{minus}{} {link} {after}", sum(number, names)))
        }),
    }
}

/// An amount with its cents.
fn sum(number: Written<'_>, names: &[String; 2]) -> String {
    let whole = Written { part: None, ..number };
    let name = if whole.is_one() { &names[0] } else { &names[1] };
    let cents = match number.part {
        Some(part) if part.len() == 2 => part.parse::<u64>().ok(),
        Some(_) => return format!("{} {}", number.quantity(), names[1]),
        None => None,
    };
    match (whole.value(), cents) {
        (Some(0), Some(cents @ 1..)) => cents_of(cents),
        (_, None | Some(0)) => format!("{} {name}", whole.quantity()),
        (_, Some(cents)) => format!("{} {name} and {}", whole.quantity(), cents_of(cents)),
    }
}

fn cents_of(cents: u64) -> String {
    format!("{} {}", cardinal(cents), if cents == 1 { "cent" } else { "cents" })
}

/// "5%", "5 km", "5km", "72°F".
pub(super) fn with_unit(tables: &Tables, words: &[Word<'_>], i: usize) -> Option<Reading> {
    let (minus, core) = match words[i].core.strip_prefix(['-', '−']) {
        Some(rest) => ("minus ", rest),
        None => ("", words[i].core),
    };
    let (number, rest) = Written::take(core)?;
    let name = |names: &[String; 2]| names[usize::from(!number.is_one())].clone();
    let degrees = if number.is_one() { "degree" } else { "degrees" };
    let named = match rest {
        "%" => Some("percent".to_owned()),
        "°" => Some(degrees.to_owned()),
        "°F" => Some(format!("{degrees} Fahrenheit")),
        "°C" => Some(format!("{degrees} Celsius")),
        "x" => Some("times".to_owned()),
        unit => tables.unit(unit).map(name),
    };
    if let Some(named) = named {
        return Some(Reading::new(1, format!("{minus}{} {named}", number.quantity())));
    }
    let next = words.get(i + 1).filter(|_| rest.is_empty() && words[i].tail.is_empty())?;
    // "5 min" but not "5 in the morning": only what cannot be a word of its own.
    let named = tables.unit(next.core).map(name)?;
    Some(Reading::new(2, format!("{minus}{} {named}", number.quantity())))
}

/// "3rd", "21st".
pub(super) fn ordinal(_: &Tables, words: &[Word<'_>], i: usize) -> Option<Reading> {
    let (number, suffix) = Written::take(words[i].core)?;
    let is_ordinal = matches!(suffix, "st" | "nd" | "rd" | "th") && number.part.is_none();
    let n = number.value().filter(|_| is_ordinal)?;
    Some(Reading::new(1, ordinal_words(n)))
}

/// "1/2", "24/7", "10-15", "6–8".
pub(super) fn fraction_or_range(_: &Tables, words: &[Word<'_>], i: usize) -> Option<Reading> {
    const PARTS: [&str; 9] =
        ["half", "third", "quarter", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];
    let (low, rest) = Written::take(words[i].core)?;
    let mark = rest.chars().next()?;
    let high = Written::all(&rest[mark.len_utf8()..])?;
    match (mark, low.value()?, high.value()?) {
        ('/', a, b @ 2..=10) if (1..b).contains(&a) => {
            let part = PARTS[b as usize - 2];
            let many = if a == 1 { "" } else { "s" };
            Some(Reading::new(1, format!("{} {part}{many}", cardinal(a))))
        }
        ('/', a, b) => Some(Reading::new(1, format!("{} {}", cardinal(a), cardinal(b)))),
        ('-' | '–', a, b) if low.whole.len() <= 4 && high.whole.len() <= 4 && a < b => {
            Some(Reading::new(1, format!("{} to {}", year_or(low), year_or(high))))
        }
        _ => None,
    }
}

/// "1,234", "3.5", "1245", "-4".
pub(super) fn plain(_: &Tables, words: &[Word<'_>], i: usize) -> Option<Reading> {
    let (minus, core) = match words[i].core.strip_prefix(['-', '−']) {
        Some(rest) => ("minus ", rest),
        None => ("", words[i].core),
    };
    let number = Written::all(core)?;
    let spoken = match number.whole.len() {
        3 if number.part.is_none() && is_house(&words[i..]) => pairs(number.value()?),
        _ => year_or(number),
    };
    Some(Reading::new(1, format!("{minus}{spoken}")))
}

/// Four digits are read like a year, others as a quantity.
fn year_or(number: Written<'_>) -> String {
    match number.value() {
        Some(n) if number.whole.len() == 4 && number.part.is_none() && n % 1000 > 0 => pairs(n),
        _ => number.quantity(),
    }
}

/// A number before the name of a street.
fn is_house(words: &[Word<'_>]) -> bool {
    const STREETS: [&str; 17] = [
        "Street",
        "St",
        "Avenue",
        "Ave",
        "Road",
        "Rd",
        "Drive",
        "Dr",
        "Lane",
        "Ln",
        "Boulevard",
        "Blvd",
        "Court",
        "Way",
        "Place",
        "Parkway",
        "Highway",
    ];
    words.iter().skip(1).take(4).any(|word| STREETS.contains(&word.core))
}
