//! Whether this was heard before: announcements that come round, music that loops.
//!
//! Source: Haitsma and Kalker, "A highly robust audio fingerprinting system", ISMIR 2002: a bit says whether
//! the difference between neighbouring bands grew or fell, which neither level nor µ-law changes.
//! Here 16 bands over 160 ms, every 40 ms. Every distance back is judged all the time, each by the share
//! of bits that differed lately: nothing is looked up, so the cost is the same whatever sounds.

use super::{
    frame::{BANDS, POWER_MIN},
    spectrum::log2,
};

/// Steps of 20 ms that a print advances.
const ADVANCE: usize = 2;
/// Advances a print looks at, each 40 ms.
const LOOK: usize = 4;
/// Prints remembered: five minutes.
const MEMORY: usize = 7_500;
const ADVANCE_MS: u32 = 40;
/// Nearer than this nothing counts as repeated: a beat and an echo do all the time.
const NEAREST: usize = 3_000 / ADVANCE_MS as usize;
/// The memory of a distance: a new print counts 1/16, and one is compared every 80 ms. After a pause, what was heard
/// before it counts no more: the first prints count as many parts as there are.
const MEMORY_SHIFT: u8 = 4;
const FIRST_SHIFTS: [u8; 12] = [0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 3];
/// So many prints after a pause may say that it is the same, if they differ by less.
const EARLY: usize = 9;
const SAME_EARLY_MAX: u8 = 50;
/// Nothing sounded for so long, in advances of 40 ms: a pause.
const PAUSE: u32 = 5;
/// Differing bits of 16, times 16: by chance, and when it is the same sound.
const CHANCE: u8 = 8 << MEMORY_SHIFT;
const SAME_MAX: u8 = 68;
/// It is no longer the same.
const OTHER_MIN: u8 = 96;

/// Sound that was heard before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Repeat {
    /// How long ago, in ms.
    pub(super) ago_ms: u32,
}

pub(super) struct Prints {
    /// Band powers of the last advances, newest last.
    recent: [[f32; BANDS]; LOOK],
    gathered: [f32; BANDS],
    steps: usize,
    /// The sums of the last two advances: a print is compared with the one 80 ms ago, since neighbours share
    /// most of their sound.
    before: [[f32; BANDS]; 2],
    memory: Vec<u16>,
    newest: usize,
    /// By distance in prints.
    differing: Vec<u8>,
    repeated: Option<usize>,
    /// Advances without sound, and prints compared since.
    quiet: u32,
    compared: usize,
    chance: u32,
}

impl Prints {
    pub(super) fn new() -> Self {
        Self {
            recent: [[0.0; BANDS]; LOOK],
            gathered: [0.0; BANDS],
            steps: 0,
            before: [[0.0; BANDS]; 2],
            memory: vec![0; MEMORY],
            newest: 0,
            differing: vec![CHANCE; MEMORY],
            repeated: None,
            quiet: 0,
            compared: 0,
            chance: 0x9E37_79B9,
        }
    }

    /// The power of each band in one step; `None` when nothing sounds. Gives what is repeated now.
    pub(super) fn step(&mut self, powers: Option<&[f32; BANDS]>) -> Option<Repeat> {
        for (gathered, power) in self.gathered.iter_mut().zip(powers.into_iter().flatten()) {
            *gathered += power;
        }
        self.steps += 1;
        if self.steps.is_multiple_of(ADVANCE) {
            self.advance(powers.is_some());
        }
        self.repeat()
    }

    fn repeat(&self) -> Option<Repeat> {
        self.repeated.map(|distance| Repeat { ago_ms: distance as u32 * ADVANCE_MS })
    }

    fn advance(&mut self, sounds: bool) {
        self.recent.rotate_left(1);
        self.recent[LOOK - 1] = std::mem::take(&mut self.gathered);
        let mut now = [0.0; BANDS];
        for recent in &self.recent {
            for (now, recent) in now.iter_mut().zip(recent) {
                *now += recent;
            }
        }
        for band in &mut now {
            *band = log2(*band + POWER_MIN);
        }
        let before = &self.before[0];
        let mut print = 0;
        for band in 0..BANDS - 1 {
            let grown = (now[band] - now[band + 1]) - (before[band] - before[band + 1]);
            print |= u16::from(grown > 0.0) << band;
        }
        self.before = [self.before[1], now];
        self.newest = self.newest.checked_sub(1).unwrap_or(MEMORY - 1);
        self.memory[self.newest] = if sounds { print } else { self.silence() };
        self.quiet = if sounds { 0 } else { self.quiet + 1 };
        if self.quiet == PAUSE {
            (self.repeated, self.compared) = (None, 0);
        }
        // A pause is compared with nothing: that is a line's usual state, and costs nothing.
        if self.quiet < PAUSE && self.steps.is_multiple_of(2 * ADVANCE) {
            self.compare(print, sounds);
        }
    }

    /// What is remembered of silence: bits by chance, which resemble nothing, not even silence.
    fn silence(&mut self) -> u16 {
        // Xorshift (Marsaglia, 2003).
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 17;
        self.chance ^= self.chance << 5;
        self.chance as u16
    }

    /// `memory[newest]` is at distance 0, the one after it at distance 1, and so round.
    fn compare(&mut self, print: u16, sounds: bool) {
        let shift = FIRST_SHIFTS.get(self.compared).copied().unwrap_or(MEMORY_SHIFT);
        self.compared += 1;
        let (far, near) = self.memory.split_at(self.newest);
        let (of_near, of_far) = self.differing.split_at_mut(near.len());
        for (differing, then) in of_near.iter_mut().zip(near) {
            count(differing, print ^ then, shift);
        }
        for (differing, then) in of_far.iter_mut().zip(far) {
            count(differing, print ^ then, shift);
        }
        if self.compared < EARLY {
            return;
        }
        let same_max =
            if self.compared < 2 * FIRST_SHIFTS.len() { SAME_EARLY_MAX } else { SAME_MAX };
        let still = self.repeated.filter(|at| sounds && self.differing[*at] < OTHER_MIN);
        self.repeated = still.or_else(|| {
            let least =
                self.differing[NEAREST..].iter().fold(u8::MAX, |least, now| least.min(*now));
            let at = || self.differing[NEAREST..].iter().position(|now| *now == least);
            (sounds && least < same_max).then(at).flatten().map(|at| NEAREST + at)
        });
    }
}

/// Moves a distance's memory towards the bits that differ now.
fn count(differing: &mut u8, bits: u16, shift: u8) {
    // Bits set, by pairs, fours, eights: the plain instruction cannot be had everywhere.
    let pairs = bits - (bits >> 1 & 0x5555);
    let fours = (pairs & 0x3333) + (pairs >> 2 & 0x3333);
    let eights = (fours + (fours >> 4)) & 0x0F0F;
    let ones = (eights + (eights >> 8)) as u8 & 0x1F;
    let now = (ones.min(15) << MEMORY_SHIFT) >> shift;
    *differing = *differing - (*differing >> shift) + now;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ear::{STEP, frame::Framer, spectrum::Spectrum};

    /// Feeds syllables made from a seed: a pitch and two resonances every 150 ms.
    fn babble(seed: u32, samples: usize) -> Vec<i16> {
        let mut seed = seed;
        let mut random = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / (1 << 24) as f32
        };
        let (mut out, mut phase) = (Vec::with_capacity(samples), 0.0_f32);
        while out.len() < samples {
            let (hz, one, two) =
                (100.0 + 120.0 * random(), 300.0 + 600.0 * random(), 900.0 + 1_500.0 * random());
            for n in 0..1_200 {
                phase = (phase + hz / 8_000.0).fract();
                let t = phase / hz;
                let swell = (std::f32::consts::PI * n as f32 / 1_200.0).sin();
                let voice = (-t * 300.0).exp()
                    * ((t * one * std::f32::consts::TAU).sin()
                        + (t * two * std::f32::consts::TAU).sin());
                out.push((voice * swell * 8_000.0) as i16);
            }
        }
        out.truncate(samples);
        out
    }

    /// Second at which each repeat began, and how long ago it was.
    fn repeats(sound: &[i16]) -> Vec<(f32, f32)> {
        let (mut spectrum, mut framer, mut prints) =
            (Spectrum::new(), Framer::new(), Prints::new());
        let (mut found, mut was) = (Vec::new(), None);
        for (at, step) in sound.chunks_exact(STEP).enumerate() {
            spectrum.push(step.try_into().expect("a step"));
            spectrum.transform();
            framer.frame(&spectrum);
            let sounds = step.iter().any(|s| s.unsigned_abs() > 100);
            let now = prints.step(sounds.then_some(&framer.powers));
            if now.is_some() && was.is_none() {
                found.extend(now.map(|r| (at as f32 * 0.02, r.ago_ms as f32 / 1_000.0)));
            }
            was = now;
        }
        found
    }

    #[test]
    fn what_comes_again_is_found_at_any_offset_level_and_in_mu_law() {
        let announcement = babble(3, 32_000);
        for (offset, gain) in [(0, 1.0), (37, 0.5), (80, 0.25), (111, 2.0)] {
            let mut sound = announcement.clone();
            sound.extend(babble(99, 80_000 + offset));
            sound.extend(announcement.iter().map(|s| {
                let quieter = (f32::from(*s) * gain) as i16;
                crate::codec::g711::mulaw_decode(crate::codec::g711::mulaw_encode(quieter))
            }));
            let found = repeats(&sound);
            let ago = 14.0 + offset as f32 / 8_000.0;
            let hit = found.iter().find(|(_, found)| (found - ago).abs() < 0.06);
            let (at, _) = hit.unwrap_or_else(|| panic!("{offset}, {gain}: {found:?}"));
            assert!((14.5..16.6).contains(at), "{offset}, {gain}: noticed at {at}");
        }
    }

    #[test]
    fn new_speech_and_silence_repeat_nothing() {
        for seed in 1..6 {
            let found = repeats(&babble(seed, 8_000 * 60));
            assert!(found.is_empty(), "{seed}: {found:?}");
        }
        assert!(repeats(&[0; 8_000 * 60]).is_empty());
    }
}
