//! The judge: Silero VAD v6 at the telephone's own rate.
//!
//! Source: <https://github.com/snakers4/silero-vad>, `utils_vad.py` (`OnnxWrapper`): at 8 kHz a
//! chunk of 256 new samples follows 32 samples of context, the recurrent state is `[2, batch, 128]`.
//! Left out: the 16 kHz branch of the net, and the model's own start/end logic (ours is in `edges`).

use std::sync::Arc;

use rten::{Model, NodeId, Value, ValueView};

use crate::{
    circuit::JUDGE_SAMPLES,
    net::{self, Lane, ModelError},
};

/// Samples of the past the net sees in front of each chunk.
const CONTEXT_SAMPLES: usize = 32;
/// What the net is given at once.
const WINDOW_SAMPLES: usize = CONTEXT_SAMPLES + JUDGE_SAMPLES;
/// Width of the recurrent state; there are two layers of it.
const STATE_WIDTH: usize = 128;
/// The rate the net is told, in Hz.
const RATE_HZ: i32 = 8000;
/// Streams in one batch at most; more are judged in several.
pub const BATCH_MAX: usize = 64;

const NAME: &str = "silero-vad";

/// The net, shared by all calls.
#[derive(Clone)]
pub struct Silero {
    net: Arc<Net>,
    lane: Lane,
}

struct Net {
    model: Model,
    input: NodeId,
    state: NodeId,
    rate: NodeId,
    probability: NodeId,
    next_state: NodeId,
}

/// What the net remembers of one stream of sound.
#[derive(Clone)]
pub struct SileroStream {
    state: [f32; 2 * STATE_WIDTH],
    context: [f32; CONTEXT_SAMPLES],
}

impl Default for SileroStream {
    fn default() -> Self {
        Self { state: [0.0; 2 * STATE_WIDTH], context: [0.0; CONTEXT_SAMPLES] }
    }
}

impl SileroStream {
    /// Forgets everything: before the first chunk, and after a gap.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Writes context and chunk as the net wants them, and keeps the end as the next context.
    fn window(&mut self, chunk: &[i16; JUDGE_SAMPLES], out: &mut Vec<f32>) {
        out.extend_from_slice(&self.context);
        out.extend(chunk.iter().map(|&s| f32::from(s) / 32768.0));
        let kept = out.len() - CONTEXT_SAMPLES;
        self.context.copy_from_slice(&out[kept..]);
    }
}

impl Silero {
    /// Reads `silero_vad.onnx` and tries it once.
    ///
    /// # Errors
    /// When the bytes are not that model.
    pub fn from_onnx(bytes: Vec<u8>) -> Result<Self, ModelError> {
        let model = net::from_onnx(NAME, bytes)?;
        let node = |name| model.node_id(name).map_err(|e| ModelError::new(NAME, e));
        let net = Net {
            input: node("input")?,
            state: node("state")?,
            rate: node("sr")?,
            probability: node("output")?,
            next_state: node("stateN")?,
            model,
        };
        let silero = Self { net: Arc::new(net), lane: Lane::new() };
        let mut tried = SileroStream::default();
        silero.infer(&mut [(&mut tried, &[0; JUDGE_SAMPLES])])?;
        Ok(silero)
    }

    /// The same net on another lane.
    #[must_use]
    pub fn on(&self, lane: Lane) -> Self {
        Self { net: Arc::clone(&self.net), lane }
    }

    /// Probability (0–1) that the next 32 ms (8 kHz) of the stream are speech.
    pub fn judge(&self, stream: &mut SileroStream, chunk: &[i16; JUDGE_SAMPLES]) -> f32 {
        self.judge_many(&mut [(stream, chunk)]).first().copied().unwrap_or(0.0)
    }

    /// The same for one chunk each of many streams, in their order: cheaper than one by one.
    pub fn judge_many(&self, batch: &mut [(&mut SileroStream, &[i16; JUDGE_SAMPLES])]) -> Vec<f32> {
        let mut all = Vec::with_capacity(batch.len());
        for part in batch.chunks_mut(BATCH_MAX) {
            // The net was tried when it was read, with the same shapes: it cannot fail now. If it
            // does, sound counts as no speech, which ends no utterance and no call.
            let judged = self.infer(part).unwrap_or_else(|_| vec![0.0; part.len()]);
            all.extend(judged);
        }
        all
    }

    fn infer(
        &self,
        batch: &mut [(&mut SileroStream, &[i16; JUDGE_SAMPLES])],
    ) -> Result<Vec<f32>, ModelError> {
        let count = batch.len();
        let mut windows = Vec::with_capacity(count * WINDOW_SAMPLES);
        let mut states = vec![0.0; 2 * count * STATE_WIDTH];
        for (at, (stream, chunk)) in batch.iter_mut().enumerate() {
            stream.window(chunk, &mut windows);
            for (layer, kept) in stream.state.chunks_exact(STATE_WIDTH).enumerate() {
                let from = (layer * count + at) * STATE_WIDTH;
                states[from..from + STATE_WIDTH].copy_from_slice(kept);
            }
        }
        let (probabilities, next) = self.net.run(&self.lane, count, windows, states)?;
        for (at, (stream, _)) in batch.iter_mut().enumerate() {
            for (layer, kept) in stream.state.chunks_exact_mut(STATE_WIDTH).enumerate() {
                let from = (layer * count + at) * STATE_WIDTH;
                kept.copy_from_slice(&next[from..from + STATE_WIDTH]);
            }
        }
        Ok(probabilities)
    }
}

impl Net {
    /// Windows `[count, 288]` and states `[2, count, 128]` in; probabilities and next states out.
    fn run(
        &self,
        lane: &Lane,
        count: usize,
        windows: Vec<f32>,
        states: Vec<f32>,
    ) -> Result<(Vec<f32>, Vec<f32>), ModelError> {
        let wrong = |e: &dyn std::fmt::Display| ModelError::new(NAME, e);
        let windows = Value::from_shape([count, WINDOW_SAMPLES], windows).map_err(|e| wrong(&e))?;
        let states = Value::from_shape([2, count, STATE_WIDTH], states).map_err(|e| wrong(&e))?;
        let rate = ValueView::from_shape([0usize; 0], &[RATE_HZ]).map_err(|e| wrong(&e))?;
        let inputs = vec![
            (self.input, windows.into()),
            (self.state, states.into()),
            (self.rate, rate.into()),
        ];
        let [probability, next] = self
            .model
            .run_n(inputs, [self.probability, self.next_state], Some(lane.options()))
            .map_err(|e| wrong(&e))?;
        let (_, probability) = probability.into_shape_vec::<f32, 2>().map_err(|e| wrong(&e))?;
        let (_, next) = next.into_shape_vec::<f32, 3>().map_err(|e| wrong(&e))?;
        if probability.len() != count || next.len() != 2 * count * STATE_WIDTH {
            return Err(ModelError::new(NAME, "its outputs have another shape"));
        }
        Ok((probability, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::g711;

    fn silero() -> Silero {
        let model = include_bytes!("../../../models/silero-vad/silero_vad.onnx");
        Silero::from_onnx(model.to_vec()).unwrap()
    }

    /// Chunks of a µ-law WAV file whose sound follows its first `data`.
    fn chunks(wav: &[u8]) -> Vec<[i16; JUDGE_SAMPLES]> {
        let data = wav.windows(4).position(|name| name == b"data").unwrap() + 8;
        let samples: Vec<i16> = wav[data..].iter().map(|b| g711::mulaw_decode(*b)).collect();
        samples.chunks_exact(JUDGE_SAMPLES).map(|c| c.try_into().unwrap()).collect()
    }

    fn probabilities(silero: &Silero, chunks: &[[i16; JUDGE_SAMPLES]]) -> Vec<f32> {
        let mut stream = SileroStream::default();
        chunks.iter().map(|chunk| silero.judge(&mut stream, chunk)).collect()
    }

    fn share_of_speech(probabilities: &[f32]) -> f32 {
        let speech = probabilities.iter().filter(|p| **p >= 0.5).count();
        speech as f32 / probabilities.len() as f32
    }

    #[test]
    fn tells_speech_from_music_and_silence() {
        let silero = silero();
        let speech = chunks(include_bytes!("../../../fixtures/dtmf/invalid.wav"));
        let music = chunks(include_bytes!("../../../fixtures/ear/hold-music.wav"));
        let speech = share_of_speech(&probabilities(&silero, &speech));
        let music = share_of_speech(&probabilities(&silero, &music));
        let silence = share_of_speech(&probabilities(&silero, &[[0; JUDGE_SAMPLES]; 60]));
        assert!(speech > 0.7, "{speech}");
        assert!(music < 0.03, "{music}");
        assert!(silence < 0.01, "{silence}");
    }

    #[test]
    fn a_batch_and_another_lane_judge_the_same() {
        let silero = silero();
        let speech = chunks(include_bytes!("../../../fixtures/dtmf/invalid.wav"));
        let music = chunks(include_bytes!("../../../fixtures/ear/hold-music.wav"));
        let alone = (probabilities(&silero, &speech[..20]), probabilities(&silero, &music[..20]));
        let other = silero.on(Lane::new());
        let (mut one, mut two) = (SileroStream::default(), SileroStream::default());
        for at in 0..20 {
            let both = other.judge_many(&mut [(&mut one, &speech[at]), (&mut two, &music[at])]);
            assert!((both[0] - alone.0[at]).abs() < 1e-3, "{at}: {both:?}");
            assert!((both[1] - alone.1[at]).abs() < 1e-3, "{at}: {both:?}");
        }
    }

    #[test]
    fn reset_forgets() {
        let silero = silero();
        let speech = chunks(include_bytes!("../../../fixtures/dtmf/invalid.wav"));
        let mut stream = SileroStream::default();
        let first = silero.judge(&mut stream, &speech[10]);
        let warm = silero.judge(&mut stream, &speech[10]);
        stream.reset();
        assert_eq!(silero.judge(&mut stream, &speech[10]), first);
        assert_ne!(warm, first);
    }

    #[test]
    fn refuses_what_is_not_the_model() {
        for bytes in [vec![], vec![0; 100], b"ONNX".to_vec()] {
            assert!(Silero::from_onnx(bytes).is_err());
        }
    }
}
