//! Ratios without a small fraction, by `rubato`'s windowed sinc with interpolated coefficients.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Async, FixedAsync, Resampler as _, SincInterpolationParameters, WindowFunction};

use super::to_sample;

/// Chunks per second of input: what has not filled a chunk waits.
const CHUNKS_PER_S: u32 = 200;
/// Length of the sinc, in samples of the lower rate.
const SINC_LEN: u32 = 64;

pub(super) struct Fractional {
    filter: Async<f32>,
    /// Input until it fills one chunk.
    chunk: Vec<f32>,
    chunk_samples: usize,
    output: Vec<f32>,
}

impl Fractional {
    /// `None` when `rubato` refuses the ratio.
    pub(super) fn new(from_hz: u32, to_hz: u32) -> Option<Self> {
        let chunk_samples = (from_hz / CHUNKS_PER_S) as usize;
        // `rubato` counts taps at the input's rate.
        let sinc_len = (SINC_LEN * from_hz).div_ceil(to_hz).max(SINC_LEN) as usize;
        let filter = Async::<f32>::new_sinc(
            f64::from(to_hz) / f64::from(from_hz),
            1.0,
            &SincInterpolationParameters::new(sinc_len, WindowFunction::Blackman),
            chunk_samples,
            1,
            FixedAsync::Input,
        )
        .ok()?;
        let output = vec![0.0; filter.output_frames_max()];
        Some(Self { filter, chunk: Vec::with_capacity(chunk_samples), chunk_samples, output })
    }

    pub(super) fn delay_samples(&self) -> usize {
        self.filter.output_delay()
    }

    pub(super) fn chunk_samples(&self) -> usize {
        self.chunk_samples
    }

    pub(super) fn process(&mut self, mut input: &[i16], out: &mut Vec<i16>) {
        while !input.is_empty() {
            let take = (self.chunk_samples - self.chunk.len()).min(input.len());
            let (now, later) = input.split_at(take);
            self.chunk.extend(now.iter().map(|&sample| f32::from(sample)));
            input = later;
            if self.chunk.len() == self.chunk_samples {
                let written = self.filter_chunk();
                out.extend(self.output[..written].iter().map(|&value| to_sample(value)));
                self.chunk.clear();
            }
        }
    }

    /// Filters the full chunk into `output`; returns how many samples it gave. The buffers have the
    /// sizes the filter asked for, so it cannot refuse them.
    fn filter_chunk(&mut self) -> usize {
        let frames = self.output.len();
        let Ok(input) = InterleavedSlice::new(&self.chunk, 1, self.chunk_samples) else { return 0 };
        let Ok(mut output) = InterleavedSlice::new_mut(&mut self.output, 1, frames) else {
            return 0;
        };
        self.filter.process_into_buffer(&input, &mut output, None).map_or(0, |(_, written)| written)
    }
}
