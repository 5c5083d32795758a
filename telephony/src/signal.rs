//! What a carrier tells us about a call.

use dtmf::Digit;
use serde::{Deserialize, Serialize};

use crate::{capabilities::Capabilities, cause::Cause};

/// Who placed the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// We did.
    Outbound,
    /// They did.
    Inbound,
}

/// What the carrier told us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// The other side's telephone rings.
    Ringing,
    /// Somebody or something answered.
    Answered,
    /// The media stream stands: sound can flow both ways.
    MediaStarted {
        /// What this leg can do.
        capabilities: Capabilities,
    },
    /// The media stream is gone; the call may live on.
    MediaStopped,
    /// A key was pressed on the other side, reported on the control path.
    Digit(Digit),
    /// The keys we asked for have been sent.
    DigitsSent,
    /// The user's own leg answered; where its sound comes to us, the stream stands.
    BridgeAnswered,
    /// The user's own leg ended or never answered.
    BridgeEnded {
        /// Why.
        cause: Cause,
    },
    /// The call is over.
    Ended {
        /// Why.
        cause: Cause,
        /// Who ended it.
        by_callee: bool,
    },
    /// The carrier broke its own protocol; the call goes on or ends by its own rules.
    Misbehaved {
        /// Stable code of the fault.
        code: String,
        /// For people.
        detail: String,
    },
}

impl Signal {
    /// What a signal of the user's own leg means for the call. A stream that stops is a user who has gone.
    pub fn of_user_leg(self) -> Option<Self> {
        match self {
            Self::MediaStarted { .. } => Some(Self::BridgeAnswered),
            Self::MediaStopped => Some(Self::BridgeEnded { cause: Cause::NormalClearing }),
            Self::Ended { cause, .. } => Some(Self::BridgeEnded { cause }),
            Self::Misbehaved { .. } => Some(self),
            _ => None,
        }
    }
}
