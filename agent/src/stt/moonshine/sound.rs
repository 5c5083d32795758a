//! The last half minute of the callee's sound, addressed by position in the call.

use std::collections::VecDeque;

/// Samples kept (8 kHz): 30 s. When more come, the oldest are lost.
pub(super) const SOUND_MAX: usize = 30 * 8000;
/// Samples of one frame when pauses are looked for: 20 ms.
const FRAME: usize = 160;
/// Frames that together must be quiet to be a pause: 160 ms.
const PAUSE_FRAMES: usize = 8;

/// A ring of sound.
#[derive(Default)]
pub(super) struct Sound {
    samples: VecDeque<i16>,
    /// Position of the first sample kept.
    start: u64,
}

impl Sound {
    pub(super) fn push(&mut self, samples: &[i16]) {
        self.samples.extend(samples);
        let lost = self.samples.len().saturating_sub(SOUND_MAX);
        self.samples.drain(..lost);
        self.start += lost as u64;
    }

    /// Position just after the last sample.
    pub(super) fn end(&self) -> u64 {
        self.start + self.samples.len() as u64
    }

    /// What is kept of this range.
    pub(super) fn range(&self, from: u64, to: u64) -> Vec<i16> {
        let index = |at: u64| {
            usize::try_from(at.saturating_sub(self.start))
                .map_or(self.samples.len(), |i| i.min(self.samples.len()))
        };
        let (from, to) = (index(from), index(to));
        self.samples.range(from..to.max(from)).copied().collect()
    }

    /// The quietest 160 ms within a range: the position of its middle, and its level relative to the
    /// whole range, in dB. `None` when the range is too short.
    pub(super) fn quietest(&self, from: u64, to: u64) -> Option<(u64, f32)> {
        let samples = self.range(from, to);
        let from = from.max(self.start);
        let energies: Vec<f32> = samples
            .chunks_exact(FRAME)
            .map(|frame| frame.iter().map(|&s| f32::from(s).powi(2)).sum::<f32>())
            .collect();
        let mean = energies.iter().sum::<f32>() / energies.len().max(1) as f32;
        let (at, quiet) = energies
            .windows(PAUSE_FRAMES)
            .map(|window| window.iter().sum::<f32>() / PAUSE_FRAMES as f32)
            .enumerate()
            .min_by(|a, b| a.1.total_cmp(&b.1))?;
        let middle = from + ((at + PAUSE_FRAMES / 2) * FRAME) as u64;
        Some((middle, 10.0 * ((quiet + 1.0) / (mean + 1.0)).log10()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest_and_its_positions() {
        let mut sound = Sound::default();
        sound.push(&[1, 2, 3]);
        sound.push(&vec![7; SOUND_MAX]);
        assert_eq!(sound.end(), SOUND_MAX as u64 + 3);
        assert_eq!(sound.range(0, 5), [7, 7]);
        assert_eq!(sound.range(SOUND_MAX as u64 + 2, u64::MAX), [7]);
        assert_eq!(sound.range(9, 4), [0_i16; 0]);
    }

    #[test]
    fn finds_the_pause() {
        let mut sound = Sound::default();
        sound.push(&[5000; 8000]);
        sound.push(&[10; 2400]);
        sound.push(&[5000; 8000]);
        let (at, level) = sound.quietest(0, sound.end()).unwrap();
        assert!((8000 + 640..=8000 + 2400 - 640).contains(&at), "{at}");
        assert!(level < -40.0, "{level}");
        assert!(sound.quietest(0, 800).is_none());
    }
}
