//! What can be said of one step of 20 ms.

use super::spectrum::{BIN_HZ, BINS, Spectrum, dot, log2};

/// Where telephones carry sound: 125 to 3,500 Hz.
const LOW: usize = 8;
const HIGH: usize = 224;
const WIDTH: usize = HIGH - LOW;
/// Bins on either side of one that are its surroundings, ±94 Hz.
const AROUND: usize = 6;
/// Peaks are compared with those of so many steps ago, 80 ms: more than a window.
const APART: usize = 4;
/// Pitches looked for, as periods in samples at 4 kHz: 400 to 80 Hz.
const PERIODS: std::ops::RangeInclusive<usize> = 10..=50;
/// Samples of 4 kHz compared, 25 ms.
const COMPARED: usize = 100;
/// A period counts as pitch when sound resembles itself so much one period later.
const CLEAR_MIN: f32 = 0.6;
/// Bands for onsets and prints: 17 of equal ratio from 300 to 2,700 Hz.
pub(super) const BANDS: usize = 17;
const BAND_LOW_HZ: f32 = 300.0;
const BAND_RATIO: f32 = 1.138;
/// Nothing is quieter.
pub(super) const POWER_MIN: f32 = 1e-11;

/// One step as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Frame {
    /// How much the peaks stay where they were 80 ms ago, −1 to 1: high for held notes, low for gliding voices.
    pub(super) held: f32,
    /// How far peaks stand out of their surroundings, in octaves of power.
    pub(super) peaks: f32,
    /// Flatness of the spectrum in octaves of power, 0 for white noise, negative for coloured or tonal sound.
    pub(super) flat: f32,
    /// Rise of the bands since the last step, in octaves of power: an onset.
    pub(super) rise: f32,
    /// Pitch as log2 of Hz; 0 when there is none.
    pub(super) pitch: f32,
    /// Share of the power in the two strongest lines, 0 to 1.
    pub(super) lines: f32,
    /// The strongest lines in Hz, the stronger first; the second 0 when it is much weaker.
    pub(super) lines_hz: [f32; 2],
}

/// Turns spectra into frames; remembers four of them.
pub(super) struct Framer {
    past_peaks: [[f32; WIDTH]; APART],
    next: usize,
    edges: [usize; BANDS + 1],
    /// Power of each band, and its log2.
    pub(super) powers: [f32; BANDS],
    bands: [f32; BANDS],
}

impl Framer {
    pub(super) fn new() -> Self {
        let mut edges = [0; BANDS + 1];
        let mut hz = BAND_LOW_HZ;
        for edge in &mut edges {
            *edge = (hz / BIN_HZ).round() as usize;
            hz *= BAND_RATIO;
        }
        Self {
            past_peaks: [[0.0; WIDTH]; APART],
            next: 0,
            edges,
            powers: [0.0; BANDS],
            bands: [log2(POWER_MIN); BANDS],
        }
    }

    /// Nothing sounded: forgets what peaks there were.
    pub(super) fn quiet(&mut self) {
        self.bands = [log2(POWER_MIN); BANDS];
        self.past_peaks[self.next] = [0.0; WIDTH];
        self.next = (self.next + 1) % APART;
    }

    pub(super) fn frame(&mut self, spectrum: &Spectrum) -> Frame {
        let power = spectrum.power();
        let mut log = [0.0; BINS];
        for (log, power) in log.iter_mut().zip(power) {
            *log = log2(power + POWER_MIN);
        }
        let rise = self.rise(power);
        let (peaks, held) = self.peaks(&log);
        let total: f32 = power[LOW..HIGH].iter().sum::<f32>() + POWER_MIN;
        let mean_log = log[LOW..HIGH].iter().sum::<f32>() / WIDTH as f32;
        let (lines, lines_hz) = lines(power, total);
        Frame {
            held,
            peaks,
            flat: mean_log - log2(total / WIDTH as f32),
            rise,
            pitch: pitch(spectrum.past()),
            lines,
            lines_hz,
        }
    }

    /// Brings the bands up to date; how much they rose.
    fn rise(&mut self, power: &[f32; BINS]) -> f32 {
        let mut rise = 0.0;
        for (number, edges) in self.edges.windows(2).enumerate() {
            let band = &mut self.bands[number];
            self.powers[number] = power[edges[0]..edges[1]].iter().sum();
            let now = log2(self.powers[number] + POWER_MIN);
            rise += (now - *band).clamp(0.0, 4.0);
            *band = now;
        }
        rise / BANDS as f32
    }

    /// How far the peaks stand out, and how much they stayed.
    fn peaks(&mut self, log: &[f32; BINS]) -> (f32, f32) {
        let mut now = [0.0; WIDTH];
        let mut sum: f32 = log[LOW - AROUND..=LOW + AROUND].iter().sum();
        for (place, peak) in now.iter_mut().enumerate() {
            let bin = LOW + place;
            *peak = (log[bin] - sum / (2 * AROUND + 1) as f32).max(0.0);
            sum += log[bin + AROUND + 1] - log[bin - AROUND];
        }
        let before = &mut self.past_peaks[self.next];
        let held = dot(&now, before) / (dot(before, before) * dot(&now, &now) + 1e-6).sqrt();
        *before = now;
        self.next = (self.next + 1) % APART;
        (now.iter().sum::<f32>() / WIDTH as f32, held)
    }
}

/// Share of power in the two strongest lines (five bins each, 78 Hz), and where they are.
fn lines(power: &[f32; BINS], total: f32) -> (f32, [f32; 2]) {
    let strongest = |except: Option<usize>| {
        (LOW..HIGH)
            .filter(|bin| except.is_none_or(|other| bin.abs_diff(other) > 2))
            .fold(LOW, |best, bin| if power[bin] > power[best] { bin } else { best })
    };
    let first = strongest(None);
    if power[first] * 6.0 < total * 0.5 {
        return (0.0, [0.0; 2]);
    }
    let second = strongest(Some(first));
    let line = |at: usize| power[at - 2..=at + 2].iter().sum::<f32>();
    let (one, two) = (line(first), line(second));
    let hz = |at: usize| {
        // The parabola through the logarithms of the three bins.
        let [a, b, c] =
            [-1, 0, 1].map(|by: isize| log2(power[at.wrapping_add_signed(by)] + POWER_MIN));
        let bend = a - 2.0 * b + c;
        let by = if bend < -1e-3 { 0.5 * (a - c) / bend } else { 0.0 };
        (at as f32 + by.clamp(-0.5, 0.5)) * BIN_HZ
    };
    // Overlapping lines (440 and 480 Hz) are counted once.
    let overlap: f32 = if first.abs_diff(second) <= 4 {
        power[first.max(second) - 2..=first.min(second) + 2].iter().sum()
    } else {
        0.0
    };
    let second_hz = if two > 0.1 * one { hz(second) } else { 0.0 };
    (((one + two - overlap) / total).min(1.0), [hz(first), second_hz])
}

/// Pitch of the last 50 ms or so, as log2 of Hz; 0 when there is none.
fn pitch(past: &[f32]) -> f32 {
    const LONGEST: usize = *PERIODS.end();
    const SAMPLES: usize = COMPARED + LONGEST;
    let mut half = [0.0; SAMPLES];
    let from = past.len() - 2 * SAMPLES;
    for (half, pair) in half.iter_mut().zip(past[from..].chunks_exact(2)) {
        *half = pair[0] + pair[1];
    }
    let now = &half[LONGEST..];
    let energy = dot(now, now) + 1.0;
    // Of the samples compared, one sample further back each time.
    let mut then = energy;
    let mut likeness = |period: usize| {
        let from = LONGEST - period;
        let before = &half[from..from + COMPARED];
        then += half[from] * half[from] - half[from + COMPARED] * half[from + COMPARED];
        dot(now, before) / (energy * then.max(1.0)).sqrt()
    };
    for period in 1..*PERIODS.start() {
        likeness(period);
    }
    // The shortest of the nearly best: its multiples are as good.
    let (mut best, mut best_likeness) = (0, CLEAR_MIN);
    let (mut last, mut rising) = (0.0, false);
    for period in PERIODS {
        let now = likeness(period);
        if now < last && rising && last > best_likeness + if best > 0 { 0.05 } else { 0.0 } {
            (best, best_likeness) = (period - 1, last);
        }
        rising = now > last;
        last = now;
    }
    if best == 0 { 0.0 } else { log2(4_000.0 / best as f32) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ear::STEP;

    /// The last frame of half a second of `sound` (time in s → −1 to 1).
    fn last_frame(sound: impl Fn(f32) -> f32) -> Frame {
        let (mut spectrum, mut framer) = (Spectrum::new(), Framer::new());
        let mut frame = Frame::default();
        for step in 0..25 {
            spectrum.push(&std::array::from_fn(|n| {
                (sound((step * STEP + n) as f32 / 8_000.0) * 20_000.0) as i16
            }));
            spectrum.transform();
            frame = framer.frame(&spectrum);
        }
        frame
    }

    fn sine(hz: f32, t: f32) -> f32 {
        (std::f32::consts::TAU * hz * t).sin()
    }

    #[test]
    fn lines_are_where_the_tones_are() {
        for (a, b) in [(440.0, 480.0), (480.0, 620.0), (350.0, 440.0), (1_000.0, 0.0)] {
            let frame = last_frame(|t| 0.4 * (sine(a, t) + if b > 0.0 { sine(b, t) } else { 0.0 }));
            assert!(frame.lines > 0.95, "{a} + {b}: {frame:?}");
            let mut hz = frame.lines_hz;
            hz.sort_by(f32::total_cmp);
            let expected = if b > 0.0 { [a, b] } else { [0.0, a] };
            for (hz, expected) in hz.iter().zip(expected) {
                assert!((hz - expected).abs() < 9.0, "{a} + {b}: {frame:?}");
            }
        }
    }

    #[test]
    fn held_notes_stay_and_glides_do_not() {
        let chord = |t: f32| {
            [262.0, 330.0, 392.0, 524.0, 660.0, 784.0].iter().map(|hz| sine(*hz, t)).sum::<f32>()
                / 6.0
        };
        // A voice of 120 Hz that falls by a fourth every 0.3 s.
        let glide = |t: f32| {
            let phase = 120.0 * t - 60.0 * t * t;
            (1..20).map(|n| sine(1.0, n as f32 * phase) / n as f32).sum::<f32>() / 4.0
        };
        let (chord, glide) = (last_frame(chord), last_frame(glide));
        assert!(chord.held > 0.9 && glide.held < 0.6, "{} {}", chord.held, glide.held);
        assert!((2.0_f32.powf(glide.pitch) - 60.0).abs() > 1.0);
    }

    #[test]
    fn pitch_is_that_of_the_voice() {
        for hz in [90.0, 120.0, 180.0, 250.0, 330.0] {
            let frame = last_frame(|t| (2..12).map(|n| sine(hz * n as f32, t)).sum::<f32>() / 12.0);
            let found = 2.0_f32.powf(frame.pitch);
            assert!((found / hz - 1.0).abs() < 0.06, "{hz} Hz: {found}");
        }
    }
}
