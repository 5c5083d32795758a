//! What a leg can do. The engine branches on these, never on a carrier's name.

use serde::{Deserialize, Serialize};

/// What a leg can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// The carrier drops unplayed audio when asked.
    pub clear: bool,
    /// The carrier returns marks when the audio before them has played.
    pub mark: bool,
    /// The best way to press keys.
    pub digits: DigitPath,
    /// The best way to join two legs.
    pub bridging: Bridging,
    /// Whether the carrier tells people from machines.
    pub machine_detection: MachineDetection,
    /// A stream that was torn down may come back for the same call.
    pub reattach: bool,
    /// Messages arrive in the order they were sent.
    pub in_order: bool,
}

/// How keys are pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DigitPath {
    /// A control request to the carrier.
    Control,
    /// RFC 4733 events in the media stream.
    Rfc4733,
    /// Tones in the audio.
    InBand,
    /// The carrier plays them and our stream comes back after.
    PlayAndReattach,
    /// Not at all.
    None,
}

/// How two legs are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bridging {
    /// The carrier bridges on request.
    Control,
    /// Both legs enter a conference at the carrier.
    Conference,
    /// SIP REFER.
    Refer,
    /// We mix the two legs ourselves.
    LocalMix,
    /// Not at all.
    None,
}

/// Whether the carrier tells people from machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MachineDetection {
    /// It does not.
    None,
    /// Before it connects us.
    Sync,
    /// While we talk.
    Async,
}
