//! What we ask a carrier to do with a call.

use media::circuit::Keys;
use serde::{Deserialize, Serialize};

use crate::number::E164;

/// What we ask of the carrier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// Place the call.
    Dial {
        /// Whom.
        to: E164,
        /// Caller number to show; the carrier's default when absent.
        from: Option<E164>,
        /// Give up ringing after this long, in s.
        ring_seconds_max: u32,
    },
    /// Accept an incoming call.
    Answer,
    /// End the call; the user's own leg stays. Harmless when it has ended already.
    Hangup,
    /// Press keys, on carriers whose [`DigitPath`](crate::DigitPath) is `Control`.
    SendDigits {
        /// Keys and pauses in order; the carrier's translator writes the pauses as the carrier does.
        digits: Keys,
    },
    /// Dial the user's own leg, to be joined with this call.
    DialBridge {
        /// The user's number.
        to: E164,
    },
    /// Join the two legs, where the carrier does it ([`Bridging`](crate::Bridging)).
    Bridge,
    /// End the user's own leg, ringing or answered. Harmless when it has ended already.
    HangupBridge,
}
