//! How loud it is when nobody speaks, and whether that changed: another telephone, another room.

use super::Kind;

/// The floor is looked for between these, in dBFS.
const FLOOR_DBFS: std::ops::RangeInclusive<f32> = -78.0..=-32.0;
const FLOOR_START_DBFS: f32 = -60.0;
/// How fast the floor rises, in dB per 20 ms: towards steady noise, towards what is no sound, and towards any sound but
/// music, which has no pauses to bring it down again.
const RISE_NOISE_DB: f32 = 0.6;
const RISE_QUIET_DB: f32 = 0.2;
const RISE_ANY_DB: f32 = 0.012;
/// So much above the floor something sounds, and below that it no longer does.
const SOUNDS_DB: f32 = 9.0;
const FADES_DB: f32 = 6.0;
/// Whatever is quieter than this is no sound, in dBFS.
const SOUND_DBFS_MIN: f32 = -52.0;
/// What is so much quieter than the speech before it is a pause, whatever hums in it, in dB; how fast that speech is
/// forgotten, in dB per 20 ms.
const HUSHED_DB: f32 = 26.0;
const FORGETS_DB: f32 = 0.24;
/// A pause must last so long for the room to be heard, and its first steps hold the end of the sound, in steps of 20 ms.
const PAUSE_STEPS: u32 = 14;
const TAIL_STEPS: u32 = 6;
/// Whatever is softer than this is a room, and what is louder is one if it is so much softer than the speech before it;
/// else it is soft music, in dBFS and dB.
const ROOM_DBFS_MAX: f32 = -46.0;
const SOFTER_DB: f32 = 10.0;
/// Another room differs by so much.
const JUMP_DB: f32 = 9.0;

/// The room changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Jump {
    pub(super) from_dbfs: f32,
    pub(super) to_dbfs: f32,
}

pub(super) struct Room {
    pub(super) floor_dbfs: f32,
    sounds: bool,
    /// The loudest of the speech lately.
    speech_dbfs: f32,
    pause_steps: u32,
    /// Mean level of this pause.
    pause_dbfs: f32,
    /// What pauses sounded like so far.
    tone_dbfs: Option<f32>,
}

impl Room {
    pub(super) fn new() -> Self {
        Self {
            floor_dbfs: FLOOR_START_DBFS,
            sounds: false,
            speech_dbfs: FLOOR_START_DBFS,
            pause_steps: 0,
            pause_dbfs: 0.0,
            tone_dbfs: None,
        }
    }

    /// Whether a step of this level holds more than the room. `kind`: what has sounded so far.
    pub(super) fn sounds(&mut self, level_dbfs: f32, kind: Kind) -> bool {
        self.speech_dbfs -= FORGETS_DB;
        if kind == Kind::Speech && self.sounds {
            self.speech_dbfs = self.speech_dbfs.max(level_dbfs);
        }
        let hushed = level_dbfs < self.speech_dbfs - HUSHED_DB;
        let towards = level_dbfs.clamp(*FLOOR_DBFS.start(), *FLOOR_DBFS.end());
        if towards < self.floor_dbfs {
            self.floor_dbfs += (towards - self.floor_dbfs) * 0.5;
        } else {
            let rise = match kind {
                Kind::Noise => RISE_NOISE_DB,
                _ if hushed => RISE_NOISE_DB,
                _ if !self.sounds => RISE_QUIET_DB,
                Kind::Music => 0.0,
                _ => RISE_ANY_DB,
            };
            self.floor_dbfs = (self.floor_dbfs + rise).min(towards);
        }
        let above = if self.sounds { FADES_DB } else { SOUNDS_DB };
        self.sounds = !hushed && level_dbfs > SOUND_DBFS_MIN.max(self.floor_dbfs + above);
        self.sounds
    }

    /// Compares this pause with the others, once it is long enough. `hums`: what sounds is the room itself.
    pub(super) fn pause(&mut self, level_dbfs: f32, hums: bool) -> Option<Jump> {
        if self.sounds && !hums {
            self.pause_steps = 0;
            return None;
        }
        self.pause_steps += 1;
        let counted = self.pause_steps.checked_sub(TAIL_STEPS).filter(|n| *n > 0)?;
        let level = level_dbfs.max(*FLOOR_DBFS.start());
        self.pause_dbfs += (level - self.pause_dbfs) / counted.min(50) as f32;
        if self.pause_dbfs > ROOM_DBFS_MAX.max(self.speech_dbfs - SOFTER_DB) {
            return None;
        }
        if self.pause_steps != PAUSE_STEPS {
            if self.pause_steps > PAUSE_STEPS {
                self.tone_dbfs = Some(self.pause_dbfs);
            }
            return None;
        }
        let from_dbfs = self.tone_dbfs.replace(self.pause_dbfs)?;
        let jump = Jump { from_dbfs, to_dbfs: self.pause_dbfs };
        ((jump.to_dbfs - from_dbfs).abs() >= JUMP_DB).then_some(jump)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_louder_room_is_another_one() {
        let mut room = Room::new();
        let mut jumps = Vec::new();
        // (level in dBFS, steps)
        for (level, steps) in [
            (-75.0, 50),
            (-20.0, 80),
            (-74.0, 40),
            (-22.0, 60),
            (-55.0, 40),
            (-20.0, 60),
            (-56.0, 40),
        ] {
            for _ in 0..steps {
                room.sounds(level, Kind::Speech);
                jumps.extend(room.pause(level, false));
            }
        }
        let [jump] = jumps[..] else { panic!("{jumps:?}") };
        assert!((jump.from_dbfs + 74.0).abs() < 2.0 && (jump.to_dbfs + 55.0).abs() < 2.0);
    }

    #[test]
    fn steady_noise_becomes_the_room_and_speech_does_not() {
        let mut room = Room::new();
        let sounding = (0..200).filter(|_| room.sounds(-40.0, Kind::Noise)).count();
        assert!((10..120).contains(&sounding), "{sounding}");
        let mut room = Room::new();
        let sounding =
            (0..200).filter(|n| room.sounds(if n % 20 < 14 { -25.0 } else { -65.0 }, Kind::Speech));
        assert_eq!(sounding.count(), 140);
    }
}
