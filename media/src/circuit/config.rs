//! What a circuit is told once, at its birth.

use serde::{Deserialize, Serialize};

use crate::{
    barge_in::{BargeInPolicy, EchoConfig},
    codec::Codec,
    vad::VadConfig,
};

/// How the leg's audio travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// In order and without loss (WebSocket): codec bytes of any length.
    #[default]
    InOrder,
    /// Packets that may be late, lost or doubled.
    Rtp {
        /// Payload type of the codec.
        payload_type: u8,
        /// Our own synchronisation source.
        ssrc: u32,
        /// Payload type of RFC 4733 events, when agreed.
        event_payload_type: Option<u8>,
    },
}

/// Set-up of one circuit. The default is a Twilio media stream.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CircuitConfig {
    /// Encoding of the leg, both ways.
    pub codec: Codec,
    /// Samples per second of the leg (for `L16`; the other codecs have one rate).
    pub rate_hz: u32,
    /// Sound in one packet, and in one frame for the recogniser: 10, 20, 30 or 60 ms.
    pub frame_ms: u16,
    /// Sound in one message to a carrier in order: 10, 20, 40 or 60 ms.
    #[serde(default = "message_ms_once")]
    pub message_ms: u16,
    /// How it travels.
    pub transport: Transport,
    /// The carrier drops what it has not played when we ask.
    pub clear: bool,
    /// The carrier returns marks.
    pub mark: bool,
    /// Most sound kept in the carrier's buffer ahead of what plays, in ms.
    pub lead_ms: u16,
    /// The gate, the judge and the edges.
    pub vad: VadConfig,
    /// What may interrupt us.
    pub barge_in: BargeInPolicy,
    /// Our own sound coming back.
    pub echo: EchoConfig,
    /// Tones and kinds of sound are told ([`Event::Tone`](super::Event::Tone),
    /// [`Event::Sounds`](super::Event::Sounds)).
    pub senses: bool,
    /// A neural judge answers [`Output::Judge`](super::Output::Judge); without, the gate decides alone.
    pub judge: bool,
}

impl Default for CircuitConfig {
    fn default() -> Self {
        Self {
            codec: Codec::Mulaw,
            rate_hz: 8000,
            frame_ms: 20,
            message_ms: 40,
            transport: Transport::InOrder,
            clear: true,
            mark: true,
            lead_ms: 60,
            vad: VadConfig::default(),
            barge_in: BargeInPolicy::default(),
            echo: EchoConfig::default(),
            senses: false,
            judge: true,
        }
    }
}

/// A configuration no circuit can work with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Frame length.
    #[error("frames are 10, 20, 30 or 60 ms, not {0} ms")]
    Frame(u16),
    /// Message length.
    #[error("messages hold 10, 20, 40 or 60 ms, not {0} ms")]
    Message(u16),
    /// Lead.
    #[error("the lead must be between one message and 1000 ms, not {0} ms")]
    Lead(u16),
    /// Rate.
    #[error("{0:?} does not run at {1} Hz")]
    Rate(Codec, u32),
    /// The codec does not start.
    #[error("{0:?} cannot be set up at {1} Hz with frames of {2} ms")]
    Codec(Codec, u32, u16),
}

impl CircuitConfig {
    /// Says what is impossible in it.
    ///
    /// # Errors
    /// The first impossible value.
    pub fn check(&self) -> Result<(), ConfigError> {
        if !matches!(self.frame_ms, 10 | 20 | 30 | 60) {
            return Err(ConfigError::Frame(self.frame_ms));
        }
        if !matches!(self.message_ms, 10 | 20 | 40 | 60) {
            return Err(ConfigError::Message(self.message_ms));
        }
        if !(self.sent_ms()..=1000).contains(&self.lead_ms) {
            return Err(ConfigError::Lead(self.lead_ms));
        }
        Ok(())
    }

    /// Sound that leaves at once, in ms.
    pub(super) fn sent_ms(&self) -> u16 {
        match self.transport {
            Transport::InOrder => self.message_ms,
            Transport::Rtp { .. } => self.frame_ms,
        }
    }

    /// The same in a bridge, where nothing waits for longer messages.
    pub(super) fn relayed_ms(&self) -> u16 {
        match self.transport {
            Transport::InOrder => self.message_ms.min(20),
            Transport::Rtp { .. } => self.frame_ms,
        }
    }
}

/// Tapes that do not say it come from when there was no choice.
fn message_ms_once() -> u16 {
    20
}
