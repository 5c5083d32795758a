//! Sound of any length as columns of a picture, in bounded memory: when there are too many, two become one.

use media::ear::Spectrum;

/// Most columns kept.
pub(super) const COLUMNS_MAX: usize = 4_096;
/// Bands of the spectrogram, of 62.5 Hz.
pub(super) const BANDS: usize = 64;
/// Samples of the finest column, 20 ms.
const STEP: usize = 160;

/// One column.
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub(super) low: i16,
    pub(super) high: i16,
    /// Power of each band in dB of full scale, not below −100, from 0 to 4 kHz.
    pub(super) bands_db: [i8; BANDS],
}

impl Column {
    const NOTHING: Self = Self { low: 0, high: 0, bands_db: [-100; BANDS] };

    fn and(&mut self, other: &Self) {
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
        for (band, other) in self.bands_db.iter_mut().zip(&other.bands_db) {
            *band = (*band).max(*other);
        }
    }
}

/// Waveform and spectrum over time.
pub struct Strip {
    step: Vec<i16>,
    spectrum: Spectrum,
    columns: Vec<Column>,
    /// Steps that a column takes, and how many the last one has.
    steps: usize,
    begun: usize,
}

impl Default for Strip {
    fn default() -> Self {
        Self::new()
    }
}

impl Strip {
    /// No sound yet.
    pub fn new() -> Self {
        Self {
            step: Vec::with_capacity(STEP),
            spectrum: Spectrum::new(),
            columns: Vec::new(),
            steps: 1,
            begun: 0,
        }
    }

    /// The next samples, at 8 kHz.
    pub fn push(&mut self, samples: &[i16]) {
        for sample in samples {
            self.step.push(*sample);
            if let Some(step) = self.step.first_chunk::<STEP>() {
                self.spectrum.push(step);
                self.spectrum.transform();
                let column = column(step, self.spectrum.power());
                self.step.clear();
                self.add(&column);
            }
        }
    }

    fn add(&mut self, column: &Column) {
        match self.columns.last_mut().filter(|_| self.begun < self.steps) {
            Some(last) if self.begun > 0 => last.and(column),
            _ => {
                if self.columns.len() == COLUMNS_MAX {
                    self.halve();
                }
                self.columns.push(*column);
                self.begun = 0;
            }
        }
        self.begun += 1;
    }

    fn halve(&mut self) {
        for at in 0..self.columns.len() / 2 {
            let mut both = self.columns[2 * at];
            both.and(&self.columns[2 * at + 1]);
            self.columns[at] = both;
        }
        self.columns.truncate(self.columns.len() / 2);
        self.steps *= 2;
    }

    /// Column `at` of `of` columns that show `samples` samples.
    pub(super) fn column(&self, at: usize, of: usize, samples: u64) -> Column {
        let each = (self.steps * STEP) as f64;
        let place = |at: usize| (at as f64 * samples as f64 / of as f64 / each) as usize;
        let from = place(at).min(self.columns.len());
        let to = place(at + 1).clamp(from + 1, self.columns.len().max(from + 1));
        let mut all = Column::NOTHING;
        for column in self.columns.iter().take(to).skip(from) {
            all.and(column);
        }
        all
    }
}

fn column(step: &[i16; STEP], power: &[f32]) -> Column {
    let mut bands_db = [-100; BANDS];
    for (band, power) in bands_db.iter_mut().zip(power.chunks_exact(power.len() / BANDS)) {
        let power: f32 = power.iter().sum();
        *band = (10.0 * (power + 1e-10).log10()) as i8;
    }
    let low = step.iter().copied().min().unwrap_or_default();
    let high = step.iter().copied().max().unwrap_or_default();
    Column { low, high, bands_db }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_minutes_take_no_more_columns_than_one() {
        let mut strip = Strip::new();
        let seconds = 600;
        for second in 0..seconds {
            // The last minute is loud.
            let loud = if second >= 540 { 20_000 } else { 100 };
            let sound: Vec<i16> =
                (0..8_000).map(|n| if n % 8 < 4 { loud } else { -loud }).collect();
            strip.push(&sound);
        }
        assert!(strip.columns.len() <= COLUMNS_MAX);
        let samples = seconds * 8_000;
        for (at, loud) in [(0, false), (85, false), (92, true), (99, true)] {
            let column = strip.column(at, 100, samples);
            assert_eq!(column.high > 10_000, loud, "column {at}");
            // 1 kHz is in band 16.
            assert_eq!(column.bands_db[16] > -20, loud, "column {at}");
        }
    }
}
