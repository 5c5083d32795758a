//! One streaming resampler per stream, for its whole life.
//!
//! Between 8, 16, 24 and 48 kHz: a small polyphase FIR ([`polyphase`]), no allocation, a fixed delay
//! of under 2 ms. Every other ratio (22.05 and 44.1 kHz synthesisers): `rubato` ([`fractional`]).
//! Cutting the input anywhere gives the same samples; the number of samples out never drifts from
//! the exact ratio. Fresh filters per chunk, the field's usual cause of choppy sound, cannot happen:
//! the state lives here.

mod fractional;
mod polyphase;

use fractional::Fractional;
use polyphase::Polyphase;

/// Lowest and highest rate accepted, in Hz.
pub const RATE_HZ: std::ops::RangeInclusive<u32> = 4_000..=192_000;

/// Rates joined by the small filters, in Hz.
const FIXED_HZ: [u32; 4] = [8_000, 16_000, 24_000, 48_000];

/// A pair of rates that cannot be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot resample from {from_hz} Hz to {to_hz} Hz")]
pub struct ResampleError {
    /// Rate of the input.
    pub from_hz: u32,
    /// Rate of the output.
    pub to_hz: u32,
}

/// Changes the rate of one mono stream.
///
/// Between 8, 16, 24 and 48 kHz, of the lower rate's Nyquist frequency: flat within 0.01 dB up to
/// 0.85 of it (3.4 kHz of 4), −0.4 dB at 0.9, −6 dB at 1, and at least 63 dB down from 1.15 on, so
/// nothing is mirrored into what passes flat. Linear phase; late by 13 samples of the lower rate.
/// Every other ratio: within 0.5 dB and 60 dB down at the same places.
pub struct Resampler {
    from_hz: u32,
    to_hz: u32,
    way: Way,
}

enum Way {
    Same,
    Polyphase(Polyphase),
    Fractional(Box<Fractional>),
}

impl Resampler {
    /// A resampler for one stream, silent before its first sample.
    ///
    /// # Errors
    /// When a rate is outside [`RATE_HZ`].
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Self, ResampleError> {
        let error = ResampleError { from_hz, to_hz };
        if !RATE_HZ.contains(&from_hz) || !RATE_HZ.contains(&to_hz) {
            return Err(error);
        }
        let way = if from_hz == to_hz {
            Way::Same
        } else if FIXED_HZ.contains(&from_hz) && FIXED_HZ.contains(&to_hz) {
            Way::Polyphase(Polyphase::new(from_hz, to_hz))
        } else {
            Way::Fractional(Box::new(Fractional::new(from_hz, to_hz).ok_or(error)?))
        };
        Ok(Self { from_hz, to_hz, way })
    }

    /// Resamples `input` (any length) and appends to `out`. Does not allocate when `out` has room
    /// for [`Self::output_samples_max`] more.
    pub fn process(&mut self, input: &[i16], out: &mut Vec<i16>) {
        match &mut self.way {
            Way::Same => out.extend_from_slice(input),
            Way::Polyphase(filter) => filter.process(input, out),
            Way::Fractional(filter) => filter.process(input, out),
        }
    }

    /// How much later a sound leaves than it entered, in output samples, apart from what waits for
    /// a chunk to fill (between 8, 16, 24 and 48 kHz up to five samples, none when frames are whole
    /// milliseconds; up to 5 ms otherwise).
    pub fn delay_samples(&self) -> usize {
        match &self.way {
            Way::Same => 0,
            Way::Polyphase(filter) => filter.delay_samples(),
            Way::Fractional(filter) => filter.delay_samples(),
        }
    }

    /// Most samples that one call with `input_samples` can append.
    pub fn output_samples_max(&self, input_samples: usize) -> usize {
        let waiting = match &self.way {
            Way::Same | Way::Polyphase(_) => 0,
            Way::Fractional(filter) => filter.chunk_samples(),
        };
        let exact = (input_samples + waiting) as u64 * u64::from(self.to_hz);
        exact.div_ceil(u64::from(self.from_hz)) as usize + 8
    }

    /// Rate of the input, in Hz.
    pub fn from_hz(&self) -> u32 {
        self.from_hz
    }

    /// Rate of the output, in Hz.
    pub fn to_hz(&self) -> u32 {
        self.to_hz
    }
}

/// Nearest 16-bit sample, clipped. The sum's unit is its lowest bit, so that rounding is an addition
/// and many samples are rounded at once.
fn to_sample(value: f32) -> i16 {
    /// 1.5 · 2²³: its low 16 bits are zero.
    const UNIT: f32 = 12_582_912.0;
    let clipped = value.clamp(f32::from(i16::MIN), f32::from(i16::MAX));
    (clipped + UNIT).to_bits() as i16
}

#[cfg(test)]
mod tests;
