//! The net: sound in, token ids out.
//!
//! Source: Moonshine (Jeffries et al., 2024), model `tiny` for English, exported as an encoder and
//! a merged decoder with a cache branch. Decoding is greedy. Left out: beam search, timestamps.

use media::net::{self, Lane, ModelError};
use rten::{Model as Net, NodeId, Value, ValueOrView, ValueView};

use super::guard;

const NAME: &str = "moonshine-tiny-en";
/// Heads and width of one head in the cache.
const HEADS: usize = 8;
const HEAD_WIDTH: usize = 36;
/// The decoder's layers; each keeps key and value for itself and for the encoder.
const LAYERS: usize = 6;
const VOCABULARY: usize = 32_768;
const TOKEN_START: i32 = 1;
const TOKEN_END: i32 = 2;

/// The two nets and the names of their ends.
pub(super) struct Nets {
    encoder: Net,
    sound: NodeId,
    sound_mask: NodeId,
    hidden: NodeId,
    decoder: Net,
    last_token: NodeId,
    heard: NodeId,
    heard_mask: NodeId,
    cached: NodeId,
    past: Vec<NodeId>,
    outputs: Vec<NodeId>,
}

/// The cache's parts in the order of [`Nets::past`]: `(layer, side, what)`.
fn parts() -> impl Iterator<Item = (usize, &'static str, &'static str)> {
    (0..LAYERS).flat_map(|layer| {
        ["decoder", "encoder"]
            .into_iter()
            .flat_map(move |side| ["key", "value"].map(|what| (layer, side, what)))
    })
}

fn wrong(reason: impl ToString) -> ModelError {
    ModelError::new(NAME, reason)
}

impl Nets {
    /// Reads both nets.
    pub(super) fn from_onnx(encoder: Vec<u8>, decoder: Vec<u8>) -> Result<Self, ModelError> {
        let encoder = net::from_onnx(NAME, encoder)?;
        let decoder = net::from_onnx(NAME, decoder)?;
        let of_encoder = |name: &str| encoder.node_id(name).map_err(wrong);
        let of_decoder = |name: &str| decoder.node_id(name).map_err(wrong);
        let mut past = Vec::new();
        let mut outputs = vec![of_decoder("logits")?];
        for (layer, side, what) in parts() {
            past.push(of_decoder(&format!("past_key_values.{layer}.{side}.{what}"))?);
            outputs.push(of_decoder(&format!("present.{layer}.{side}.{what}"))?);
        }
        Ok(Self {
            sound: of_encoder("input_values")?,
            sound_mask: of_encoder("attention_mask")?,
            hidden: of_encoder("last_hidden_state")?,
            last_token: of_decoder("input_ids")?,
            heard: of_decoder("encoder_hidden_states")?,
            heard_mask: of_decoder("encoder_attention_mask")?,
            cached: of_decoder("use_cache_branch")?,
            past,
            outputs,
            encoder,
            decoder,
        })
    }

    /// Tokens (without start and end) of sound at 16 kHz in ±1.
    pub(super) fn tokens(&self, lane: &Lane, sound: &[f32]) -> Result<Vec<u32>, ModelError> {
        let hidden = self.encode(lane, sound)?;
        let mask = vec![1; sound.len()];
        let shape = [1usize, 0];
        let mut past: Vec<Value> = (0..self.past.len())
            .map(|_| Value::from_shape([1, HEADS, 0, HEAD_WIDTH], Vec::<f32>::new()))
            .collect::<Result<_, _>>()
            .map_err(wrong)?;
        let mask = ValueView::from_shape([shape[0], mask.len()], &mask).map_err(wrong)?;
        let mut tokens = Vec::new();
        let mut last = TOKEN_START;
        let most = guard::tokens_max(sound.len());
        while tokens.len() < most {
            let first = tokens.is_empty();
            last = self.step(lane, last, first, &hidden, &mask, &mut past)?;
            if last == TOKEN_END {
                break;
            }
            tokens.push(last.unsigned_abs());
            if let Some(kept) = guard::looped(&tokens) {
                tokens.truncate(kept);
                break;
            }
        }
        Ok(tokens)
    }

    fn encode(&self, lane: &Lane, sound: &[f32]) -> Result<Value, ModelError> {
        let mask = vec![1; sound.len()];
        let inputs = vec![
            (self.sound, ValueView::from_shape([1, sound.len()], sound).map_err(wrong)?.into()),
            (self.sound_mask, ValueView::from_shape([1, mask.len()], &mask).map_err(wrong)?.into()),
        ];
        let [hidden] =
            self.encoder.run_n(inputs, [self.hidden], Some(lane.options())).map_err(wrong)?;
        Ok(hidden)
    }

    /// One token further; `past` is brought up to date.
    fn step(
        &self,
        lane: &Lane,
        last: i32,
        first: bool,
        hidden: &Value,
        mask: &ValueView<'_>,
        past: &mut [Value],
    ) -> Result<i32, ModelError> {
        let last = [last];
        let cached = [i32::from(!first)];
        let mut inputs: Vec<(NodeId, ValueOrView<'_>)> = vec![
            (self.last_token, ValueView::from_shape([1, 1], &last).map_err(wrong)?.into()),
            (self.heard, hidden.as_view().into()),
            (self.heard_mask, mask.clone().into()),
            (self.cached, ValueView::from_shape([1], &cached).map_err(wrong)?.into()),
        ];
        inputs.extend(self.past.iter().zip(past.iter()).map(|(id, v)| (*id, v.as_view().into())));
        let mut outputs = self
            .decoder
            .run(inputs, &self.outputs, Some(lane.options()))
            .map_err(wrong)?
            .into_iter();
        let logits = outputs.next().ok_or_else(|| wrong("it has no logits"))?;
        for ((slot, new), (_, side, _)) in past.iter_mut().zip(outputs).zip(parts()) {
            // What comes from the encoder stays as the first step made it.
            if first || side == "decoder" {
                *slot = new;
            }
        }
        best(&logits)
    }
}

/// The likeliest token at the last position.
fn best(logits: &Value) -> Result<i32, ModelError> {
    let all = logits.as_tensor_view::<f32>().ok_or_else(|| wrong("logits are not f32"))?;
    let data = all.data().ok_or_else(|| wrong("logits are not contiguous"))?;
    let from = data.len().checked_sub(VOCABULARY).ok_or_else(|| wrong("too few logits"))?;
    let (mut token, mut highest) = (0, f32::NEG_INFINITY);
    for (at, &score) in data[from..].iter().enumerate() {
        if score > highest {
            (token, highest) = (at, score);
        }
    }
    i32::try_from(token).map_err(wrong)
}
