//! Text to plain spoken words, each with its place in the text.
//!
//! Numbers, money, dates, times, telephone numbers, e-mail addresses, initials and abbreviations
//! become words; mark-up and emoji fall away. What remains are letters, apostrophes, hyphens and
//! `, ; : . ! ?`, so nothing else reaches the dictionary.

mod clock;
mod codes;
mod number;
mod quantity;
mod tables;
mod written;

use super::ModelError;
use tables::Tables;

/// What a stretch of the text is spoken as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Byte offset of the stretch in the text.
    pub(super) at: u32,
    /// Words and the punctuation behind them.
    pub(super) spoken: String,
}

impl Piece {
    /// Whether a sentence ends with it.
    pub(super) fn ends_sentence(&self) -> bool {
        self.spoken.ends_with(['.', '!', '?'])
    }
}

/// A word of the text without the punctuation around it.
#[derive(Clone, Copy, Debug)]
struct Word<'a> {
    at: u32,
    /// With everything around it.
    raw: &'a str,
    core: &'a str,
    tail: &'a str,
}

impl<'a> Word<'a> {
    fn new(at: u32, raw: &'a str) -> Self {
        const OPENING: &[char] =
            &['(', '[', '{', '"', '“', '\'', '‘', '*', '_', '`', '~', '>', '<'];
        const CLOSING: &[char] = &[
            '.', ',', '!', '?', ';', ':', ')', ']', '}', '"', '”', '\'', '’', '*', '_', '`', '~',
            '…', '—', '–', '>', '|',
        ];
        let open = raw.trim_start_matches(OPENING);
        let core = open.trim_end_matches(CLOSING);
        Self { at, raw, core, tail: &open[core.len()..] }
    }

    fn is_capitalised(&self) -> bool {
        self.core.starts_with(char::is_uppercase)
    }
}

/// What to do with a full stop behind what was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// It ends the sentence.
    Ends,
    /// It belongs to the abbreviation, unless nothing or a new sentence follows.
    MayEnd,
    /// It belongs to the abbreviation, unless nothing follows.
    Abbreviates,
}

/// How one or more words are read.
struct Reading {
    words: usize,
    spoken: String,
    stop: Stop,
}

impl Reading {
    fn new(words: usize, spoken: impl Into<String>) -> Self {
        Self { words, spoken: spoken.into(), stop: Stop::Ends }
    }
}

/// A rule reads the words from index `i` on, or leaves them to the next rule.
type Rule = fn(&Tables, &[Word<'_>], usize) -> Option<Reading>;

/// In order of precedence.
const RULES: [Rule; 15] = [
    codes::address,
    codes::telephone,
    clock::time,
    clock::numeric_date,
    clock::month_and_day,
    clock::day_and_month,
    quantity::money,
    quantity::with_unit,
    quantity::ordinal,
    quantity::fraction_or_range,
    codes::code,
    quantity::plain,
    written::abbreviation,
    written::roman,
    codes::mixed,
];

/// Reads text.
pub(super) struct Normaliser {
    tables: Tables,
}

impl Normaliser {
    pub(super) fn new(table: &str) -> Result<Self, ModelError> {
        Ok(Self { tables: Tables::parse(table)? })
    }

    /// The pieces of a text, in order.
    pub(super) fn pieces(&self, text: &str) -> Vec<Piece> {
        let words: Vec<_> = crate::tts::words(text).map(|(at, raw)| Word::new(at, raw)).collect();
        let (mut pieces, mut i): (Vec<Piece>, usize) = (Vec::new(), 0);
        while i < words.len() {
            let reading = RULES
                .iter()
                .find_map(|rule| rule(&self.tables, &words, i))
                .unwrap_or_else(|| written::word(&self.tables, words[i].core));
            let last = i + reading.words.max(1) - 1;
            let tail = words.get(last).map_or("", |word| word.tail);
            let mark = mark(tail, reading.stop, words.get(last + 1));
            let spoken = plain(&reading.spoken);
            if spoken.is_empty() {
                // A dash or a stray mark: a pause behind what came before.
                let pause = mark.unwrap_or(',');
                if let Some(before) = pieces.last_mut().filter(|p| ends_in_word(&p.spoken)) {
                    before.spoken.push(pause);
                }
            } else {
                let mut piece = Piece { at: words[i].at, spoken };
                piece.spoken.extend(mark.filter(|_| ends_in_word(&piece.spoken)));
                pieces.push(piece);
            }
            i = last + 1;
        }
        pieces
    }
}

fn ends_in_word(spoken: &str) -> bool {
    spoken.ends_with(|c: char| c.is_alphanumeric() || c == '\'')
}

/// The one mark that stands for the punctuation behind a word.
fn mark(tail: &str, stop: Stop, next: Option<&Word<'_>>) -> Option<char> {
    if let Some(strong) = tail.chars().find(|c| matches!(c, '?' | '!')) {
        return Some(strong);
    }
    if tail.contains(['.', '…']) {
        let ends = match stop {
            Stop::Ends => true,
            Stop::MayEnd => next.is_none_or(Word::is_capitalised),
            Stop::Abbreviates => next.is_none(),
        };
        if ends {
            return Some('.');
        }
    }
    tail.chars().find_map(|c| match c {
        ',' | ';' | ':' => Some(c),
        '—' | '–' | ')' => Some(','),
        _ => None,
    })
}

/// Keeps what the dictionary may see; everything else parts words.
fn plain(spoken: &str) -> String {
    let kept = spoken.chars().map(|c| match c {
        '’' | '‘' => '\'',
        c if c.is_alphanumeric() || matches!(c, '\'' | '-' | ',' | '.' | ';' | ':' | '?' | '!') => {
            c
        }
        _ => ' ',
    });
    let kept: String = kept.collect();
    let words = kept.split_whitespace().map(|word| word.trim_start_matches([',', '-', '.', '\'']));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
