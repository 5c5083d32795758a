//! Encodings of one sample, each to 16 bit.

use media::codec::g711::{alaw_decode, mulaw_decode};

/// How samples are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// One byte, 128 is silence.
    Unsigned8,
    /// Two to four bytes; the top sixteen bits count.
    Signed {
        bytes: u8,
    },
    Float32,
    Float64,
    Mulaw,
    Alaw,
}

impl Encoding {
    /// Of a WAVE format tag and the bytes a sample takes.
    pub(super) fn of(format: u16, bytes: u16) -> Option<Self> {
        match (format, bytes) {
            (1, 1) => Some(Self::Unsigned8),
            (1, 2..=4) => Some(Self::Signed { bytes: bytes as u8 }),
            (3, 4) => Some(Self::Float32),
            (3, 8) => Some(Self::Float64),
            (6, 1) => Some(Self::Alaw),
            (7, 1) => Some(Self::Mulaw),
            _ => None,
        }
    }

    /// Bytes of one sample.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Unsigned8 | Self::Mulaw | Self::Alaw => 1,
            Self::Signed { bytes } => usize::from(bytes),
            Self::Float32 => 4,
            Self::Float64 => 8,
        }
    }

    /// The sample at the start of `bytes`, which holds at least [`Self::bytes`].
    pub(super) fn sample(self, bytes: &[u8]) -> i16 {
        match self {
            Self::Unsigned8 => (i16::from(bytes[0]) - 128) << 8,
            Self::Mulaw => mulaw_decode(bytes[0]),
            Self::Alaw => alaw_decode(bytes[0]),
            Self::Signed { bytes: count } => {
                let top = usize::from(count);
                i16::from_le_bytes([bytes[top - 2], bytes[top - 1]])
            }
            Self::Float32 => {
                let value = bytes.first_chunk().map_or(0.0, |bytes| f32::from_le_bytes(*bytes));
                of_unit(f64::from(value))
            }
            Self::Float64 => {
                of_unit(bytes.first_chunk().map_or(0.0, |bytes| f64::from_le_bytes(*bytes)))
            }
        }
    }
}

/// Full scale is ±1; louder is clipped, and what is no number is silence.
fn of_unit(value: f64) -> i16 {
    (value * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16
}
