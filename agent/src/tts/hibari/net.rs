//! The two nets: letters of an unknown word to phonemes, and phonemes to spectra.

use std::collections::BTreeMap;

use media::net::Lane;
use rten::{Model as Net, ModelOptions, NodeId, Value, ValueOrView};
use rten_tensor::{NdTensor, prelude::*};
use serde::Deserialize;

use super::ModelError;

/// Bins of a frame's spectrum, 20 Hz apart, 0–12 kHz.
pub(super) const BINS: usize = 601;

/// The output of the graph that holds how many frames each id lasts.
const DURATIONS_NODE: &str = "/Clip_output_0";

/// Seconds of sound a single run may give; beyond that the net is broken.
const FRAMES_MAX: usize = 80 * 120;

/// What the acoustic net says about a piece of text: for each of `frames` frames of 12.5 ms, five
/// numbers a bin (laid out bin after bin) and a pitch.
pub(super) struct Spectra {
    /// Frames.
    pub(super) frames: usize,
    /// Log gain of the harmonic part.
    pub(super) harmonic: Vec<f32>,
    /// Phase of the harmonic part, before tanh·π.
    pub(super) theta: Vec<f32>,
    /// Log gain of the noise.
    pub(super) noise: Vec<f32>,
    /// Log gain of the free-phase rest.
    pub(super) residual: Vec<f32>,
    /// Phase of the rest, in radians.
    pub(super) phi: Vec<f32>,
    /// Pitch in Hz; under 40 there is no voice.
    pub(super) f0_hz: Vec<f32>,
    /// How many frames each phoneme id lasts.
    pub(super) durations: Vec<u32>,
}

/// `hibari.onnx`.
pub(super) struct Acoustic {
    net: Net,
    ids: NodeId,
    speed: NodeId,
    /// lh, theta, ln, lr, phi, f0, durations.
    outputs: [NodeId; 7],
}

impl Acoustic {
    pub(super) fn load(bytes: Vec<u8>) -> Result<Self, ModelError> {
        let net = ModelOptions::with_all_ops()
            .prepack_weights(true)
            .load(bytes)
            .map_err(|error| bad("hibari.onnx", &error))?;
        let node = |name: &str| net.node_id(name).map_err(|error| bad("hibari.onnx", &error));
        let (ids, speed) = (node("ids")?, node("speed")?);
        let outputs = [
            node("lh")?,
            node("theta")?,
            node("ln")?,
            node("lr")?,
            node("phi")?,
            node("f0")?,
            node(DURATIONS_NODE)?,
        ];
        Ok(Self { net, ids, speed, outputs })
    }

    /// Runs the net over phoneme ids (with the 0 at both ends).
    pub(super) fn run(
        &self,
        ids: &[i32],
        speed: f32,
        lane: Option<&Lane>,
    ) -> Result<Spectra, ModelError> {
        let tensor = NdTensor::from_data([1, ids.len()], ids.to_vec());
        let speed = NdTensor::from_data([1], vec![speed]);
        let inputs: Vec<(NodeId, ValueOrView<'_>)> =
            vec![(self.ids, tensor.view().into()), (self.speed, speed.view().into())];
        let outputs = self
            .net
            .run_n(inputs, self.outputs, lane.map(Lane::options))
            .map_err(|error| bad("hibari.onnx", &error))?;
        let [harmonic, theta, noise, residual, phi, f0, durations] = outputs;
        let f0_hz = floats(f0)?;
        let frames = f0_hz.len();
        let spectra = Spectra {
            frames,
            harmonic: floats(harmonic)?,
            theta: floats(theta)?,
            noise: floats(noise)?,
            residual: floats(residual)?,
            phi: floats(phi)?,
            f0_hz,
            durations: floats(durations)?.iter().map(|&d| d.max(0.0) as u32).collect(),
        };
        let parts =
            [&spectra.harmonic, &spectra.theta, &spectra.noise, &spectra.residual, &spectra.phi];
        if frames > FRAMES_MAX || parts.iter().any(|part| part.len() != BINS * frames) {
            return Err(bad("hibari.onnx", &"its outputs have other shapes than expected"));
        }
        Ok(spectra)
    }
}

fn floats(value: Value) -> Result<Vec<f32>, ModelError> {
    match value {
        Value::FloatTensor(tensor) => Ok(tensor.into_data().to_vec()),
        Value::Int32Tensor(tensor) => Ok(tensor.iter().map(|&n| n as f32).collect()),
        _ => Err(bad("hibari.onnx", &"an output is not of numbers")),
    }
}

fn bad(net: &'static str, detail: &dyn std::fmt::Display) -> ModelError {
    ModelError::Net { net, detail: detail.to_string() }
}

#[derive(Deserialize)]
struct OovTable {
    r#in: Vec<char>,
    out: Vec<String>,
    maxlen: usize,
}

/// `oov.onnx`: one letter id in, several phoneme slots out, read like CTC (repeats fold, 0 is blank).
pub(super) struct Oov {
    net: Net,
    chars: NodeId,
    ids: NodeId,
    letters: BTreeMap<char, i32>,
    phonemes: Vec<String>,
    letters_max: usize,
}

impl Oov {
    pub(super) fn load(bytes: Vec<u8>, table: &str) -> Result<Self, ModelError> {
        let table: OovTable = serde_json::from_str(table)
            .map_err(|error| ModelError::Table { table: "oov.json", detail: error.to_string() })?;
        let net = Net::load(bytes).map_err(|error| bad("oov.onnx", &error))?;
        let node = |name: &str| net.node_id(name).map_err(|error| bad("oov.onnx", &error));
        let (chars, ids) = (node("chars")?, node("ids")?);
        let letters = table.r#in.into_iter().zip(1..).collect();
        Ok(Self { net, chars, ids, letters, phonemes: table.out, letters_max: table.maxlen })
    }

    /// Reads one word. `None` if it holds no letter the net knows, or nothing came of it.
    pub(super) fn read(&self, word: &str) -> Option<String> {
        let ids: Vec<i32> = word
            .chars()
            .filter_map(|c| self.letters.get(&c).copied())
            .take(self.letters_max)
            .collect();
        if ids.is_empty() {
            return None;
        }
        let tensor = NdTensor::from_data([1, ids.len()], ids);
        let [slots] =
            self.net.run_n(vec![(self.chars, tensor.view().into())], [self.ids], None).ok()?;
        let Value::Int32Tensor(slots) = slots else { return None };
        let (mut read, mut before) = (String::new(), 0);
        for &slot in slots.iter() {
            if slot != before && slot > 0 {
                read.push_str(self.phonemes.get(slot as usize - 1)?);
            }
            before = slot;
        }
        (!read.is_empty()).then_some(read)
    }
}
