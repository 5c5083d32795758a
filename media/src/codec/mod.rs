//! Codecs of the telephone: G.711, G.722, L16, Opus, and concealment of what was lost.
//!
//! One [`Decoder`] and one [`Encoder`] per stream, for its whole life. A payload that does not decode
//! costs only itself: the error says why, and the next one is decoded as if nothing had come.

mod conceal;
mod decoder;
mod encoder;
pub mod g711;

use serde::{Deserialize, Serialize};

pub use conceal::Concealer;
pub use decoder::{BadPayload, Decoder};
pub use encoder::{BadFrame, Encoder};

/// What a carrier's audio is encoded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// G.711 µ-law, 8 kHz, 1 byte a sample.
    Mulaw,
    /// G.711 A-law, 8 kHz, 1 byte a sample.
    Alaw,
    /// Linear 16-bit, network byte order (RFC 3551 §4.5.11), at the stream's rate.
    L16,
    /// Linear 16-bit, little-endian, as WebSocket carriers send it, at the stream's rate.
    L16Le,
    /// G.722 at 64 kbit/s: 16 kHz sound, RTP clock 8 kHz (RFC 3551 §4.5.2).
    G722,
    /// Opus (RFC 6716), decoded at 48 kHz mono.
    Opus,
}

/// A rate the codec cannot run at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{codec:?} cannot run at {rate_hz} Hz")]
pub struct BadRate {
    /// The codec asked for.
    pub codec: Codec,
    /// The rate asked for, in Hz.
    pub rate_hz: u32,
}

impl Codec {
    /// The rate of the decoded sound when the carrier names none, in Hz.
    pub fn rate_hz_default(self) -> u32 {
        match self {
            Self::Mulaw | Self::Alaw | Self::L16 | Self::L16Le => 8_000,
            Self::G722 => 16_000,
            Self::Opus => 48_000,
        }
    }

    /// Ticks per second of the RTP timestamp for sound at `rate_hz`. G.722 counts 8 kHz by an old
    /// mistake (RFC 3551 §4.5.2), Opus always 48 kHz (RFC 7587 §4.1).
    pub fn rtp_clock_hz(self, rate_hz: u32) -> u32 {
        match self {
            Self::Mulaw | Self::Alaw | Self::G722 => 8_000,
            Self::L16 | Self::L16Le => rate_hz,
            Self::Opus => 48_000,
        }
    }

    /// The static RTP payload type of RFC 3551 table 4; `None` when it is agreed per call.
    pub fn payload_type(self) -> Option<u8> {
        match self {
            Self::Mulaw => Some(0),
            Self::Alaw => Some(8),
            Self::G722 => Some(9),
            Self::L16 | Self::L16Le | Self::Opus => None,
        }
    }

    /// Bytes of `samples` decoded samples; `None` for Opus, whose packets have no fixed size.
    pub fn bytes_of(self, samples: usize) -> Option<usize> {
        match self {
            Self::Mulaw | Self::Alaw => Some(samples),
            Self::L16 | Self::L16Le => Some(samples * 2),
            Self::G722 => Some(samples / 2),
            Self::Opus => None,
        }
    }

    /// Checks that sound at `rate_hz` can be carried.
    fn check_rate(self, rate_hz: u32) -> Result<(), BadRate> {
        let fits = match self {
            Self::Mulaw | Self::Alaw => rate_hz == 8_000,
            Self::L16 | Self::L16Le => (8_000..=48_000).contains(&rate_hz),
            Self::G722 => rate_hz == 16_000,
            Self::Opus => [8_000, 12_000, 16_000, 24_000, 48_000].contains(&rate_hz),
        };
        if fits { Ok(()) } else { Err(BadRate { codec: self, rate_hz }) }
    }
}

/// `audiopus`' name of a rate that [`Codec::check_rate`] let pass for Opus.
fn opus_rate(rate_hz: u32) -> audiopus::SampleRate {
    match rate_hz {
        8_000 => audiopus::SampleRate::Hz8000,
        12_000 => audiopus::SampleRate::Hz12000,
        16_000 => audiopus::SampleRate::Hz16000,
        24_000 => audiopus::SampleRate::Hz24000,
        _ => audiopus::SampleRate::Hz48000,
    }
}

#[cfg(test)]
mod tests;
