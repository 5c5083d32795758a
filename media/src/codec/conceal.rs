//! Packet-loss concealment for waveform codecs, after ITU-T G.711 Appendix I.
//!
//! The last pitch period is repeated (two after 10 ms, three after 20 ms, so that it does not buzz),
//! fades from 10 ms on and is silent after 60 ms. The first good sound is blended in. Unlike the
//! appendix it adds no delay: the seam at the start is closed by an offset that fades within a
//! quarter period. Works at any rate; nothing is allocated after construction.

/// History kept: three longest periods and a quarter, in ms.
const HISTORY_MS: usize = 49;
/// Shortest pitch period looked for (200 Hz), in ms.
const PITCH_MS_MIN: usize = 5;
/// Longest pitch period looked for (66 Hz), in ms.
const PITCH_MS_MAX: usize = 15;
/// Stretch compared with its past to find the pitch, in ms.
const COMPARED_MS: usize = 20;
/// Repeated without fading, in ms.
const STEADY_MS: usize = 10;
/// Silent from here, in ms.
const SILENT_MS: usize = 60;
/// Most periods in one cycle.
const PERIODS_MAX: usize = 3;
/// Blend into the first good sound, in ms: shortest, and longest after long losses.
const BLEND_MS: std::ops::RangeInclusive<usize> = 4..=10;
/// The pitch is searched at about this rate, then refined.
const COARSE_HZ: usize = 4_000;

/// Makes up what was lost of one stream.
pub struct Concealer {
    /// Samples per ms, rounded up.
    per_ms: usize,
    rate_hz: usize,
    /// What was played last, newest at the end.
    history: Vec<i16>,
    /// `history` when the loss began.
    source: Vec<i16>,
    /// What is being repeated.
    cycle: Vec<f32>,
    at: usize,
    pitch: usize,
    periods: usize,
    /// Step between the last sample played and where the cycle begins.
    step: f32,
    /// Samples made up since the last good one.
    lost: usize,
}

impl Concealer {
    /// For a stream at `rate_hz`.
    pub fn new(rate_hz: u32) -> Self {
        let rate_hz = rate_hz as usize;
        let history = rate_hz * HISTORY_MS / 1_000;
        Self {
            per_ms: rate_hz.div_ceil(1_000),
            rate_hz,
            history: vec![0; history],
            source: vec![0; history],
            cycle: Vec::with_capacity(history),
            at: 0,
            pitch: 1,
            periods: 1,
            step: 0.0,
            lost: 0,
        }
    }

    /// Takes note of good sound; after a loss its start is blended with what was made up.
    pub fn heard(&mut self, pcm: &mut [i16]) {
        if self.lost > 0 {
            let blend_ms = (*BLEND_MS.start() + self.lost / self.per_ms / 3).min(*BLEND_MS.end());
            let blend = (blend_ms * self.per_ms).min(pcm.len());
            for (i, sample) in pcm[..blend].iter_mut().enumerate() {
                let weight = (i + 1) as f32 / (blend + 1) as f32;
                let made_up = self.next();
                *sample = (made_up + (f32::from(*sample) - made_up) * weight) as i16;
            }
            self.lost = 0;
        }
        self.remember(pcm);
    }

    /// Appends `samples` made-up samples.
    pub fn conceal(&mut self, samples: usize, pcm: &mut Vec<i16>) {
        if samples == 0 {
            return;
        }
        if self.lost == 0 {
            self.source.copy_from_slice(&self.history);
            self.pitch = self.find_pitch();
            self.start_cycle(1);
            let end = self.source.len();
            self.step =
                f32::from(self.source[end - 1]) - f32::from(self.source[end - 1 - self.pitch]);
        }
        let start = pcm.len();
        for _ in 0..samples {
            let sample = self.next();
            pcm.push(sample as i16);
        }
        self.remember(&pcm[start..]);
    }

    fn remember(&mut self, pcm: &[i16]) {
        let keep = self.history.len();
        if pcm.len() >= keep {
            self.history.copy_from_slice(&pcm[pcm.len() - keep..]);
        } else {
            self.history.copy_within(pcm.len().., 0);
            self.history[keep - pcm.len()..].copy_from_slice(pcm);
        }
    }

    /// The next made-up sample.
    fn next(&mut self) -> f32 {
        let silent = SILENT_MS * self.per_ms;
        if self.lost >= silent {
            self.lost = self.lost.saturating_add(1);
            return 0.0;
        }
        if self.at == self.cycle.len() {
            let tens_ms = self.lost / (10 * self.per_ms);
            self.start_cycle((1 + tens_ms).min(PERIODS_MAX));
        }
        let quarter = (self.pitch / 4).max(1);
        let seam = self.step * (1.0 - self.lost as f32 / quarter as f32).max(0.0);
        let steady = STEADY_MS * self.per_ms;
        let faded = self.lost.saturating_sub(steady) as f32 / (silent - steady) as f32;
        let sample = (self.cycle[self.at] + seam) * (1.0 - faded);
        self.at += 1;
        self.lost += 1;
        sample
    }

    /// Prepares the last `periods` periods, their end blended so that it runs into their start.
    fn start_cycle(&mut self, periods: usize) {
        self.at = 0;
        if periods == self.periods && !self.cycle.is_empty() && self.lost > 0 {
            return;
        }
        self.periods = periods;
        let (end, length) = (self.source.len(), periods * self.pitch);
        let start = end - length;
        self.cycle.clear();
        self.cycle.extend(self.source[start..].iter().map(|&sample| f32::from(sample)));
        let quarter = (self.pitch / 4).min(start);
        for i in 0..quarter {
            let weight = (i + 1) as f32 / (quarter + 1) as f32;
            let before = f32::from(self.source[start - quarter + i]);
            let slot = &mut self.cycle[length - quarter + i];
            *slot += (before - *slot) * weight;
        }
    }

    /// The lag at which the last 20 ms look most like what was before them.
    fn find_pitch(&self) -> usize {
        let per_s = |ms: usize| self.rate_hz * ms / 1_000;
        let (shortest, longest) = (per_s(PITCH_MS_MIN), per_s(PITCH_MS_MAX));
        let compared = per_s(COMPARED_MS);
        let stride = (self.rate_hz / COARSE_HZ).max(1);
        let best = |lags: &mut dyn Iterator<Item = usize>, stride: usize| {
            let mut best = (longest, 0.0);
            for lag in lags {
                let likeness = self.likeness(lag, compared, stride);
                if likeness > best.1 {
                    best = (lag, likeness);
                }
            }
            best.0
        };
        let coarse = best(&mut (shortest..=longest).step_by(stride), stride);
        let near = coarse.saturating_sub(stride).max(shortest)..=(coarse + stride).min(longest);
        best(&mut { near }, 1)
    }

    /// Normalised correlation of the last `compared` samples with those `lag` before; 0 when they
    /// are opposed or silent.
    fn likeness(&self, lag: usize, compared: usize, stride: usize) -> f32 {
        let end = self.source.len();
        let now = self.source[end - compared..].iter().step_by(stride);
        let past = self.source[end - compared - lag..end - lag].iter().step_by(stride);
        let (mut product, mut energy) = (0.0f32, 0.0f32);
        for (&x, &y) in now.zip(past) {
            product += f32::from(x) * f32::from(y);
            energy += f32::from(y) * f32::from(y);
        }
        if product > 0.0 { product / energy.max(1.0).sqrt() } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    /// A buzz like a voice: a 125 Hz pulse train softened, at any rate.
    fn voice(rate_hz: u32, samples: usize) -> Vec<i16> {
        (0..samples)
            .map(|n| {
                let t = n as f64 / f64::from(rate_hz);
                let wave: f64 =
                    (1..8).map(|k| (TAU * 125.0 * f64::from(k) * t).sin() / f64::from(k)).sum();
                (wave * 6_000.0) as i16
            })
            .collect()
    }

    #[test]
    fn a_lost_frame_of_a_steady_voice_is_hardly_heard() {
        for rate_hz in [8_000u32, 16_000, 48_000] {
            let sound = voice(rate_hz, rate_hz as usize / 5);
            let frame = rate_hz as usize / 100;
            let mut concealer = Concealer::new(rate_hz);
            concealer.heard(&mut sound[..10 * frame].to_vec());
            let mut made_up = Vec::new();
            concealer.conceal(frame, &mut made_up);
            let (mut error, mut energy) = (0.0, 0.0);
            for (&x, &y) in made_up.iter().zip(&sound[10 * frame..]) {
                error += (f64::from(x) - f64::from(y)).powi(2);
                energy += f64::from(y).powi(2);
            }
            let snr_db = 10.0 * (energy / error.max(1.0)).log10();
            assert!(snr_db > 20.0, "{rate_hz} Hz: {snr_db:.1} dB");
        }
    }

    #[test]
    fn it_fades_and_is_silent_after_60_ms() {
        let mut concealer = Concealer::new(8_000);
        concealer.heard(&mut voice(8_000, 800));
        let mut made_up = Vec::new();
        for _ in 0..10 {
            concealer.conceal(160, &mut made_up);
        }
        assert_eq!(made_up.len(), 1_600);
        let peak =
            |from: usize| made_up[from..from + 80].iter().map(|s| s.unsigned_abs()).max().unwrap();
        assert!(peak(0) > 5_000);
        assert!(peak(240) < peak(0) && peak(400) < peak(240) * 3 / 4);
        assert!(made_up[480..].iter().all(|&s| s == 0), "not silent after 60 ms");
    }

    #[test]
    fn no_click_at_either_seam() {
        let sound = voice(8_000, 1_600);
        let steepest = |pcm: &[i16]| pcm.windows(2).map(|w| w[0].abs_diff(w[1])).max().unwrap();
        for lost in [80, 160, 320, 480, 640] {
            let mut concealer = Concealer::new(8_000);
            let mut played = sound[..777].to_vec();
            concealer.heard(&mut played);
            concealer.conceal(lost, &mut played);
            let mut next = sound[777 + lost..777 + lost + 160].to_vec();
            concealer.heard(&mut next);
            played.extend(next);
            assert!(
                steepest(&played) <= steepest(&sound) * 5 / 4,
                "a step of {} after {lost} lost",
                steepest(&played)
            );
        }
    }

    #[test]
    fn silence_stays_silent_and_nothing_overflows() {
        let mut concealer = Concealer::new(8_000);
        let mut out = Vec::new();
        concealer.conceal(1, &mut out);
        concealer.conceal(500, &mut out);
        assert!(out.iter().all(|&s| s == 0));
        let mut loud: Vec<i16> =
            (0..800).map(|n| if n % 71 < 35 { i16::MIN } else { i16::MAX }).collect();
        concealer.heard(&mut loud);
        concealer.conceal(0, &mut out);
        concealer.conceal(5_000, &mut out);
        concealer.heard(&mut [i16::MAX; 3]);
        assert_eq!(out.len(), 5_501);
    }
}
