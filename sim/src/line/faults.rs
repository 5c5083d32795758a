//! What a carrier may do wrong, for tests. The default does nothing wrong.

use serde::{Deserialize, Serialize};

/// Bad behaviour of the carrier's end. Times are ms since the stream's start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Audio is sent before the start.
    pub media_before_start: bool,
    /// The start is sent again.
    pub second_start_ms: Option<u32>,
    /// Messages that break the protocol, one at each of these times.
    pub garbage_ms: Vec<u32>,
    /// A message of 1 MiB.
    pub giant_ms: Option<u32>,
    /// So many of 1,000 frames never arrive.
    pub drop_per_mille: u16,
    /// Frames are held back and come all at once.
    pub burst: Option<Burst>,
    /// 8 kHz is announced and 16 kHz is sent.
    pub double_rate: bool,
    /// Messages hold any number of bytes, not 160.
    pub odd_sizes: bool,
    /// The stream ends without a stop.
    pub no_stop: bool,
    /// Audio is sent after the stop.
    pub media_after_stop: bool,
    /// The connection is gone without a word.
    pub vanish_ms: Option<u32>,
}

/// Frames held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Burst {
    /// A hold begins this often, in ms.
    pub every_ms: u32,
    /// It lasts this long, in ms.
    pub hold_ms: u32,
}
