//! Why a call ended, in the carrier's terms, and the outcome the public API shows for it.

use serde::{Deserialize, Serialize};

/// Why the telephone network ended the call (names after ITU-T Q.850 where one fits).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Somebody hung up after an answer.
    NormalClearing,
    /// It rang until the time was up.
    NoAnswer,
    /// The line was in use.
    UserBusy,
    /// The callee or their network declined.
    CallRejected,
    /// No such number.
    UnallocatedNumber,
    /// The destination exists and cannot be reached now.
    Unreachable,
    /// The carrier's network failed.
    NetworkOutOfOrder,
    /// We cancelled before an answer.
    OriginatorCancel,
    /// The media stream was lost and did not come back.
    MediaLost,
    /// A fault of our own.
    SystemError,
    /// Anything else.
    Other,
}

/// The phone-network result the API shows (ClawCall `outcome`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Somebody or something answered and the call ended in the normal way.
    Answered,
    /// Nobody answered.
    NoAnswer,
    /// The line was in use.
    Busy,
    /// Declined.
    Rejected,
    /// No such number.
    InvalidNumber,
    /// The destination cannot be reached now.
    Unreachable,
    /// The carrier's network failed.
    NetworkError,
    /// Cancelled before an answer.
    Cancelled,
    /// A fault of our own.
    SystemError,
    /// Anything else.
    Failed,
}

impl Cause {
    /// The one mapping from cause to outcome, for all carriers.
    pub fn outcome(self, answered: bool) -> Outcome {
        match self {
            Self::NormalClearing if answered => Outcome::Answered,
            Self::NormalClearing | Self::Other => Outcome::Failed,
            Self::NoAnswer => Outcome::NoAnswer,
            Self::UserBusy => Outcome::Busy,
            Self::CallRejected => Outcome::Rejected,
            Self::UnallocatedNumber => Outcome::InvalidNumber,
            Self::Unreachable => Outcome::Unreachable,
            Self::NetworkOutOfOrder | Self::MediaLost => Outcome::NetworkError,
            Self::OriginatorCancel => Outcome::Cancelled,
            Self::SystemError => Outcome::SystemError,
        }
    }
}
