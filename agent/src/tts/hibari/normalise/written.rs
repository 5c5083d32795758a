//! Words that are not spoken as they are written: abbreviations, titles, initials, symbols.

use super::{
    Reading, Stop, Word,
    number::{cardinal, ordinal, roman as roman_value},
    tables::Tables,
};

/// "Dr. Lee", "Maple Dr.", "St. Mary", "Main St.", "J. K.", "U.S.", "approx."
pub(super) fn abbreviation(tables: &Tables, words: &[Word<'_>], i: usize) -> Option<Reading> {
    let word = &words[i];
    let has_dot = word.tail.starts_with('.');
    let next = words.get(i + 1);
    let before = i.checked_sub(1).map(|before| &words[before]);
    let names_next = next.is_some_and(Word::is_capitalised);
    let dotted = format!("{}.", word.core);
    let reading = |spoken: &str, stop| Some(Reading { words: 1, spoken: spoken.to_owned(), stop });
    // "Maple Dr.", "12 Main St": behind a name and not before one.
    if let "Dr" | "St" | "Ave" | "Blvd" | "Rd" | "Ln" | "Ct" = word.core {
        let after_name = before.is_some_and(|b| b.is_capitalised() && b.tail.is_empty());
        if after_name && (!names_next || word.tail.contains(',')) {
            let street = if word.core == "Dr" { "Drive" } else { tables.abbreviation(&dotted)? };
            return reading(street, Stop::MayEnd);
        }
    }
    if let Some(title) = tables.title(word.core).filter(|_| names_next) {
        return reading(title, Stop::Abbreviates);
    }
    if let Some(full) = tables.abbreviation(&dotted).filter(|_| has_dot) {
        // "no." is mostly the answer, not the number.
        let counts = next.is_some_and(|next| next.core.starts_with(|c: char| c.is_ascii_digit()));
        let is_no = word.core.eq_ignore_ascii_case("no");
        return if is_no && !counts { None } else { reading(full, Stop::Abbreviates) };
    }
    if let Some(full) = tables.abbreviation(word.core) {
        return reading(full, Stop::Ends);
    }
    initials(word.core, has_dot)
}

/// "J", "U.S", "e.g": letters with dots between them, or one capital with a dot behind it.
fn initials(core: &str, has_dot: bool) -> Option<Reading> {
    let letters: Vec<&str> = core.split('.').collect();
    let single =
        letters.iter().all(|l| l.chars().count() == 1 && l.chars().all(char::is_alphabetic));
    let is_one =
        letters.len() == 1 && has_dot && core != "I" && core.chars().all(char::is_uppercase);
    if !single || !(letters.len() > 1 || is_one) {
        return None;
    }
    let stop = if is_one { Stop::Abbreviates } else { Stop::MayEnd };
    Some(Reading { words: 1, spoken: spell(&letters.concat()), stop })
}

/// Letter by letter. "A" alone would be read as the article.
pub(super) fn spell(word: &str) -> String {
    let letters = word.chars().filter(|c| c.is_alphanumeric()).map(|c| match c {
        'a' | 'A' => "ay".to_owned(),
        c => c.to_uppercase().collect(),
    });
    letters.collect::<Vec<_>>().join(" ")
}

/// "Chapter IV", "Henry VIII".
pub(super) fn roman(tables: &Tables, words: &[Word<'_>], i: usize) -> Option<Reading> {
    let before = &words[i.checked_sub(1)?];
    let value = roman_value(words[i].core).filter(|_| before.tail.is_empty())?;
    // "I" behind a name is mostly the speaker.
    if tables.orders_in_roman(before.core) && words[i].core != "I" {
        Some(Reading::new(1, format!("the {}", ordinal(value))))
    } else if tables.counts_in_roman(before.core) {
        Some(Reading::new(1, cardinal(value)))
    } else {
        None
    }
}

/// Any other word: symbols become words, slashes part words.
pub(super) fn word(_: &Tables, core: &str) -> Reading {
    let mut spoken = String::with_capacity(core.len());
    for c in core.chars() {
        match c {
            '&' => spoken.push_str(" and "),
            '+' => spoken.push_str(" plus "),
            '=' => spoken.push_str(" equals "),
            '@' => spoken.push_str(" at "),
            '%' => spoken.push_str(" percent "),
            '°' => spoken.push_str(" degrees "),
            '—' | '–' => spoken.push_str(", "),
            // Between letters a dot or a slash parts words.
            '.' | '/' | ':' | ';' => spoken.push(' '),
            c => spoken.push(c),
        }
    }
    Reading::new(1, spoken)
}
