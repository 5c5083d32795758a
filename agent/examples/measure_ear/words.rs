//! Word error rate, after both texts were brought to the same spelling.

use agent::numerals::{ONES, TENS};

/// Two spellings of the same words.
const SAME: [(&str, &str); 13] = [
    ("voice mail", "voicemail"),
    ("mail box", "mailbox"),
    ("log in", "login"),
    ("logged in", "loggedin"),
    ("e mail", "email"),
    ("touch tone", "touchtone"),
    ("key pad", "keypad"),
    ("re enter", "reenter"),
    ("re entered", "reentered"),
    ("re record", "rerecord"),
    ("can not", "cannot"),
    ("okay", "ok"),
    ("hang up", "hangup"),
];

/// Words in lower case without punctuation, numbers as words, what stands in brackets left out.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut plain = String::new();
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            '\'' | '’' => plain.push('\''),
            '#' => plain.push_str(" pound "),
            '*' => plain.push_str(" star "),
            '%' => plain.push_str(" percent "),
            c if c.is_alphanumeric() => plain.extend(c.to_lowercase()),
            _ => plain.push(' '),
        }
    }
    let mut spelt = String::from(" ");
    for word in plain.split_whitespace() {
        match word.parse::<u32>() {
            Ok(number) => spell(number, &mut spelt),
            Err(_) => expand(word, &mut spelt),
        }
        spelt.push(' ');
    }
    for (two, one) in SAME {
        spelt = spelt.replace(&format!(" {two} "), &format!(" {one} "));
    }
    spelt.split_whitespace().map(str::to_owned).collect()
}

/// Contractions in full; other apostrophes are dropped.
fn expand(word: &str, out: &mut String) {
    const IS: [&str; 7] = ["that", "it", "there", "what", "here", "he", "she"];
    let (stem, full) = match word.rsplit_once('\'') {
        Some(("can", "t")) => ("can", "not"),
        Some(("won", "t")) => ("will", "not"),
        Some((stem, "t")) => (stem.strip_suffix('n').unwrap_or(stem), "not"),
        Some((stem, "m")) => (stem, "am"),
        Some((stem, "re")) => (stem, "are"),
        Some((stem, "ve")) => (stem, "have"),
        Some((stem, "ll")) => (stem, "will"),
        Some((stem, "s")) if IS.contains(&stem) => (stem, "is"),
        _ => (word, ""),
    };
    out.extend(stem.chars().filter(|c| *c != '\''));
    if !full.is_empty() {
        out.push(' ');
        out.push_str(full);
    }
}

fn spell(number: u32, out: &mut String) {
    let (hundreds, below) = (number / 100, number % 100);
    let thousands = hundreds / 10;
    if thousands > 0 {
        spell(thousands, out);
        out.push_str(" thousand ");
    }
    if !hundreds.is_multiple_of(10) {
        out.push_str(ONES[(hundreds % 10) as usize]);
        out.push_str(" hundred ");
    }
    if below >= 20 {
        out.push_str(TENS[(below / 10) as usize]);
        out.push(' ');
    }
    let rest = if below < 20 { below } else { below % 10 };
    if rest > 0 || number == 0 {
        out.push_str(ONES[rest as usize]);
    }
}

/// Least number of words to change, add or drop.
pub(crate) fn errors(said: &[String], heard: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, word) in said.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, other) in heard.iter().enumerate() {
            let changed = corner + usize::from(word != other);
            corner = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(corner + 1);
        }
    }
    row[heard.len()]
}
