//! Codecs of the telephone: G.711, G.722, L16, Opus, and concealment of what was lost.

use serde::{Deserialize, Serialize};

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
