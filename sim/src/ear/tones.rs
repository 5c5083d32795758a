//! Tones by FFT.

use realfft::RealFftPlanner;

use crate::sound::RATE_HZ;

/// The power of a stretch of sound over frequency (Hann window, one FFT over all of it).
#[derive(Clone, Debug)]
pub struct Spectrum {
    bin_hz: f32,
    power: Vec<f32>,
}

impl Spectrum {
    /// Of samples at 8 kHz; at least 2 of them are needed to hear anything.
    pub fn of(samples: &[i16]) -> Self {
        let length = samples.len().max(2);
        let fft = RealFftPlanner::<f32>::new().plan_fft_forward(length);
        let mut input = fft.make_input_vec();
        for (index, (slot, &sample)) in input.iter_mut().zip(samples).enumerate() {
            let turn = std::f32::consts::TAU * index as f32 / length as f32;
            *slot = f32::from(sample) / 32_768.0 * 0.5 * (1.0 - turn.cos());
        }
        let mut output = fft.make_output_vec();
        let power = match fft.process(&mut input, &mut output) {
            Ok(()) => output.iter().map(|bin| bin.norm_sqr()).collect(),
            Err(_) => vec![0.0; output.len()],
        };
        Self { bin_hz: RATE_HZ as f32 / length as f32, power }
    }

    /// The strongest frequency, in Hz.
    pub fn peak_hz(&self) -> f32 {
        let peak = self.power.iter().enumerate().skip(1).max_by(|a, b| a.1.total_cmp(b.1));
        peak.map_or(0.0, |(bin, _)| bin as f32 * self.bin_hz)
    }

    /// Share of all power within ±20 Hz (at least ±2 bins) of a frequency, 0–1.
    pub fn share(&self, hz: f32) -> f32 {
        let reach_hz = 20.0_f32.max(2.0 * self.bin_hz);
        let (mut near, mut all) = (0.0_f64, 1e-12_f64);
        for (bin, power) in self.power.iter().enumerate() {
            all += f64::from(*power);
            if (bin as f32 * self.bin_hz - hz).abs() <= reach_hz {
                near += f64::from(*power);
            }
        }
        (near / all) as f32
    }
}

/// A tone stands out of the samples: it carries at least a tenth of their power, and they are not
/// silent.
pub fn hears_tone(samples: &[i16], hz: f32) -> bool {
    crate::sound::level_dbfs(samples) > -50.0 && Spectrum::of(samples).share(hz) >= 0.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound;

    #[test]
    fn a_tone_is_heard_in_noise_and_only_there() {
        let mut samples = sound::tone(1_000.0, 500, -20.0);
        for (sample, noise) in samples.iter_mut().zip(sound::line_noise(500, 1)) {
            *sample += noise;
        }
        assert!((Spectrum::of(&samples).peak_hz() - 1_000.0).abs() < 5.0);
        assert!(hears_tone(&samples, 1_000.0));
        assert!(!hears_tone(&samples, 600.0));
        assert!(!hears_tone(&[0; 800], 1_000.0));
        assert!(!hears_tone(&[], 1_000.0));
    }
}
