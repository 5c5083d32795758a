//! How loud a stretch of sound is.

/// What silence reads, in dBFS: half a step of 16 bits, about.
pub const QUIETEST_DBFS: f32 = -96.0;

/// Loudness of one stretch of sound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Root of the mean square, in dBFS; a full-scale sine reads −3.
    pub rms_dbfs: f32,
    /// Highest sample, in dBFS.
    pub peak_dbfs: f32,
}

impl Level {
    /// Measures `samples`; nothing, and silence, read [`QUIETEST_DBFS`].
    pub fn of(samples: &[i16]) -> Self {
        let peak = samples.iter().map(|s| s.unsigned_abs()).fold(0, u16::max);
        // Two squares fit 32 bits; as 64 bits each would be multiplied alone.
        let square = |sample: i16| (i32::from(sample) * i32::from(sample)) as u32;
        let (pairs, last) = samples.as_chunks::<2>();
        let pairs = pairs.iter().map(|&[one, other]| u64::from(square(one) + square(other)));
        let energy = pairs.sum::<u64>() + last.iter().map(|&it| u64::from(square(it))).sum::<u64>();
        let mean = energy as f64 / samples.len().max(1) as f64;
        Self { rms_dbfs: dbfs(mean.sqrt() as f32), peak_dbfs: dbfs(f32::from(peak)) }
    }
}

fn dbfs(amplitude: f32) -> f32 {
    if amplitude > 0.0 {
        (20.0 * (amplitude / 32_768.0).log10()).max(QUIETEST_DBFS)
    } else {
        QUIETEST_DBFS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_known_sounds() {
        let sine: Vec<i16> = (0..8_000)
            .map(|n| ((f64::from(n) * std::f64::consts::TAU / 80.0).sin() * 32_767.0) as i16)
            .collect();
        for (samples, rms, peak) in [
            (vec![], QUIETEST_DBFS, QUIETEST_DBFS),
            (vec![0; 160], QUIETEST_DBFS, QUIETEST_DBFS),
            (vec![i16::MIN; 160], 0.0, 0.0),
            (vec![3_277; 160], -20.0, -20.0),
            (sine, -3.01, 0.0),
        ] {
            let level = Level::of(&samples);
            assert!((level.rms_dbfs - rms).abs() < 0.02, "{level:?} not {rms}");
            assert!((level.peak_dbfs - peak).abs() < 0.02, "{level:?} not {peak}");
        }
    }
}
