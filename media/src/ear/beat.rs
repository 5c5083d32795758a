//! The beat of music: onsets that come at one period for seconds.

use super::spectrum::dot;

/// Onsets remembered, 20 ms each: 6 s.
const MEMORY: usize = 300;
/// Periods looked for, in steps of 20 ms: 200 to 50 beats a minute.
const PERIODS: std::ops::RangeInclusive<usize> = 15..=60;
/// Looked for every half second.
const EVERY: usize = 25;

/// A beat.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Beat {
    /// Beats a minute; 0 when none was looked for yet.
    pub(super) bpm: f32,
    /// How much of the onsets comes at that period, −1 to 1.
    pub(super) strength: f32,
}

pub(super) struct Beats {
    onsets: [f32; MEMORY],
    next: usize,
    filled: usize,
    beat: Beat,
}

impl Beats {
    pub(super) fn new() -> Self {
        Self { onsets: [0.0; MEMORY], next: 0, filled: 0, beat: Beat::default() }
    }

    /// What rose in the last 20 ms; the beat as of the last half second.
    pub(super) fn step(&mut self, rise: f32) -> Beat {
        self.onsets[self.next] = rise;
        self.next = (self.next + 1) % MEMORY;
        self.filled = (self.filled + 1).min(MEMORY);
        if self.next.is_multiple_of(EVERY) && self.filled >= 4 * *PERIODS.start() {
            self.beat = self.find();
        }
        self.beat
    }

    /// Forgets: other sound began.
    pub(super) fn reset(&mut self) {
        (self.filled, self.beat) = (0, Beat::default());
    }

    fn find(&self) -> Beat {
        let mut sound = [0.0; MEMORY];
        let oldest = (self.next + MEMORY - self.filled) % MEMORY;
        for (n, place) in sound[..self.filled].iter_mut().enumerate() {
            *place = self.onsets[(oldest + n) % MEMORY];
        }
        let sound = &mut sound[..self.filled];
        let mean = sound.iter().sum::<f32>() / sound.len() as f32;
        for onset in sound.iter_mut() {
            *onset -= mean;
        }
        let energy = dot(sound, sound) / sound.len() as f32 + 1e-6;
        let likeness = |period: usize| {
            dot(&sound[..sound.len() - period], &sound[period..])
                / (sound.len() - period) as f32
                / energy
        };
        let longest = (*PERIODS.end()).min(sound.len() / 3);
        let mut best = (0, 0.0);
        for period in *PERIODS.start()..=longest {
            let now = likeness(period);
            if now > best.1 {
                best = (period, now);
            }
        }
        if best.0 == 0 {
            return Beat::default();
        }
        let [a, b, c] = [likeness(best.0 - 1), best.1, likeness(best.0 + 1)];
        let bend = a - 2.0 * b + c;
        let by = if bend < -1e-6 { (0.5 * (a - c) / bend).clamp(-0.5, 0.5) } else { 0.0 };
        Beat { bpm: 60.0 / (0.02 * (best.0 as f32 + by)), strength: best.1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beat_is_found_and_chance_has_none() {
        for bpm in [60.0, 92.0, 118.0, 150.0] {
            let mut beats = Beats::new();
            let mut found = Beat::default();
            for step in 0..400 {
                let t = step as f32 * 0.02 * bpm / 60.0;
                found = beats.step(if t.fract() < 0.02 * bpm / 60.0 { 1.0 } else { 0.05 });
            }
            let whole = [0.5, 1.0, 2.0].iter().any(|m| (found.bpm / bpm - m).abs() < 0.03);
            assert!(whole && found.strength > 0.5, "{bpm}: {found:?}");
        }
        let (mut beats, mut seed, mut found) = (Beats::new(), 1u32, Beat::default());
        for _ in 0..400 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            found = beats.step((seed >> 8) as f32 / (1 << 24) as f32);
        }
        assert!(found.strength < 0.35, "{found:?}");
    }
}
