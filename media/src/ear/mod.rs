//! What sounds on the line: silence, speech, music, noise or a tone, and whether it was heard before.
//!
//! ```text
//!  10 ms ─▶ step of 20 ms: level ─▶ room (floor, another room) ── nothing sounds ─▶ ┐
//!                 └ spectrum ─▶ frame (held notes, lines, onsets, pitch)            ├▶ kind, with hysteresis ─▶ Change
//!                       ├▶ window (3 s: pauses, syllables, swing) · beat (6 s) ────▶ ┘
//!                       └▶ prints (5 min: does it repeat?) ─▶ Change
//! ```
//!
//! Incremental, of bounded cost, without allocation after [`Ear::new`]; every sum is plain arithmetic, so a tape
//! replays on another processor. Which tone it is (ring-back, busy, a beep) is for `dtmf`; what it all means for the
//! call is for `agent`. The neural judge's verdicts are welcome ([`Ear::judged`]) and not needed.

mod beat;
mod frame;
mod kind;
mod print;
mod room;
mod spectrum;
mod window;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use beat::{Beat, Beats};
use frame::{Frame, Framer};
use kind::{Decider, Facts};
use print::Prints;
use room::Room;
use window::Window;

pub use spectrum::Spectrum;
pub use window::{Traits, Tune};

/// Samples of a hop, 10 ms at 8 kHz.
pub const HOP: usize = 80;
/// Samples of a step, 20 ms.
pub const STEP: usize = 2 * HOP;
/// Steps between two looks at the window, 100 ms.
const LOOK_STEPS: u32 = 5;
/// Steps of the short window (1 s) and of the long one (3 s).
const SHORT_STEPS: usize = 50;
const LONG_STEPS: usize = 150;
/// Steps a verdict of the judge counts for.
const VERDICT_STEPS: u32 = 3;
/// So much rest after music or tones, in steps: what comes next is something else, to the judge.
const ANEW_STEPS: u32 = 3;
/// Most changes that wait to be polled; of more, the oldest go.
pub const CHANGES_MAX: usize = 8;

/// What kind of sound it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Nothing but the quiet of a room.
    #[default]
    Silence,
    /// Somebody speaks, or a recording of somebody.
    Speech,
    /// Music.
    Music,
    /// Steady noise.
    Noise,
    /// One or two steady frequencies.
    Tone,
    /// Something that has no name yet, or none of these.
    Unknown,
}

impl Kind {
    /// Nobody and nothing is playing to us.
    pub fn is_pause(self) -> bool {
        matches!(self, Self::Silence | Self::Noise)
    }
}

/// Something changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Another kind of sound, or the same kind proved to be another all along.
    Sounds {
        /// What it is now.
        kind: Kind,
        /// What it was.
        was: Kind,
        /// How long ago it began, in ms.
        since_ms: u32,
        /// How much it was like music in the last 3 s.
        tune: Tune,
    },
    /// What sounds was heard before.
    Repeats {
        /// How long ago, in ms.
        ago_ms: u32,
    },
    /// What sounds is new again.
    New,
    /// The quiet between sounds is another one.
    Room {
        /// Its level before, in dBFS.
        from_dbfs: f32,
        /// Its level now.
        to_dbfs: f32,
    },
}

/// The ear of one call.
pub struct Ear {
    /// The first half of a step.
    half: Option<[i16; HOP]>,
    steps: u32,
    room: Room,
    spectrum: Spectrum,
    framer: Framer,
    window: Window,
    beats: Beats,
    prints: Prints,
    decider: Decider,
    short: Traits,
    long: Traits,
    verdict: Option<(f32, u32)>,
    /// Steps without sound.
    rested: u32,
    anew: bool,
    repeats: bool,
    changes: VecDeque<Change>,
}

impl Default for Ear {
    fn default() -> Self {
        Self::new()
    }
}

impl Ear {
    /// Nothing was heard yet.
    pub fn new() -> Self {
        Self {
            half: None,
            steps: 0,
            room: Room::new(),
            spectrum: Spectrum::new(),
            framer: Framer::new(),
            window: Window::new(),
            beats: Beats::new(),
            prints: Prints::new(),
            decider: Decider::new(),
            short: Traits::default(),
            long: Traits::default(),
            verdict: None,
            rested: 0,
            anew: false,
            repeats: false,
            changes: VecDeque::with_capacity(CHANGES_MAX),
        }
    }

    /// The next 10 ms at 8 kHz. `covered`: it is our own echo, and counts as nothing.
    pub fn hop(&mut self, samples: &[i16; HOP], covered: bool) {
        let samples = if covered { &[0; HOP] } else { samples };
        let Some(half) = self.half.take() else {
            self.half = Some(*samples);
            return;
        };
        let mut step = [0; STEP];
        step[..HOP].copy_from_slice(&half);
        step[HOP..].copy_from_slice(samples);
        self.step(&step);
    }

    /// The judge's opinion of the last 32 ms, 0 to 1.
    pub fn judged(&mut self, probability: f32) {
        self.verdict = Some((probability, VERDICT_STEPS));
    }

    /// Whether the judge should begin anew: what sounded was no speech and has ended, and a judge that was played music
    /// to is deaf to a short word after it. Told once.
    pub fn begins_anew(&mut self) -> bool {
        std::mem::take(&mut self.anew)
    }

    /// What changed, oldest first.
    pub fn poll(&mut self) -> Option<Change> {
        self.changes.pop_front()
    }

    /// What sounds now.
    pub fn kind(&self) -> Kind {
        self.decider.kind
    }

    /// What the last 3 s were like.
    pub fn traits(&self) -> &Traits {
        &self.long
    }

    /// What the last second was like.
    pub fn traits_lately(&self) -> &Traits {
        &self.short
    }

    fn step(&mut self, step: &[i16; STEP]) {
        self.steps = self.steps.wrapping_add(1);
        self.spectrum.push(step);
        let level_dbfs = level_dbfs(step);
        let sounds = self.room.sounds(level_dbfs, self.decider.kind);
        if let Some(jump) = self.room.pause(level_dbfs, self.decider.hums()) {
            self.tell(Change::Room { from_dbfs: jump.from_dbfs, to_dbfs: jump.to_dbfs });
        }
        let frame = if sounds {
            self.spectrum.transform();
            self.framer.frame(&self.spectrum)
        } else {
            self.framer.quiet();
            Frame::default()
        };
        self.rested = if sounds { 0 } else { self.rested + 1 };
        self.anew |=
            self.rested == ANEW_STEPS && matches!(self.decider.kind, Kind::Music | Kind::Tone);
        let judged = self.verdict.map_or(f32::NAN, |(probability, _)| probability);
        self.verdict = self.verdict.and_then(|(p, left)| Some((p, left.checked_sub(1)?)));
        if self.decider.rests() || self.decider.kind == Kind::Tone {
            // What comes after a rest or a tone may be something else: judge it by itself.
            self.window.keep(0);
        }
        self.window.push(level_dbfs, sounds, frame, judged);
        // A line that is quiet, and was, costs next to nothing.
        let listens = sounds || self.decider.kind != Kind::Silence;
        let beat = if listens { self.beats.step(frame.rise) } else { Beat::default() };
        let repeat = self.prints.step(sounds.then_some(&self.framer.powers));
        if repeat.is_some() != self.repeats {
            self.repeats = repeat.is_some();
            self.tell(
                repeat.map_or(Change::New, |repeat| Change::Repeats { ago_ms: repeat.ago_ms }),
            );
        }
        if listens && self.steps.is_multiple_of(LOOK_STEPS) {
            self.short = self.window.traits(SHORT_STEPS);
            self.long = self.window.traits(LONG_STEPS);
        }
        for traits in [&mut self.short, &mut self.long] {
            traits.no_pause_s = self.window.since_pause() as f32 * 0.02;
            (traits.beat_bpm, traits.beat) = (beat.bpm, beat.strength);
        }
        let verdict = self.verdict.map(|(probability, _)| probability);
        let facts = Facts {
            sounds,
            level_dbfs,
            frame: &frame,
            judged: verdict,
            short: &self.short,
            long: &self.long,
        };
        if let Some(found) = self.decider.step(&facts) {
            let since_ms = found.since_steps * 20;
            if found.fresh {
                self.window.keep(found.since_steps as usize);
                self.beats.reset();
            }
            let (kind, was) = (found.kind, found.was);
            self.anew |= was == Kind::Music;
            self.tell(Change::Sounds { kind, was, since_ms, tune: self.long.tune() });
        }
    }

    fn tell(&mut self, change: Change) {
        if self.changes.len() == CHANGES_MAX {
            self.changes.pop_front();
        }
        self.changes.push_back(change);
    }
}

fn level_dbfs(step: &[i16; STEP]) -> f32 {
    let sum: i64 = step.iter().map(|s| i64::from(i32::from(*s) * i32::from(*s))).sum();
    let power = sum as f32 / STEP as f32 / (32_768.0 * 32_768.0);
    // 3.01 dB an octave of power.
    spectrum::log2(power + 1e-9) * 3.010_3
}
