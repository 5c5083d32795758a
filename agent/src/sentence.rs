//! From the model's stream of tokens to speakable pieces: sentences, and clauses of long ones.
//!
//! The first piece is short, so that sound starts early. Nothing is cut inside a number, a time, an
//! abbreviation or an e-mail address.

/// Cuts a stream of text into pieces for the voice.
#[derive(Clone, Debug, Default)]
pub struct Splitter {
    /// What is not yet a piece. Never longer than [`Splitter::PIECE_CHARS_MAX`] plus one delta.
    rest: String,
    pieces: u32,
}

/// Words that end in a full stop and no sentence with it.
const TITLES: &[&str] = &[
    "dr", "mr", "mrs", "ms", "prof", "st", "jr", "sr", "no", "vs", "e.g", "i.e", "approx", "apt",
    "ave", "dept", "ext", "mt", "gen", "sen", "rev", "inc", "ltd", "co",
];

/// Words that end in a full stop and may end a sentence: the next word's capital decides.
const SHORT_FORMS: &[&str] = &["a.m", "p.m", "etc", "u.s", "u.k"];

impl Splitter {
    /// The first piece may already end at a comma when it is this long, in characters.
    pub const FIRST_CHARS_MIN: usize = 24;
    /// Later pieces end at a comma only when they are this long.
    pub const CLAUSE_CHARS_MIN: usize = 120;
    /// A piece that finds no other end is cut between two words here.
    pub const PIECE_CHARS_MAX: usize = 240;

    /// Takes in more text; gives the pieces that are complete.
    pub fn push(&mut self, delta: &str) -> Vec<String> {
        self.rest.extend(delta.chars().filter(|c| !matches!(c, '*' | '`' | '#' | '\r')));
        let mut pieces = Vec::new();
        while let Some(end) = self.end_of_piece() {
            let piece: String = self.rest.drain(..end).collect();
            self.keep(&piece, &mut pieces);
        }
        pieces
    }

    /// No more text comes: gives what is left, if it can be spoken.
    pub fn finish(&mut self) -> Option<String> {
        let piece = std::mem::take(&mut self.rest);
        let mut pieces = Vec::new();
        self.keep(&piece, &mut pieces);
        self.pieces = 0;
        pieces.pop()
    }

    fn keep(&mut self, piece: &str, pieces: &mut Vec<String>) {
        let piece = piece.split_whitespace().collect::<Vec<_>>().join(" ");
        if piece.chars().any(char::is_alphanumeric) {
            self.pieces += 1;
            pieces.push(piece);
        }
    }

    /// Byte position just after the first complete piece.
    fn end_of_piece(&self) -> Option<usize> {
        let clause_min =
            if self.pieces == 0 { Self::FIRST_CHARS_MIN } else { Self::CLAUSE_CHARS_MIN };
        let mut last_space = None;
        for (count, (at, c)) in self.rest.char_indices().enumerate() {
            let end = at + c.len_utf8();
            let (before, after) = (&self.rest[..at], &self.rest[end..]);
            let spaced = after.starts_with(char::is_whitespace);
            let ends = match c {
                '\n' => !before.trim().is_empty(),
                '!' | '?' | '…' => spaced,
                '.' => spaced && stop_ends_sentence(before, after),
                ',' | ';' | ':' | '—' | '–' => {
                    spaced && count + 1 >= clause_min && !between_digits(before, after)
                }
                _ => false,
            };
            if ends {
                return Some(end);
            }
            if c.is_whitespace() && !before.is_empty() && !between_digits(before, after) {
                last_space = Some(end);
            }
            if count + 1 >= Self::PIECE_CHARS_MAX {
                return Some(last_space.unwrap_or(end));
            }
        }
        None
    }
}

fn between_digits(before: &str, after: &str) -> bool {
    let left = before.trim_end().chars().next_back();
    let right = after.trim_start().chars().next();
    left.is_some_and(|c| c.is_ascii_digit()) && right.is_none_or(|c| c.is_ascii_digit())
}

/// Whether the full stop between `before` and `after` (which starts with a space) ends a sentence.
fn stop_ends_sentence(before: &str, after: &str) -> bool {
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let word = word.trim_start_matches(['(', '"', '\'']).to_lowercase();
    let next = after.trim_start().chars().next();
    if TITLES.contains(&word.as_str()) {
        return false;
    }
    if SHORT_FORMS.contains(&word.as_str()) {
        // Not yet known: wait for the next word, or for the end.
        return next.is_some_and(char::is_uppercase);
    }
    let initial = word.chars().count() == 1 && word != "i" && word.chars().all(char::is_alphabetic);
    !initial || next.is_some_and(|c| !c.is_uppercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(text: &str, step: usize) -> Vec<String> {
        let mut splitter = Splitter::default();
        let mut pieces = Vec::new();
        let chars: Vec<char> = text.chars().collect();
        for chunk in chars.chunks(step) {
            pieces.extend(splitter.push(&chunk.iter().collect::<String>()));
        }
        pieces.extend(splitter.finish());
        pieces
    }

    #[test]
    fn text_falls_into_speakable_pieces() {
        let table: &[(&str, &[&str])] = &[
            ("Hello.", &["Hello."]),
            ("Hi. How are you? Fine!", &["Hi.", "How are you?", "Fine!"]),
            ("Dr. Keller is in.", &["Dr. Keller is in."]),
            ("At 7.30 or 8.15 please.", &["At 7.30 or 8.15 please."]),
            ("At 7 p.m. on Friday.", &["At 7 p.m. on Friday."]),
            ("At 7 p.m. Thank you.", &["At 7 p.m.", "Thank you."]),
            ("Is 7 p.m. fine?", &["Is 7 p.m. fine?"]),
            ("It is ann.lee@example.com. Bye.", &["It is ann.lee@example.com.", "Bye."]),
            ("J. Smith called.", &["J. Smith called."]),
            ("It costs $1,250.50 in all.", &["It costs $1,250.50 in all."]),
            ("**Yes**, `please`.", &["Yes, please."]),
            ("One\nTwo", &["One", "Two"]),
            ("… ?! .", &[]),
            ("", &[]),
            (
                "Hi, I'm calling to book a table, for two people on Friday.",
                &["Hi, I'm calling to book a table,", "for two people on Friday."],
            ),
            (
                "My number is 212, 555, 0123, and that is all.",
                &["My number is 212, 555, 0123,", "and that is all."],
            ),
            ("That's it. 555 0123. Right?", &["That's it.", "555 0123.", "Right?"]),
        ];
        for (text, pieces) in table {
            for step in [1, 3, 1000] {
                assert_eq!(split(text, step), *pieces, "{text:?} in steps of {step}");
            }
        }
    }

    #[test]
    fn a_sentence_without_end_is_cut_between_words() {
        let text = "word ".repeat(200);
        for piece in split(&text, 7) {
            assert!(piece.chars().count() <= Splitter::PIECE_CHARS_MAX, "{piece}");
            assert!(piece.split(' ').all(|word| word == "word"), "{piece}");
        }
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_no_piece_is_too_long(text in "[a-z0-9 .,?\n]{0,600}", step in 1usize..40) {
            let pieces = split(&text, step);
            let letters = |s: &str| s.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            prop_assert_eq!(letters(&pieces.concat()), letters(&text));
            for piece in pieces {
                prop_assert!(piece.chars().count() <= Splitter::PIECE_CHARS_MAX);
            }
        }
    }
}
