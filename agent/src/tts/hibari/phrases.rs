//! Phrases that are said again and again ("one moment, please"), kept as sound.

use std::{collections::BTreeMap, sync::Arc};

use super::{Model, Speech, Voice};

/// Phrases kept, the prepared ones included; when full no more are taken up.
const PHRASES_MAX: usize = 48;
/// Bytes of text of what is worth keeping.
const TEXT_BYTES_MAX: usize = 120;
/// Samples of what is worth keeping: 5 s.
const SAMPLES_MAX: usize = 40_000;

/// A bounded cache of short phrases of one voice. Clones share the sound.
#[derive(Clone, Debug, Default)]
pub struct Phrases(BTreeMap<String, Arc<Speech>>);

impl Phrases {
    /// Says each of `texts` beforehand; those that are too long are left out.
    pub fn prepare(model: &Model, voice: Voice, texts: &[&str]) -> Self {
        let mut phrases = Self::default();
        for text in texts.iter().filter(|text| text.len() <= TEXT_BYTES_MAX) {
            phrases.keep((*text).to_owned(), model.speak(text, voice));
        }
        phrases
    }

    pub(super) fn get(&self, text: &str) -> Option<Arc<Speech>> {
        self.0.get(text).map(Arc::clone)
    }

    /// Whether a phrase of this text would be kept.
    pub(super) fn wants(&self, text: &str) -> bool {
        self.0.len() < PHRASES_MAX && text.len() <= TEXT_BYTES_MAX
    }

    pub(super) fn keep(&mut self, text: String, speech: Speech) {
        if self.wants(&text) && speech.samples_8k.len() <= SAMPLES_MAX {
            self.0.insert(text, Arc::new(speech));
        }
    }
}
