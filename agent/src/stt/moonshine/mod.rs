//! The embedded ear: Moonshine tiny for English, run in this process.
//!
//! ```text
//!  Audio ─▶ ring (30 s) ─▶ open segment ─ every 480 ms and more ─▶ Partial
//!                              │ Finalise ─▶ Final          (8 → 16 kHz ─▶ encoder ─▶ decoder ─▶ text)
//!                              └ after 8 s, at a pause: the text so far is settled, its sound forgotten
//! ```
//!
//! The net hears whole stretches of sound, so an open segment is decoded again for each partial.
//! Everything is computed in `handle`: a final in [`Finalise`](super::Input::Finalise), partials and
//! settling in [`Tick`](super::Input::Tick). A worker that hands over all waiting input before it
//! sends `Tick` therefore sheds partials first when it falls behind.

mod guard;
mod listener;
mod net;
mod sound;
#[cfg(test)]
mod tests;
mod tokens;

use std::sync::Arc;

use media::{net::Lane, resample::Resampler};

pub use listener::{Config, Moonshine};
pub use media::net::ModelError;

/// Silence put behind all sound (16 kHz), 300 ms: cut off right after the last word, the net loses it
/// (7.1 % words wrong without, 4.7 % with).
const SILENCE_AFTER: usize = 4800;
/// Samples the net is given at least.
const SAMPLES_MIN: usize = 16_000 / 2;
/// Sound whose loudest moment stays below this is not decoded: −54 dBFS.
const PEAK_MIN: f32 = 0.002;

/// The nets and their words: one for the whole process, shared by every call.
pub struct Model {
    nets: net::Nets,
    tokens: tokens::Tokens,
    lane: Lane,
}

impl Model {
    /// Reads `encoder.onnx`, `decoder.onnx` and `tokenizer.bin`, and tries them once.
    ///
    /// # Errors
    /// When the bytes are not that model.
    pub fn from_bytes(
        encoder: Vec<u8>,
        decoder: Vec<u8>,
        tokenizer: &[u8],
    ) -> Result<Arc<Self>, ModelError> {
        let tokens = tokens::Tokens::from_bytes(tokenizer)?;
        let nets = net::Nets::from_onnx(encoder, decoder)?;
        let model = Self { nets, tokens, lane: Lane::new() };
        model.hear(None, &[0.1; SAMPLES_MIN])?;
        Ok(Arc::new(model))
    }

    /// Text of sound at 16 kHz mono in ±1, at best a sentence or two (up to some 15 s); empty when
    /// there are no words. Runs on the model's own lane, so that one transcription runs at a time.
    pub fn transcribe(&self, samples_16k: &[f32]) -> String {
        // It was tried when it was read; if it fails on this sound, nothing was understood.
        self.hear(None, samples_16k).unwrap_or_default()
    }

    /// The same on a lane of the caller's; on the model's own when `None`.
    ///
    /// # Errors
    /// When the net fails on this sound.
    pub fn hear(&self, lane: Option<&Lane>, samples_16k: &[f32]) -> Result<String, ModelError> {
        let lane = lane.unwrap_or(&self.lane);
        if samples_16k.iter().all(|s| s.abs() < PEAK_MIN) {
            return Ok(String::new());
        }
        let mut sound = samples_16k.to_vec();
        sound.resize((sound.len() + SILENCE_AFTER).max(SAMPLES_MIN), 0.0);
        let ids = lane.run(|| self.nets.tokens(lane, &sound))?;
        let text = self.tokens.text(&ids);
        Ok(if guard::is_latin(&text) { text } else { String::new() })
    }

    /// [`Model::hear`] for telephone sound, 8 kHz.
    ///
    /// # Errors
    /// When the net fails on this sound.
    pub fn hear_8k(&self, lane: Option<&Lane>, samples_8k: &[i16]) -> Result<String, ModelError> {
        self.hear(lane, &upsample(samples_8k)?)
    }
}

/// 8 kHz to 16 kHz in ±1. The stretch is resampled as a whole, from silence to silence, and the
/// filter's delay is taken out.
fn upsample(samples: &[i16]) -> Result<Vec<f32>, ModelError> {
    let mut resampler =
        Resampler::new(8000, 16_000).map_err(|e| ModelError::new("moonshine-tiny-en", e))?;
    let delay = resampler.delay_samples();
    let mut twice = Vec::with_capacity(samples.len() * 2 + delay + 16);
    resampler.process(samples, &mut twice);
    resampler.process(&vec![0; delay.div_ceil(2)], &mut twice);
    Ok(twice.iter().skip(delay).take(samples.len() * 2).map(|&s| f32::from(s) / 32768.0).collect())
}
