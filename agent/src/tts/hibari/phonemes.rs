//! Spoken words to the phoneme ids of the acoustic net: `misaki-rs` for the words it knows, the
//! out-of-vocabulary net for the others, letter by letter as the last resort. No word is dropped.

use std::{collections::BTreeMap, sync::Arc};

use misaki_rs::{Fallback, G2P, Language, fallback::FallbackError};

use super::{ModelError, names, net::Oov};

/// The names of the letters A to Z, for words that nothing else can read.
const LETTERS: [&str; 26] = [
    "ˈA",
    "bˈi",
    "sˈi",
    "dˈi",
    "ˈi",
    "ˈɛf",
    "ʤˈi",
    "ˈAʧ",
    "ˈI",
    "ʤˈA",
    "kˈA",
    "ˈɛl",
    "ˈɛm",
    "ˈɛn",
    "ˈO",
    "pˈi",
    "kjˈu",
    "ˈɑɹ",
    "ˈɛs",
    "tˈi",
    "jˈu",
    "vˈi",
    "dˈʌbᵊlju",
    "ˈɛks",
    "wˈI",
    "zˈi",
];

/// Phoneme ids of one word with the space behind it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Byte offset in the text that was read.
    pub(super) at: usize,
    /// Ids of the net's vocabulary.
    pub(super) ids: Vec<i32>,
}

/// Reads text.
pub(super) struct Reader {
    g2p: G2P,
    unknown: Unknown,
    vocab: BTreeMap<char, i32>,
}

#[derive(Clone)]
struct Unknown(Arc<Oov>);

impl Unknown {
    /// Reads a word that is in no dictionary, its parts one by one.
    fn read(&self, word: &str) -> String {
        let is_part = |c: char| !(c.is_alphabetic() || c == '\'');
        let mut read = String::new();
        for part in word.split(is_part).filter(|part| part.chars().any(char::is_alphabetic)) {
            if !read.is_empty() {
                read.push(' ');
            }
            match self.0.read(part) {
                Some(phonemes) => read.push_str(&phonemes),
                None => spell(part, &mut read),
            }
        }
        read
    }
}

impl Fallback for Unknown {
    fn phonemize(&self, word: &str) -> Result<String, FallbackError> {
        Ok(self.read(word))
    }
}

fn spell(word: &str, into: &mut String) {
    for letter in word.bytes().filter(u8::is_ascii_alphabetic) {
        into.push_str(LETTERS[usize::from(letter.to_ascii_uppercase() - b'A')]);
        into.push(' ');
    }
}

impl Reader {
    pub(super) fn new(oov: Oov, vocab: &str) -> Result<Self, ModelError> {
        let table: BTreeMap<String, i32> = serde_json::from_str(vocab).map_err(|error| {
            ModelError::Table { table: "vocab.json", detail: error.to_string() }
        })?;
        let vocab = table.iter().filter_map(|(key, &id)| Some((key.chars().next()?, id))).collect();
        let unknown = Unknown(Arc::new(oov));
        let g2p = G2P::with_fallback(Language::EnglishUS, Some(Box::new(unknown.clone())));
        Ok(Self { g2p, unknown, vocab })
    }

    /// The phonemes of `spoken`, a piece of at most one sentence of plain words and punctuation.
    pub(super) fn read(&self, spoken: &str) -> Vec<Word> {
        let tokens = match self.g2p.g2p(spoken) {
            Ok((_, tokens)) => tokens,
            Err(_) => return self.read_plainly(spoken),
        };
        let (mut words, mut cursor) = (Vec::with_capacity(tokens.len()), 0);
        for token in tokens {
            let at = spoken[cursor..].find(&token.text).map_or(cursor, |found| cursor + found);
            cursor = (at + token.text.len()).min(spoken.len());
            while !spoken.is_char_boundary(cursor) {
                cursor += 1;
            }
            let own = names::reading(&token.text).map(str::to_owned);
            let mut phonemes = own.or(token.phonemes).unwrap_or_default();
            if phonemes.is_empty() || phonemes.contains(&self.g2p.unk) {
                phonemes = self.unknown.read(&token.text);
            }
            if !token.whitespace.is_empty() {
                phonemes.push(' ');
            }
            words.push(Word { at, ids: self.ids(&phonemes) });
        }
        words
    }

    /// Every word through the out-of-vocabulary net.
    fn read_plainly(&self, spoken: &str) -> Vec<Word> {
        crate::tts::words(spoken)
            .map(|(at, word)| {
                let phonemes = self.unknown.read(word) + " ";
                Word { at: at as usize, ids: self.ids(&phonemes) }
            })
            .collect()
    }

    fn ids(&self, phonemes: &str) -> Vec<i32> {
        phonemes.chars().filter_map(|c| self.vocab.get(&c).copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a test reads the model itself")]
    fn reader() -> Reader {
        let read = |name: &str| {
            let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/hibari-heart");
            std::fs::read(format!("{dir}/{name}")).unwrap()
        };
        let text = |name: &str| String::from_utf8(read(name)).unwrap();
        let oov = Oov::load(read("oov.onnx"), &text("oov.json")).unwrap();
        Reader::new(oov, &text("vocab.json")).unwrap()
    }

    #[test]
    fn no_name_is_dropped_and_every_word_keeps_its_place() {
        let reader = reader();
        for name in ["Smith", "Patel", "Szczepanski", "Okonkwo", "O'Brien", "Smith-Okonkwo", "Xqz"]
        {
            let spoken = format!("This is Dana {name}, hello.");
            let words = reader.read(&spoken);
            let at = spoken.find(name).unwrap();
            let word = words.iter().find(|word| word.at == at).unwrap();
            assert!(word.ids.iter().filter(|id| **id > 16).count() >= 3, "{name}: {word:?}");
            let hello = words.iter().find(|word| spoken[word.at..].starts_with("hello")).unwrap();
            assert_eq!(hello.ids, reader.read("hello.")[0].ids, "{name}");
        }
    }

    #[test]
    fn the_letter_a_is_no_article() {
        let reader = reader();
        assert_eq!(reader.read("ay")[0].ids, reader.ids("ˈA"));
    }
}
