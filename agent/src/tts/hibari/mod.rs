//! The embedded voice: the hibari acoustic model and its vocoder, run in this process.
//!
//! ```text
//!  text ─▶ normalise ─▶ phonemes (misaki; oov net for unknown words) ─▶ acoustic net ─▶ vocoder ─▶ 8 kHz
//! ```

mod dialect;
mod voice;

use std::sync::Arc;

pub use dialect::Hibari;
pub use voice::Voice;

/// The files of the model, as bytes and text; `models/hibari-heart` of the repository.
pub struct Files<'a> {
    /// `hibari.onnx`: phonemes to spectra.
    pub voice: Vec<u8>,
    /// `oov.onnx`: letters of unknown words to phonemes.
    pub oov: Vec<u8>,
    /// `oov.json`: the alphabets of the former.
    pub oov_table: &'a str,
    /// `vocab.json`: phonemes to ids.
    pub vocab: &'a str,
    /// `normalize.json`: abbreviations, units, currencies, titles.
    pub normalize: &'a str,
}

/// Why the model cannot be used, or could not say something.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A net does not load or has other inputs and outputs than expected.
    #[error("the net {net} cannot be used: {detail}")]
    Net {
        /// Which file.
        net: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// A table is not the JSON expected.
    #[error("the table {table} cannot be read: {detail}")]
    Table {
        /// Which file.
        table: &'static str,
        /// What is wrong with it.
        detail: String,
    },
}

/// Something said: all of its sound at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Speech {
    /// 8 kHz mono.
    pub samples_8k: Vec<i16>,
    /// Byte offset of each word in the text, and its start in ms from the first sample.
    pub word_starts: Vec<(u32, u32)>,
}

/// The loaded model. One for the whole process; every call's [`Hibari`] shares it.
pub struct Model {}

impl Model {
    /// Loads the model.
    pub fn from_bytes(files: Files<'_>) -> Result<Arc<Self>, ModelError> {
        let _ = files;
        Ok(Arc::new(Self {}))
    }

    /// Says `text` in one go. The same text and voice give the same samples.
    pub fn speak(&self, text: &str, voice: Voice) -> Speech {
        let _ = (text, voice);
        Speech::default()
    }
}
