//! What people read character by character: telephone numbers, codes, e-mail addresses.

use super::{
    Reading, Word,
    number::{digit_groups, digits},
    tables::Tables,
    written::spell,
};

/// Digits in a row, from which on a bare number is read digit by digit.
const BARE_DIGITS_MIN: usize = 5;
/// Words a telephone number may be written in.
const TELEPHONE_WORDS_MAX: usize = 5;

/// "(555) 123-4567", "+1 555 123 4567", "555.123.4567", "5551234567".
pub(super) fn telephone(_: &Tables, words: &[Word<'_>], i: usize) -> Option<Reading> {
    let is_part = |word: &Word<'_>| {
        let raw = word.raw.trim_end_matches(['.', ',', '!', '?', ';', ':']);
        let allowed = |c: char| c.is_ascii_digit() || matches!(c, '(' | ')' | '+' | '-' | '.');
        raw.chars().any(|c| c.is_ascii_digit()) && raw.chars().all(allowed)
    };
    let mut written = String::new();
    let mut used = 0;
    for word in words[i..].iter().take(TELEPHONE_WORDS_MAX).take_while(|word| is_part(word)) {
        written.push_str(word.raw);
        written.push(' ');
        used += 1;
        if word.raw.ends_with(['.', ',', '!', '?', ';', ':']) {
            break;
        }
    }
    let groups: Vec<&str> =
        written.split(|c: char| !c.is_ascii_digit()).filter(|g| !g.is_empty()).collect();
    let count: usize = groups.iter().map(|group| group.len()).sum();
    let international = written.starts_with('+');
    let shaped = match groups.iter().map(|group| group.len()).collect::<Vec<_>>().as_slice() {
        [3, 4] | [3, 3, 4] | [1, 3, 3, 4] => true,
        [10 | 11] => used == 1,
        _ => international && (7..=15).contains(&count),
    };
    if !shaped {
        return None;
    }
    let spoken = match groups.as_slice() {
        [one] => digit_groups(one),
        _ => groups.iter().map(|group| digits(group)).collect::<Vec<_>>().join(", "),
    };
    Some(Reading::new(used, if international { format!("plus {spoken}") } else { spoken }))
}

/// A number that stands for itself: five digits and more, a leading zero, or three and more after a
/// word like "code".
pub(super) fn code(_: &Tables, words: &[Word<'_>], i: usize) -> Option<Reading> {
    const NAMES: [&str; 18] = [
        "code",
        "number",
        "pin",
        "account",
        "confirmation",
        "reference",
        "order",
        "extension",
        "ext",
        "id",
        "ending",
        "card",
        "case",
        "ticket",
        "zip",
        "press",
        "passcode",
        "policy",
    ];
    let core = words[i].core.strip_prefix('#').unwrap_or(words[i].core);
    let parts: Vec<&str> = core.split('-').collect();
    let all_digits = parts.iter().all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    if !all_digits {
        return None;
    }
    let hash = if core.len() < words[i].core.len() { "number " } else { "" };
    let named = words[i.saturating_sub(3)..i]
        .iter()
        .any(|word| NAMES.contains(&word.core.to_lowercase().as_str()));
    let count: usize = parts.iter().map(|part| part.len()).sum();
    let is_code = count >= BARE_DIGITS_MIN
        || (core.starts_with('0') && count > 1)
        || (named && count >= 3)
        || parts.len() > 2;
    let spoken = match parts.as_slice() {
        _ if !is_code && hash.is_empty() => return None,
        [one] if !is_code => return Some(Reading::new(1, format!("{hash}{}", quantity(one)))),
        [one] => digit_groups(one),
        _ => parts.iter().map(|part| digits(part)).collect::<Vec<_>>().join(", "),
    };
    Some(Reading::new(1, format!("{hash}{spoken}")))
}

fn quantity(text: &str) -> String {
    super::number::Written::all(text).map(|number| number.quantity()).unwrap_or_default()
}

/// `dana.whitfield@example.com`, `www.example.com/menu`, `https://example.org`.
pub(super) fn address(_: &Tables, words: &[Word<'_>], i: usize) -> Option<Reading> {
    const ENDINGS: [&str; 8] = [".com", ".org", ".net", ".edu", ".gov", ".io", ".co", ".us"];
    let core = words[i].core;
    let lower = core.to_ascii_lowercase();
    let host = lower.split('/').next().unwrap_or_default();
    let is_mail =
        core.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    let is_site = lower.starts_with("www.")
        || lower.starts_with("http")
        || ENDINGS.iter().any(|ending| host.ends_with(ending) && host.len() > ending.len());
    if !is_mail && !is_site {
        return None;
    }
    let mut spoken = String::new();
    let plain = lower.trim_start_matches("https://").trim_start_matches("http://");
    for c in plain.trim_end_matches('/').chars() {
        match c {
            '@' => spoken.push_str(" at "),
            '.' => spoken.push_str(" dot "),
            '-' => spoken.push_str(" dash "),
            '_' => spoken.push_str(" underscore "),
            '+' => spoken.push_str(" plus "),
            '/' => spoken.push_str(" slash "),
            '0'..='9' => {
                spoken.push(' ');
                spoken.push_str(&digits(c.encode_utf8(&mut [0; 4])));
                spoken.push(' ');
            }
            c if c.is_alphanumeric() => spoken.push(c),
            _ => spoken.push(' '),
        }
    }
    let said = spoken.split_whitespace().map(|word| match word {
        "www" => "W W W".to_owned(),
        "io" => "I O".to_owned(),
        // A lone letter or two are an initial, not a word.
        word if word.len() <= 2 && !matches!(word, "at" | "co" | "me" | "to" | "us" | "my") => {
            spell(word)
        }
        word => word.to_owned(),
    });
    Some(Reading::new(1, said.collect::<Vec<_>>().join(" ")))
}

/// Letters and digits together: "AB12CD", "B-52", "gate 14B", "7-year-old", "COVID-19".
pub(super) fn mixed(tables: &Tables, words: &[Word<'_>], i: usize) -> Option<Reading> {
    let core = words[i].core;
    let has = |is: fn(&u8) -> bool| core.bytes().any(|b| is(&b));
    if !has(u8::is_ascii_digit) {
        return None;
    }
    let mut spoken: Vec<String> = Vec::new();
    for part in core.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()) {
        let mut rest = part;
        while let Some(first) = rest.chars().next() {
            let is_digit = first.is_ascii_digit();
            let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            let whole = run.len() == part.len();
            spoken.push(match is_digit {
                true if whole && run.len() <= 2 => quantity(run),
                true => digits(run),
                false if whole && run.len() > 3 => super::written::word(tables, run).spoken,
                false if run.len() <= 3 && run.chars().all(|c| c.is_ascii_uppercase()) => {
                    spell(run)
                }
                false => super::written::word(tables, run).spoken,
            });
            rest = after;
        }
    }
    Some(Reading::new(1, spoken.join(" ")))
}
