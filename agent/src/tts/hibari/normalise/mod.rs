//! Text to plain spoken words.

use super::ModelError;

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
        self.spoken.trim_end_matches(['"', '”', ')']).ends_with(['.', '!', '?', '…'])
    }
}

pub(super) struct Normaliser {}

impl Normaliser {
    pub(super) fn new(_table: &str) -> Result<Self, ModelError> {
        Ok(Self {})
    }

    pub(super) fn pieces(&self, text: &str) -> Vec<Piece> {
        crate::tts::words(text).map(|(at, w)| Piece { at, spoken: w.to_owned() }).collect()
    }
}
