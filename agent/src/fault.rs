//! What went wrong at a vendor, in classes that each have one right reaction.

use serde::{Deserialize, Serialize};

/// A vendor's fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{vendor}: {class}: {detail}")]
pub struct Fault {
    /// Which vendor dialect, e.g. `deepgram`.
    pub vendor: String,
    /// What kind of fault.
    pub class: FaultClass,
    /// Wait this long before a retry, if the vendor said so, in ms.
    pub retry_after_ms: Option<u32>,
    /// For people; holds no secret.
    pub detail: String,
}

/// Kinds of fault. [`FaultClass::may_retry`] says whether the same request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultClass {
    /// Key missing, wrong or without the right: no retry, tell the operator.
    Auth,
    /// Rate or concurrency limit, or out of credit.
    Quota,
    /// Network trouble or a 5xx.
    Transient,
    /// The vendor refused what we asked: our fault.
    BadRequest,
    /// The session reached its lifetime: open a new one.
    SessionLimit,
    /// Closed for want of audio or keepalive: open a new one.
    IdleClose,
    /// What came does not follow the vendor's own protocol.
    Garbage,
    /// Nothing came in time.
    Stalled,
}

impl FaultClass {
    /// Whether the same request may be sent again.
    pub fn may_retry(self) -> bool {
        !matches!(self, Self::Auth | Self::BadRequest)
    }
}

impl std::fmt::Display for FaultClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Auth => "the key was refused",
            Self::Quota => "limit or quota reached",
            Self::Transient => "network or server trouble",
            Self::BadRequest => "the request was refused",
            Self::SessionLimit => "the session's lifetime is over",
            Self::IdleClose => "closed for being idle",
            Self::Garbage => "the answer breaks the vendor's protocol",
            Self::Stalled => "no answer in time",
        })
    }
}
