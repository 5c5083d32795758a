//! From 8 kHz frames to the leg's bytes.

use super::config::{CircuitConfig, ConfigError};
use crate::{codec::Encoder, resample::Resampler};

pub(super) struct LegOut {
    encoder: Encoder,
    resampler: Option<Resampler>,
    pcm: Vec<i16>,
    payload: Vec<u8>,
}

impl LegOut {
    pub(super) fn new(config: &CircuitConfig) -> Result<Self, ConfigError> {
        let impossible = ConfigError::Rate(config.codec, config.rate_hz);
        let mut encoder = Encoder::new(config.codec, config.rate_hz).map_err(|_| impossible)?;
        let mut resampler = (config.rate_hz != 8000)
            .then(|| Resampler::new(8000, config.rate_hz))
            .transpose()
            .map_err(|_| impossible)?;
        let samples = usize::from(config.sent_ms()) * 8;
        let room = resampler.as_ref().map_or(samples, |r| r.output_samples_max(samples));
        let mut payload = Vec::new();
        let mut pcm = Vec::with_capacity(room);
        // One frame for trial: a codec that cannot take such frames must say so now.
        let leg_samples = (config.rate_hz * u32::from(config.sent_ms()) / 1000) as usize;
        encoder
            .encode(&vec![0; leg_samples], &mut payload)
            .map_err(|_| ConfigError::Codec(config.codec, config.rate_hz, config.sent_ms()))?;
        if let Some(resampler) = &mut resampler {
            resampler.process(&vec![0; samples], &mut pcm);
        }
        Ok(Self { encoder, resampler, pcm, payload })
    }

    /// The last frame's bytes; empty when the codec refused it.
    pub(super) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Encodes one frame.
    pub(super) fn encode(&mut self, frame: &[i16]) {
        self.payload.clear();
        let pcm = match &mut self.resampler {
            None => frame,
            Some(resampler) => {
                self.pcm.clear();
                resampler.process(frame, &mut self.pcm);
                &self.pcm
            }
        };
        // The codec took frames of this length when it was set up.
        let taken = self.encoder.encode(pcm, &mut self.payload);
        if taken.is_err() {
            self.payload.clear();
        }
    }
}
