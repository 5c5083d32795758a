//! Keys to sound: two sines, raised-cosine edges, exact gaps (ITU-T Q.23).

use std::collections::VecDeque;
use std::f32::consts::{PI, TAU};

use crate::Digit;

/// Level of the low tone, in dBFS of a full-scale sine's amplitude.
const LOW_DBFS: f32 = -10.0;
/// Level of the high tone: 2 dB more, since lines lose more of it.
const HIGH_DBFS: f32 = -8.0;
/// Length of each edge, in ms: no click, yet far from eating into the tone.
const EDGE_MS: u32 = 2;

/// Plays keys. Each key is a tone and the gap after it.
#[derive(Clone, Debug)]
pub struct Generator {
    rate_hz: f32,
    tone_samples: u32,
    gap_samples: u32,
    edge_samples: u32,
    queue: VecDeque<Digit>,
    playing: Option<Playing>,
}

#[derive(Clone, Copy, Debug)]
struct Playing {
    digit: Digit,
    at: u32,
}

/// The queue holds [`Generator::DIGITS_MAX`] keys already; this one was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull;

impl std::fmt::Display for QueueFull {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "at most {} keys can wait to be played", Generator::DIGITS_MAX)
    }
}

impl std::error::Error for QueueFull {}

impl Generator {
    /// Most keys waiting.
    pub const DIGITS_MAX: usize = 128;

    /// A generator at `rate_hz` with tones of `tone_ms` (clamped to 1–10,000) and gaps of `gap_ms`
    /// (at most 10,000). Receivers must take 40 ms and 40 ms (ITU-T Q.24); 100 and 100 is kinder.
    pub fn new(rate_hz: u32, tone_ms: u32, gap_ms: u32) -> Self {
        let samples = |ms: u32| (u64::from(rate_hz) * u64::from(ms) / 1_000) as u32;
        let tone_samples = samples(tone_ms.clamp(1, 10_000)).max(1);
        Self {
            rate_hz: rate_hz.max(1) as f32,
            tone_samples,
            gap_samples: samples(gap_ms.min(10_000)),
            edge_samples: samples(EDGE_MS).min(tone_samples / 2),
            queue: VecDeque::with_capacity(Self::DIGITS_MAX),
            playing: None,
        }
    }

    /// Queues a key.
    ///
    /// # Errors
    /// When [`Self::DIGITS_MAX`] wait already.
    pub fn push(&mut self, digit: Digit) -> Result<(), QueueFull> {
        if self.queue.len() >= Self::DIGITS_MAX {
            return Err(QueueFull);
        }
        self.queue.push_back(digit);
        Ok(())
    }

    /// Drops everything queued, and the key being played.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.playing = None;
    }

    /// Nothing is playing or waiting.
    pub fn is_idle(&self) -> bool {
        self.playing.is_none() && self.queue.is_empty()
    }

    /// Overwrites the start of `out` with sound; returns how many samples it wrote. The rest is
    /// untouched: there was nothing more to play.
    pub fn fill(&mut self, out: &mut [i16]) -> usize {
        for (written, slot) in out.iter_mut().enumerate() {
            let Some(playing) = self.current() else { return written };
            *slot = self.sample(playing);
            let at = playing.at + 1;
            let more = at < self.tone_samples + self.gap_samples;
            self.playing = more.then_some(Playing { at, ..playing });
        }
        out.len()
    }

    fn current(&mut self) -> Option<Playing> {
        if self.playing.is_none() {
            self.playing = self.queue.pop_front().map(|digit| Playing { digit, at: 0 });
        }
        self.playing
    }

    fn sample(&self, Playing { digit, at }: Playing) -> i16 {
        if at >= self.tone_samples {
            return 0;
        }
        let (low, high) = digit.frequencies_hz();
        let wave = |hz: u16, dbfs: f32| {
            // The phase is taken as whole turns first: no drift within long tones.
            let turns = (f32::from(hz) / self.rate_hz * at as f32).fract();
            (turns * TAU).sin() * 32_767.0 * 10f32.powf(dbfs / 20.0)
        };
        let to_edge = at.min(self.tone_samples - 1 - at);
        let edge = if to_edge < self.edge_samples {
            0.5 - 0.5 * (PI * (to_edge + 1) as f32 / (self.edge_samples + 1) as f32).cos()
        } else {
            1.0
        };
        ((wave(low, LOW_DBFS) + wave(high, HIGH_DBFS)) * edge) as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn power_db(samples: &[i16], hz: f32, rate_hz: f32) -> f32 {
        let (mut s, mut c) = (0.0, 0.0);
        for (n, &x) in samples.iter().enumerate() {
            let angle = TAU * hz * n as f32 / rate_hz;
            s += f32::from(x) * angle.sin();
            c += f32::from(x) * angle.cos();
        }
        let amplitude = 2.0 * s.hypot(c) / samples.len() as f32;
        20.0 * (amplitude / 32_767.0).max(1e-6).log10()
    }

    #[test]
    fn every_key_is_its_two_tones_at_their_levels() {
        for rate_hz in [8_000u32, 16_000, 48_000] {
            for key in "0123456789*#ABCD".chars() {
                let digit = Digit::try_from(key).unwrap();
                let mut generator = Generator::new(rate_hz, 200, 0);
                generator.push(digit).unwrap();
                let mut out = vec![0; rate_hz as usize / 5];
                assert_eq!(generator.fill(&mut out), out.len());
                assert!(generator.is_idle());
                let (low, high) = digit.frequencies_hz();
                let rate = rate_hz as f32;
                assert!((power_db(&out, f32::from(low), rate) - LOW_DBFS).abs() < 0.5);
                assert!((power_db(&out, f32::from(high), rate) - HIGH_DBFS).abs() < 0.5);
                assert!(power_db(&out, 1_050.0, rate) < -35.0);
            }
        }
    }

    #[test]
    fn tones_and_gaps_have_their_lengths_whatever_the_cuts() {
        let mut whole = Generator::new(8_000, 50, 30);
        let mut cut = whole.clone();
        for digit in "12#".chars().map(|key| Digit::try_from(key).unwrap()) {
            whole.push(digit).unwrap();
            cut.push(digit).unwrap();
        }
        let mut out = vec![77; 2_000];
        assert_eq!(whole.fill(&mut out), 3 * 640);
        assert!(out[1_920..].iter().all(|&s| s == 77));
        for key in 0..3 {
            assert!(out[key * 640 + 400..(key + 1) * 640].iter().all(|&s| s == 0));
            assert!(out[key * 640..key * 640 + 400].iter().filter(|&&s| s == 0).count() < 20);
        }
        let mut pieces = vec![0; 1_920];
        for piece in pieces.chunks_mut(37) {
            assert_eq!(cut.fill(piece), piece.len());
        }
        assert_eq!(pieces, out[..1_920]);
    }

    #[test]
    fn the_queue_is_bounded_and_can_be_dropped() {
        let one = Digit::try_from('1').unwrap();
        let mut generator = Generator::new(8_000, 50, 50);
        for _ in 0..Generator::DIGITS_MAX {
            generator.push(one).unwrap();
        }
        assert_eq!(generator.push(one), Err(QueueFull));
        generator.fill(&mut [0; 10]);
        generator.clear();
        assert!(generator.is_idle());
        assert_eq!(generator.fill(&mut [0; 10]), 0);
    }
}
