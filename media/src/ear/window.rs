//! What the last seconds were like: pauses, syllables, held notes, pitch.

use serde::{Deserialize, Serialize};

use super::frame::Frame;

/// Steps remembered, 3 s.
const MEMORY: usize = 150;
/// A pause is at least this long, in steps.
const PAUSE_STEPS: u32 = 4;
/// Quieter than the loud moments by so much is a pause even when something sounds, in dB.
const DIP_DB: f32 = 22.0;
/// Syllables come 3 to 6 times a second; the level's movement is looked at from 1 Hz up.
const RATES: usize = 4;
const SYLLABLES_HZ: [f32; RATES] = [3.0, 4.0, 5.0, 6.0];
/// No level counts as lower than so much below the loud moments, in dB.
const DEEPEST_DB: f32 = 35.0;

/// What the last seconds of a sound were like.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traits {
    /// Seconds looked at, at most 3.
    pub seconds: f32,
    /// Mean level while something sounded, in dBFS.
    pub level_dbfs: f32,
    /// Share of the time that was pause, 0 to 1.
    pub pauses: f32,
    /// Since the last pause, in s.
    pub no_pause_s: f32,
    /// How much the level moves, as a standard deviation in dB.
    pub swing_db: f32,
    /// Share of that movement at 3–6 Hz, where syllables are, 0 to 1.
    pub syllables: f32,
    /// How much the harmonics stay where they are, −1 to 1.
    pub held: f32,
    /// How far the harmonics stand out, in octaves of power.
    pub peaks: f32,
    /// Flatness of the spectrum, 0 for white noise, less for anything else.
    pub flat: f32,
    /// Share of the sound that has one pitch, 0 to 1.
    pub voiced: f32,
    /// How far the pitch moves within 20 ms, in semitones.
    pub glide: f32,
    /// Mean onset strength.
    pub rise: f32,
    /// Beats a minute, and how much of the onsets keeps to them.
    pub beat_bpm: f32,
    /// Share of the onsets on the beat, −1 to 1.
    pub beat: f32,
    /// Probability of speech by the neural judge, when there is one.
    pub judged: Option<f32>,
}

/// What tells music from speech, of [`Traits`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tune {
    /// Beats a minute.
    pub beat_bpm: f32,
    /// Share of the onsets on the beat, −1 to 1.
    pub beat: f32,
    /// How much the harmonics stay where they are, −1 to 1.
    pub held: f32,
    /// Since the last pause, in s.
    pub no_pause_s: f32,
}

impl Traits {
    pub(super) fn tune(&self) -> Tune {
        let Self { beat_bpm, beat, held, no_pause_s, .. } = *self;
        Tune { beat_bpm, beat, held, no_pause_s }
    }
}

#[derive(Clone, Copy, Default)]
struct Step {
    level_dbfs: f32,
    sounds: bool,
    frame: Frame,
    judged: f32,
}

pub(super) struct Window {
    steps: [Step; MEMORY],
    next: usize,
    filled: usize,
    since_pause: u32,
    quiet: u32,
}

impl Window {
    pub(super) fn new() -> Self {
        Self { steps: [Step::default(); MEMORY], next: 0, filled: 0, since_pause: 0, quiet: 0 }
    }

    /// `judged`: the judge's opinion, `NAN` without one.
    pub(super) fn push(&mut self, level_dbfs: f32, sounds: bool, frame: Frame, judged: f32) {
        self.steps[self.next] = Step { level_dbfs, sounds, frame, judged };
        self.next = (self.next + 1) % MEMORY;
        self.filled = (self.filled + 1).min(MEMORY);
        self.quiet = if sounds { 0 } else { self.quiet + 1 };
        self.since_pause = if self.quiet >= PAUSE_STEPS { 0 } else { self.since_pause + 1 };
    }

    /// Forgets all but the last `steps`: other sound began.
    pub(super) fn keep(&mut self, steps: usize) {
        self.filled = self.filled.min(steps);
    }

    /// Steps since the last pause.
    pub(super) fn since_pause(&self) -> u32 {
        self.since_pause
    }

    /// Oldest first.
    fn last(&self, steps: usize) -> impl Iterator<Item = &Step> + Clone {
        let count = steps.min(self.filled);
        let (newer, older) = self.steps.split_at(self.next);
        let of_older = count.saturating_sub(newer.len());
        let of_newer = count - of_older;
        older[older.len() - of_older..].iter().chain(&newer[newer.len() - of_newer..])
    }

    /// Of the last `steps`.
    pub(super) fn traits(&self, steps: usize) -> Traits {
        let all = self.last(steps);
        let count = all.clone().count().max(1) as f32;
        let loud = all.clone().map(|s| s.level_dbfs).fold(-90.0_f32, f32::max);
        let (mut levels, mut squares, mut pauses) = (0.0, 0.0, 0.0);
        let mut sum = Sums::default();
        let mut pitch_before = 0.0;
        for step in all.clone() {
            let level = step.level_dbfs.max(loud - DEEPEST_DB);
            levels += level;
            squares += level * level;
            if !step.sounds || step.level_dbfs < loud - DIP_DB {
                pauses += 1.0;
                pitch_before = 0.0;
                continue;
            }
            sum.add(step, pitch_before);
            pitch_before = step.frame.pitch;
        }
        let mean = levels / count;
        let variance = (squares / count - mean * mean).max(0.0);
        let (judged, heard) = all.clone().fold((0.0, 0.0), |(sum, n), step| {
            if step.judged.is_nan() { (sum, n) } else { (sum + step.judged, n + 1.0) }
        });
        let n = sum.count.max(1.0);
        Traits {
            seconds: count * 0.02,
            level_dbfs: sum.level / n,
            pauses: pauses / count,
            no_pause_s: self.since_pause as f32 * 0.02,
            swing_db: variance.sqrt(),
            syllables: syllables(all, mean, loud - DEEPEST_DB, variance * count),
            held: sum.held / n,
            peaks: sum.peaks / n,
            flat: sum.flat / n,
            voiced: sum.voiced / n,
            glide: 12.0 * sum.glide / sum.glides.max(1.0),
            rise: sum.rise / n,
            beat_bpm: 0.0,
            beat: 0.0,
            judged: (heard > 0.0).then(|| judged / heard),
        }
    }
}

/// Sums over the steps in which something sounded.
#[derive(Default)]
struct Sums {
    count: f32,
    level: f32,
    held: f32,
    peaks: f32,
    flat: f32,
    rise: f32,
    voiced: f32,
    glide: f32,
    glides: f32,
}

impl Sums {
    fn add(&mut self, step: &Step, pitch_before: f32) {
        let frame = &step.frame;
        self.count += 1.0;
        self.level += step.level_dbfs;
        self.held += frame.held;
        self.peaks += frame.peaks;
        self.flat += frame.flat;
        self.rise += frame.rise;
        if frame.pitch > 0.0 {
            self.voiced += 1.0;
            if pitch_before > 0.0 {
                // A jump of an octave is an error of the pitch, or another note.
                self.glide += (frame.pitch - pitch_before).abs().min(0.3);
                self.glides += 1.0;
            }
        }
    }
}

/// Share of the level's movement at the rate of syllables.
fn syllables<'a>(
    steps: impl Iterator<Item = &'a Step> + Clone,
    mean_dbfs: f32,
    deepest_dbfs: f32,
    movement: f32,
) -> f32 {
    if movement < 1.0 {
        return 0.0;
    }
    let count = steps.clone().count() as f32;
    let coefficient = SYLLABLES_HZ.map(|hz| 2.0 * (std::f32::consts::TAU * hz * 0.02).cos());
    let (mut one, mut two) = ([0.0_f32; RATES], [0.0_f32; RATES]);
    for step in steps {
        let level = step.level_dbfs.max(deepest_dbfs) - mean_dbfs;
        let next: [f32; RATES] = std::array::from_fn(|n| level + coefficient[n] * one[n] - two[n]);
        (one, two) = (next, one);
    }
    let found: f32 = (0..RATES)
        .map(|n| one[n] * one[n] + two[n] * two[n] - coefficient[n] * one[n] * two[n])
        .sum();
    // A sine of the whole movement at one of the rates gives 1.
    (2.0 * found / (count * movement)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(level: impl Fn(f32) -> f32) -> Window {
        let mut window = Window::new();
        for n in 0..MEMORY {
            let level = level(n as f32 * 0.02);
            window.push(level, level > -50.0, Frame::default(), f32::NAN);
        }
        window
    }

    #[test]
    fn syllables_and_pauses_are_those_of_the_level() {
        let wave = |hz: f32| move |t: f32| -30.0 + 8.0 * (std::f32::consts::TAU * hz * t).sin();
        let (four, one) = (window(wave(4.0)).traits(150), window(wave(1.0)).traits(150));
        assert!(
            four.syllables > 0.8 && one.syllables < 0.1,
            "{} {}",
            four.syllables,
            one.syllables
        );
        assert!((four.swing_db - 5.66).abs() < 0.2, "{}", four.swing_db);
        assert_eq!(four.pauses, 0.0);
        let pausing = window(|t| if t.fract() < 0.7 { -25.0 } else { -70.0 }).traits(150);
        assert!((pausing.pauses - 0.3).abs() < 0.02, "{}", pausing.pauses);
        assert_eq!(pausing.judged, None);
    }
}
