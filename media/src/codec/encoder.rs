//! Samples to payloads.

use audio_codec::Encoder as _;
use audio_codec::g722::G722Encoder;

use super::{BadRate, Codec, g711, opus_rate};

/// Largest Opus packet we make, in bytes: far above what 60 ms of speech needs.
const OPUS_BYTES_MAX: usize = 1_275;
/// Bit rate for speech at 16 kHz and above, in bit/s; halved for narrower sound.
const OPUS_BITRATE: i32 = 24_000;
/// Effort: as good as 10 for speech, at half the cost.
const OPUS_COMPLEXITY: u8 = 5;
/// Loss the in-band FEC is made for, in percent.
const OPUS_LOSS_PERCENT: u8 = 10;

/// A frame of samples the codec cannot take. Nothing is appended, and the stream goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    /// G.722 encodes pairs of samples.
    #[error("{samples} samples: G.722 takes an even number")]
    OddLength {
        /// Samples given.
        samples: usize,
    },
    /// Opus encodes frames of 2.5, 5, 10, 20, 40 or 60 ms.
    #[error("{samples} samples are no Opus frame (2.5, 5, 10, 20, 40 or 60 ms)")]
    NotAnOpusFrame {
        /// Samples given.
        samples: usize,
    },
}

/// Encodes one stream.
pub struct Encoder {
    codec: Codec,
    rate_hz: u32,
    way: Way,
}

enum Way {
    Stateless,
    G722(Box<G722Encoder>),
    Opus(audiopus::coder::Encoder),
}

impl Encoder {
    /// An encoder for mono sound at `rate_hz`; the rates are those of [`Decoder::new`](super::Decoder::new).
    ///
    /// # Errors
    /// When the codec has no such rate.
    pub fn new(codec: Codec, rate_hz: u32) -> Result<Self, BadRate> {
        codec.check_rate(rate_hz)?;
        let way = match codec {
            Codec::Opus => {
                Way::Opus(opus_encoder(rate_hz).map_err(|_| BadRate { codec, rate_hz })?)
            }
            Codec::G722 => Way::G722(Box::new(G722Encoder::new())),
            Codec::Mulaw | Codec::Alaw | Codec::L16 | Codec::L16Le => Way::Stateless,
        };
        Ok(Self { codec, rate_hz, way })
    }

    /// The codec.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Rate of the sound it takes, in Hz.
    pub fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// Encodes one frame and appends the payload.
    ///
    /// # Errors
    /// When the frame's length does not suit the codec; nothing is appended then.
    pub fn encode(&mut self, pcm: &[i16], payload: &mut Vec<u8>) -> Result<(), BadFrame> {
        let samples = pcm.len();
        match (&mut self.way, self.codec) {
            (Way::G722(encoder), _) => {
                if !samples.is_multiple_of(2) {
                    return Err(BadFrame::OddLength { samples });
                }
                let start = payload.len();
                payload.resize(start + encoder.max_encode_bytes(samples), 0);
                let written = encoder.encode_into(pcm, &mut payload[start..]).unwrap_or(0);
                payload.truncate(start + written);
            }
            (Way::Opus(encoder), _) => {
                let start = payload.len();
                payload.resize(start + OPUS_BYTES_MAX, 0);
                let written = encoder.encode(pcm, &mut payload[start..]);
                payload.truncate(start + written.as_ref().copied().unwrap_or(0));
                written.map_err(|_| BadFrame::NotAnOpusFrame { samples })?;
            }
            (Way::Stateless, Codec::Mulaw) => {
                payload.extend(pcm.iter().map(|&sample| g711::mulaw_encode(sample)));
            }
            (Way::Stateless, Codec::Alaw) => {
                payload.extend(pcm.iter().map(|&sample| g711::alaw_encode(sample)));
            }
            (Way::Stateless, Codec::L16) => {
                payload.extend(pcm.iter().flat_map(|sample| sample.to_be_bytes()));
            }
            (Way::Stateless, _) => {
                payload.extend(pcm.iter().flat_map(|sample| sample.to_le_bytes()));
            }
        }
        Ok(())
    }
}

fn opus_encoder(rate_hz: u32) -> audiopus::Result<audiopus::coder::Encoder> {
    let mono = audiopus::Channels::Mono;
    let mut encoder =
        audiopus::coder::Encoder::new(opus_rate(rate_hz), mono, audiopus::Application::Voip)?;
    let bitrate = if rate_hz < 16_000 { OPUS_BITRATE / 2 } else { OPUS_BITRATE };
    encoder.set_bitrate(audiopus::Bitrate::BitsPerSecond(bitrate))?;
    encoder.set_complexity(OPUS_COMPLEXITY)?;
    encoder.set_inband_fec(true)?;
    encoder.set_packet_loss_perc(OPUS_LOSS_PERCENT)?;
    Ok(encoder)
}
