//! Words of a menu: splitting, stems, likeness, keys by name and by mishearing.

use dtmf::Digit;

/// What stands before a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Break {
    /// Nothing.
    None,
    /// A comma, or the border of two recognised pieces.
    Comma,
    /// The end of a sentence.
    Stop,
}

/// One word and what stands before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) word: String,
    pub(super) before: Break,
}

/// The words of recognised pieces in order, lower case.
pub(super) fn tokens<'a>(pieces: impl Iterator<Item = &'a str>) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut before = Break::None;
    for piece in pieces {
        before = before.max(Break::Comma);
        for part in piece.split_whitespace() {
            let lower = part.to_lowercase().replace('’', "'");
            let word = lower.trim_matches(|c: char| !(c.is_alphanumeric() || c == '*' || c == '#'));
            if !word.is_empty() {
                let first = tokens.is_empty();
                let mut before = if first { Break::Stop } else { before };
                for word in unhyphened(word) {
                    tokens.push(Token { word: word.to_owned(), before });
                    before = Break::None;
                }
            }
            before = match lower.trim_end_matches(['"', '\'', ')', '”']).chars().next_back() {
                Some('.' | '!' | '?' | ';' | ':') => Break::Stop,
                Some(',' | '—' | '–') => Break::Comma,
                _ if word.is_empty() => before,
                _ => Break::None,
            };
        }
    }
    tokens
}

/// "one-four" is what recognisers make of "one for".
fn unhyphened(word: &str) -> impl Iterator<Item = &str> {
    let is_run = word.split('-').all(|part| key(part).is_some() || matches!(part, "for" | "to"));
    let (run, whole) = if is_run { (Some(word), None) } else { (None, Some(word)) };
    run.into_iter().flat_map(|run| run.split('-')).chain(whole)
}

/// Words that say nothing about a topic.
const EMPTY: &[&str] = &[
    "a",
    "about",
    "all",
    "am",
    "an",
    "and",
    "any",
    "are",
    "as",
    "ask",
    "at",
    "be",
    "by",
    "call",
    "calling",
    "can",
    "choose",
    "could",
    "dial",
    "do",
    "find",
    "for",
    "from",
    "get",
    "have",
    "hear",
    "i",
    "i'd",
    "if",
    "in",
    "inquiries",
    "inquiry",
    "is",
    "it",
    "like",
    "make",
    "may",
    "me",
    "my",
    "need",
    "now",
    "of",
    "on",
    "one's",
    "or",
    "our",
    "out",
    "please",
    "press",
    "question",
    "questions",
    "regarding",
    "say",
    "select",
    "should",
    "so",
    "some",
    "speak",
    "talk",
    "tell",
    "that",
    "the",
    "their",
    "them",
    "there",
    "they",
    "this",
    "to",
    "us",
    "want",
    "was",
    "we",
    "what",
    "when",
    "whether",
    "which",
    "will",
    "wish",
    "with",
    "would",
    "you",
    "your",
    "you'd",
    "information",
    "regarding",
    "concerning",
    "department",
    "existing",
    "new",
    "other",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "zero",
    "service",
    "services",
    "customer",
    "number",
    "key",
    "option",
    "options",
    "who",
    "how",
];

/// The stem of a word: plural, `-ing` and `-ed` taken off.
pub(in crate::menu) fn stem(word: &str) -> String {
    let cut = |word: &str, end: &str, keep: usize| {
        word.strip_suffix(end).filter(|rest| rest.len() >= keep).map(str::to_owned)
    };
    if let Some(rest) = cut(word, "ies", 3) {
        return rest + "y";
    }
    cut(word, "ing", 4)
        .or_else(|| cut(word, "ed", 4))
        .or_else(|| cut(word, "'s", 3))
        .or_else(|| cut(word, "s", 3).filter(|_| !word.ends_with("ss") && !word.ends_with("us")))
        .unwrap_or_else(|| word.to_owned())
}

/// The stems of the words that say something.
pub(in crate::menu) fn content(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '\''));
    let lower = words.map(str::to_lowercase).filter(|word| word.len() > 1);
    lower.filter(|word| !EMPTY.contains(&word.as_str())).map(|word| stem(&word)).collect()
}

/// The stems that tell this menu from another: without keys, and without what every menu says.
pub(super) fn telling(text: &str) -> Vec<String> {
    const EVERYWHERE: &[&str] = &[
        "return", "previous", "main", "menu", "again", "repeat", "back", "go", "listen",
        "followed", "then", "pressed", "hold", "line", "welcome", "thank",
    ];
    let mut words = content(text);
    words.retain(|word| {
        key(word).is_none() && misheard_key(word).is_none() && !EVERYWHERE.contains(&word.as_str())
    });
    words
}

/// The same word, or a long one with one letter wrong.
pub(in crate::menu) fn alike(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    if short.len() < 5 {
        return false;
    }
    let same = short.iter().zip(long.iter()).take_while(|(x, y)| x == y).count();
    match long.len() - short.len() {
        0 => short[same + 1..] == long[same + 1..],
        1 => short[same..] == long[same + 1..],
        _ => false,
    }
}

/// "press" and what recognisers make of it, and its sisters.
pub(super) fn is_press(word: &str) -> bool {
    const SAID: &[&str] = &[
        "press", "presses", "pressed", "pres", "presse", "dress", "pressing", "push", "dial",
        "hit", "touch", "select", "choose", "type", "enter", "oprima", "marque", "pulse",
        "presione", "option",
    ];
    SAID.contains(&word)
}

/// A key by its name, wherever it stands.
pub(super) fn key(word: &str) -> Option<Digit> {
    const NAMES: &[(&str, char)] = &[
        ("zero", '0'),
        ("one", '1'),
        ("two", '2'),
        ("three", '3'),
        ("four", '4'),
        ("five", '5'),
        ("six", '6'),
        ("seven", '7'),
        ("eight", '8'),
        ("nine", '9'),
        ("star", '*'),
        ("asterisk", '*'),
        ("pound", '#'),
        ("hash", '#'),
        ("uno", '1'),
        ("dos", '2'),
        ("tres", '3'),
        ("nueve", '9'),
    ];
    let name = NAMES.iter().find(|(name, _)| *name == word).map(|(_, key)| *key);
    let mut chars = word.chars();
    let bare = chars
        .next()
        .filter(|c| chars.next().is_none() && (c.is_ascii_digit() || "*#".contains(*c)));
    Digit::try_from(name.or(bare)?).ok()
}

/// A key by what its name is misheard as; only just after "press".
pub(super) fn misheard_key(word: &str) -> Option<Digit> {
    const HEARD: &[(&str, char)] = &[
        ("oh", '0'),
        ("o", '0'),
        ("hero", '0'),
        ("won", '1'),
        ("want", '1'),
        ("to", '2'),
        ("too", '2'),
        ("tu", '2'),
        ("tree", '3'),
        ("free", '3'),
        ("for", '4'),
        ("fore", '4'),
        ("door", '4'),
        ("fife", '5'),
        ("fine", '5'),
        ("hive", '5'),
        ("sicks", '6'),
        ("sex", '6'),
        ("sick", '6'),
        ("ate", '8'),
        ("hate", '8'),
        ("nein", '9'),
        ("mine", '9'),
        ("our", '*'),
        ("stair", '*'),
        ("hatch", '#'),
        ("ash", '#'),
        ("has", '#'),
    ];
    let heard = HEARD.iter().find(|(heard, _)| *heard == word).map(|(_, key)| *key);
    // Of "star" and "pound" at least the end is heard.
    let ends = |ends: &[&str]| ends.iter().any(|end| word.ends_with(end));
    let by_end = || match word.len() {
        3..=6 if ends(&["ar", "are", "art"]) => Some('*'),
        4..=7 if ends(&["ound", "ounds", "ond"]) => Some('#'),
        _ => None,
    };
    Digit::try_from(heard.or_else(by_end)?).ok()
}

/// A key's name as it is said.
pub(in crate::menu) fn spoken(key: Digit) -> &'static str {
    match key.as_char() {
        '*' => "star",
        '#' => "pound",
        other => other.to_digit(10).map_or("", |digit| crate::numerals::ONES[digit as usize]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_the_breaks_before_them() {
        let got = tokens(["For sales, press 1.", "Press \"star\""].into_iter());
        let got: Vec<_> = got.iter().map(|t| (t.word.as_str(), t.before)).collect();
        let (n, c, s) = (Break::None, Break::Comma, Break::Stop);
        assert_eq!(
            got,
            [("for", s), ("sales", n), ("press", c), ("1", n), ("press", s), ("star", n)]
        );
    }

    #[test]
    fn stems_and_likeness() {
        for (word, expected) in [
            ("bills", "bill"),
            ("billing", "bill"),
            ("inquiries", "inquiry"),
            ("booking", "book"),
            ("address", "address"),
            ("previous", "previous"),
            ("is", "is"),
        ] {
            assert_eq!(stem(word), expected);
        }
        assert!(alike("invoice", "invoise") && alike("reservation", "reservations"));
        assert!(!alike("sale", "sole") && !alike("billing", "pulling"));
    }
}
