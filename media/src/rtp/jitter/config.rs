//! What a jitter buffer is made for.

/// Frame lengths a sender may use, in ms.
pub(super) const FRAMES_MS: [u16; 5] = [10, 20, 30, 40, 60];
/// Largest payload, in bytes.
const PAYLOAD_BYTES_MAX: usize = 8_192;

/// What the buffer is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JitterConfig {
    /// Length of a frame, in ms: 10, 20, 30, 40 or 60. Corrected when the sender does otherwise.
    pub frame_ms: u16,
    /// Ticks of the RTP clock per second.
    pub clock_hz: u32,
    /// Room for one payload, in bytes.
    pub payload_bytes_max: usize,
    /// The delay's target is never below, in ms.
    pub delay_min_ms: u16,
    /// The delay never stays above, in ms; at most 1000.
    pub delay_max_ms: u16,
}

/// A configuration that cannot work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadJitterConfig {
    /// Not a frame length of telephony.
    #[error("frames of {0} ms: 10, 20, 30, 40 or 60 are possible")]
    Frame(u16),
    /// Delays the wrong way round, or too long.
    #[error("a delay between {min_ms} and {max_ms} ms: at least one frame apart and at most 1000")]
    Delay {
        /// The lower bound.
        min_ms: u16,
        /// The upper bound.
        max_ms: u16,
    },
    /// A clock that cannot count frames, or no room in a slot.
    #[error("an RTP clock of {clock_hz} Hz and payloads of {payload_bytes_max} bytes")]
    Size {
        /// The clock.
        clock_hz: u32,
        /// The room.
        payload_bytes_max: usize,
    },
}

impl JitterConfig {
    /// Between 20 ms (or a frame) and 400 ms of delay.
    pub fn new(frame_ms: u16, clock_hz: u32, payload_bytes_max: usize) -> Self {
        let delay_min_ms = frame_ms.min(20);
        Self { frame_ms, clock_hz, payload_bytes_max, delay_min_ms, delay_max_ms: 400 }
    }

    pub(super) fn check(&self) -> Result<(), BadJitterConfig> {
        let Self { frame_ms, clock_hz, payload_bytes_max, delay_min_ms, delay_max_ms } = *self;
        if !FRAMES_MS.contains(&frame_ms) {
            return Err(BadJitterConfig::Frame(frame_ms));
        }
        if delay_max_ms > 1_000 || delay_min_ms.saturating_add(60) > delay_max_ms {
            let (min_ms, max_ms) = (delay_min_ms, delay_max_ms);
            return Err(BadJitterConfig::Delay { min_ms, max_ms });
        }
        let clock_fits = (1_000..=192_000).contains(&clock_hz);
        if !clock_fits || !(1..=PAYLOAD_BYTES_MAX).contains(&payload_bytes_max) {
            return Err(BadJitterConfig::Size { clock_hz, payload_bytes_max });
        }
        Ok(())
    }
}
