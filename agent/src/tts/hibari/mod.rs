//! The embedded voice: the hibari acoustic model and its vocoder, run in this process.
//!
//! ```text
//!  text ─▶ normalise ─▶ sentences ─▶ phonemes ─▶ net ─▶ vocoder ─▶ 8 kHz
//!          numbers,     pieces of    misaki;     spectra,  frame by frame,
//!          dates, …     bounded      oov net     times     in chunks
//! ```
//!
//! Everything is deterministic: the same text and voice give the same samples.
//! Left out: languages other than American English, SSML, paces other than a voice's own.

mod dialect;
mod names;
mod net;
mod normalise;
mod phonemes;
mod phrases;
mod sentences;
mod vocoder;
mod voice;

use std::sync::Arc;

pub use dialect::Hibari;
pub use phrases::Phrases;
pub use voice::Voice;

use media::net::Lane;
use net::{Acoustic, Oov};
use normalise::Normaliser;
use phonemes::Reader;
use sentences::Sentence;
use vocoder::{HOP_NATURAL, Tables, Vocoder};

/// Silence before the first word, at most, in frames of 12.5 ms.
const LEAD_FRAMES_MAX: usize = 4;

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
    /// A net does not load, does not run, or has other inputs and outputs than expected.
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
pub struct Model {
    normaliser: Normaliser,
    reader: Reader,
    acoustic: Acoustic,
    /// In the order of [`Voice::ALL`].
    tables: [Arc<Tables>; 4],
}

impl Model {
    /// Loads the model.
    pub fn from_bytes(files: Files<'_>) -> Result<Arc<Self>, ModelError> {
        let oov = Oov::load(files.oov, files.oov_table)?;
        Ok(Arc::new(Self {
            normaliser: Normaliser::new(files.normalize)?,
            reader: Reader::new(oov, files.vocab)?,
            acoustic: Acoustic::load(files.voice)?,
            tables: Voice::ALL.map(|voice| Arc::new(Tables::new(voice.timbre().hop))),
        }))
    }

    /// Says `text` in one go. A sentence the net cannot be run on is left out.
    pub fn speak(&self, text: &str, voice: Voice) -> Speech {
        let mut speech = Speech::default();
        for sentence in self.sentences(text) {
            let Ok(mut saying) = self.say(&sentence, voice, None) else { continue };
            let from_ms = ms(speech.samples_8k.len());
            let starts = saying.word_starts.iter().map(|(at, start)| (*at, from_ms + start));
            speech.word_starts.extend(starts);
            saying.vocoder.render(usize::MAX, &mut speech.samples_8k);
        }
        speech
    }

    /// The words as they will be spoken: numbers, dates, abbreviations written out.
    pub fn spoken(&self, text: &str) -> String {
        let pieces = self.normaliser.pieces(text);
        pieces.iter().map(|piece| piece.spoken.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn sentences(&self, text: &str) -> Vec<Sentence> {
        sentences::cut(&self.normaliser.pieces(text), &self.reader)
    }

    /// Runs the net over a sentence; its sound can then be taken in chunks.
    fn say(
        &self,
        sentence: &Sentence,
        voice: Voice,
        lane: Option<&Lane>,
    ) -> Result<Saying, ModelError> {
        let timbre = voice.timbre();
        let hop = timbre.hop;
        let speed = timbre.speed * hop as f32 / HOP_NATURAL as f32;
        let spectra = self.acoustic.run(&sentence.ids, speed, lane)?;
        let times = sentence.frames(&spectra.durations, spectra.frames);
        let lead = times.first().map_or(0, |(_, start)| start.saturating_sub(LEAD_FRAMES_MAX));
        let word_starts =
            times.iter().map(|(at, start)| (*at, ms(start.saturating_sub(lead) * hop))).collect();
        let seed = seed(&sentence.ids);
        let range = (lead, spectra.frames);
        let tables = Arc::clone(&self.tables[voice as usize]);
        let vocoder = Vocoder::new(tables, spectra, timbre, seed, range);
        Ok(Saying { vocoder, word_starts })
    }
}

/// A sentence whose spectra are known.
struct Saying {
    vocoder: Vocoder,
    /// From the sentence's first sample.
    word_starts: Vec<(u32, u32)>,
}

/// Samples at 8 kHz as ms.
fn ms(samples: usize) -> u32 {
    u32::try_from(samples / 8).unwrap_or(u32::MAX)
}

/// The noise's seed: the same words, the same noise (FNV-1a).
fn seed(ids: &[i32]) -> u64 {
    ids.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &id| {
        (hash ^ u64::from(id.unsigned_abs())).wrapping_mul(0x0100_0000_01B3)
    })
}
