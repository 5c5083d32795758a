//! A gain that never jumps.

/// Loudest gain, in dB.
const DB_MAX: f32 = 40.0;
/// Below this the gain is exactly zero, in dB.
const DB_MIN: f32 = -90.0;
/// Time a change takes, in ms: short, but without a click.
const RAMP_MS: u32 = 10;

/// Scales one stream; changes are ramped linearly over 10 ms.
#[derive(Clone, Debug)]
pub struct Gain {
    now: f32,
    target: f32,
    step: f32,
    ramp_samples: u32,
}

impl Gain {
    /// A gain of `db` from the first sample on, for a stream at `rate_hz`.
    pub fn new(rate_hz: u32, db: f32) -> Self {
        let linear = linear(db);
        let ramp_samples = (rate_hz / 1_000 * RAMP_MS).max(1);
        Self { now: linear, target: linear, step: 0.0, ramp_samples }
    }

    /// Moves to `db` within 10 ms of sound. −90 dB and less is silence; more than 40 dB is 40 dB;
    /// what is not a number is silence.
    pub fn set_db(&mut self, db: f32) {
        self.target = linear(db);
        self.step = (self.target - self.now) / self.ramp_samples as f32;
    }

    /// Scales in place, clipping at full scale.
    pub fn apply(&mut self, samples: &mut [i16]) {
        for sample in samples {
            if self.now != self.target {
                self.now += self.step;
                if (self.target - self.now) * self.step <= 0.0 {
                    self.now = self.target;
                }
            }
            if self.now != 1.0 {
                *sample = (f32::from(*sample) * self.now).round_ties_even() as i16;
            }
        }
    }
}

fn linear(db: f32) -> f32 {
    if db > DB_MIN { 10f32.powf(db.min(DB_MAX) / 20.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decibels_scale_and_clip() {
        for (db, sample, expected) in [
            (0.0, 12_345, 12_345),
            (-6.0206, 10_000, 5_000),
            (20.0, 1_000, 10_000),
            (20.0, 20_000, i16::MAX),
            (20.0, -20_000, i16::MIN),
            (f32::NEG_INFINITY, 20_000, 0),
            (f32::NAN, 20_000, 0),
            (f32::INFINITY, 100, 10_000),
        ] {
            let mut samples = [sample];
            Gain::new(8_000, db).apply(&mut samples);
            assert_eq!(samples, [expected], "{db} dB of {sample}");
        }
    }

    #[test]
    fn a_change_takes_10_ms_without_a_step() {
        let mut gain = Gain::new(8_000, 0.0);
        gain.set_db(f32::NEG_INFINITY);
        let mut samples = [8_000i16; 100];
        gain.apply(&mut samples);
        assert!(samples.windows(2).all(|w| (0..=101).contains(&(w[0] - w[1]))));
        assert!(samples[78] > 0 && samples[80..].iter().all(|&s| s == 0));
        gain.set_db(0.0);
        let mut samples = [8_000i16; 100];
        gain.apply(&mut samples);
        assert_eq!((samples[39], samples[99]), (4_000, 8_000));
    }
}
