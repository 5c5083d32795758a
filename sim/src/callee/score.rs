//! A script with all its sounds made: rendered once, shared by every call that plays it.

use std::{collections::BTreeMap, sync::Arc};

use super::script::{Script, Sound, Step};
use crate::{recording::Shelf, sound};

/// Where a script's words get their sound.
pub trait Voice {
    /// The text as 8 kHz mono; empty when it cannot be said.
    fn speak(&mut self, text: &str) -> Vec<i16>;
}

/// A voice for tests without models: a burst of speech-like sound per word.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mumble;

impl Voice for Mumble {
    fn speak(&mut self, text: &str) -> Vec<i16> {
        let words = text.split_whitespace().count().max(1) as u32;
        let seed = text.bytes().fold(7_u64, |seed, byte| seed.wrapping_mul(31) + u64::from(byte));
        sound::burst(words * 280, seed)
    }
}

impl<F: FnMut(&str) -> Vec<i16>> Voice for F {
    fn speak(&mut self, text: &str) -> Vec<i16> {
        self(text)
    }
}

/// A script that cannot be played.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSound {
    /// No such recording.
    #[error("the script wants the recording {0:?}, which is not on the shelf")]
    Recording(String),
    /// No such tone.
    #[error("the script wants the tone {0:?}, which the telephone does not have")]
    Tone(String),
    /// The voice said nothing.
    #[error("the voice has no sound for {0:?}")]
    Text(String),
}

/// A script and its sounds.
#[derive(Clone, Debug)]
pub struct Score {
    script: Script,
    sounds: BTreeMap<Sound, Arc<[i16]>>,
}

impl Score {
    /// Renders every sound of the script. Silence before the first sound of each is cut off, so that
    /// "speaks now" means now.
    ///
    /// # Errors
    /// When a sound cannot be made.
    pub fn render(script: &Script, voice: &mut dyn Voice, shelf: &Shelf) -> Result<Self, NoSound> {
        let mut sounds: BTreeMap<Sound, Arc<[i16]>> = BTreeMap::new();
        for (index, wanted) in script.sounds().into_iter().enumerate() {
            if sounds.contains_key(&wanted) {
                continue;
            }
            let seed = index as u64;
            let samples = match &wanted {
                Sound::Text(text) => voice.speak(text),
                Sound::Wav(name) => shelf
                    .get(name)
                    .map(<[i16]>::to_vec)
                    .ok_or_else(|| NoSound::Recording(name.clone()))?,
                Sound::Burst(ms) => sound::burst(*ms, seed),
                Sound::Cough => sound::cough(seed),
                Sound::Click => sound::click(),
                Sound::LineNoise(ms) => sound::line_noise(*ms, seed),
                Sound::Silence(ms) => vec![0; sound::samples_in(*ms)],
                Sound::Tone(name) => {
                    sound::cadence(name).ok_or_else(|| NoSound::Tone(name.clone()))?
                }
            };
            let samples = from_onset(&samples);
            if samples.is_empty()
                && let Sound::Text(text) = &wanted
            {
                return Err(NoSound::Text(text.clone()));
            }
            sounds.insert(wanted, samples.into());
        }
        if let Some(background) = &script.background
            && let Some(samples) = sounds.get_mut(&background.sound)
        {
            *samples = at_level(samples, background.level_dbfs).into();
        }
        Ok(Self { script: script.clone(), sounds })
    }

    /// Renders a script that speaks only with [`Mumble`] and shipped recordings.
    ///
    /// # Errors
    /// When it wants a recording that is not shipped.
    pub fn mumbled(script: &Script) -> Result<Self, NoSound> {
        Self::render(script, &mut Mumble, &Shelf::shipped())
    }

    /// The same sounds for other steps: whoever takes the line over within a call.
    pub(super) fn with_steps(&self, steps: Vec<Step>) -> Self {
        Self { script: Script { steps, ..self.script.clone() }, sounds: self.sounds.clone() }
    }

    /// The script.
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// Every text of the script with its sound.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &[i16])> {
        self.sounds.iter().filter_map(|(sound, samples)| match sound {
            Sound::Text(text) => Some((text.as_str(), &samples[..])),
            _ => None,
        })
    }

    /// Every sound of the script that is no text: music, tones, noises.
    pub fn noises(&self) -> impl Iterator<Item = &[i16]> {
        self.sounds.iter().filter_map(|(sound, samples)| match sound {
            Sound::Text(_) | Sound::Burst(_) => None,
            _ => Some(&samples[..]),
        })
    }

    /// A sound of the script, 8 kHz mono.
    pub fn sound(&self, wanted: &Sound) -> Option<Arc<[i16]>> {
        self.sounds.get(wanted).cloned()
    }
}

/// The samples from the first 10 ms that are louder than −35 dBFS on: the recordings' rooms are at
/// about −45 dBFS, and nobody hears those as speech.
fn from_onset(samples: &[i16]) -> &[i16] {
    let onset = samples.chunks(80).position(|part| sound::level_dbfs(part) >= -35.0);
    &samples[onset.unwrap_or(0) * 80..]
}

/// Scaled so that the loudest second has this level.
fn at_level(samples: &[i16], level_dbfs: f32) -> Vec<i16> {
    let loudest = samples.chunks(8_000).map(sound::level_dbfs).fold(-96.0, f32::max);
    let gain = 10_f32.powf((level_dbfs - loudest) / 20.0);
    samples.iter().map(|&s| (f32::from(s) * gain).clamp(-32_768.0, 32_767.0) as i16).collect()
}
