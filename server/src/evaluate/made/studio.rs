//! Who speaks in the made set: the embedded voice in four ways, and those who were recorded.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use agent::tts::hibari::{Model, Voice};
use fastrand::Rng;

use super::{
    line::{RATE, at_level, samples, tone, within},
    phrases::{Book, Reel},
};
use crate::evaluate::label::Label;

/// Everybody speaks at this RMS.
const RMS: f32 = 3_000.0;

/// Who can be asked to speak in one split.
#[derive(Clone, Copy)]
pub(super) enum Speaker<'a> {
    Embedded(Voice),
    Recorded(&'a Reel),
}

impl Speaker<'_> {
    pub(super) fn can_say(self, text: &str) -> bool {
        match self {
            Self::Embedded(_) => true,
            Self::Recorded(reel) => reel.contains_key(text),
        }
    }
}

/// By voice and text.
type Said = HashMap<(&'static str, String), Arc<[i16]>>;

/// The embedded voice, and what it has said already.
pub(super) struct Studio {
    model: Option<Arc<Model>>,
    said: Mutex<Said>,
}

impl Studio {
    pub(super) fn new(model: Option<Arc<Model>>) -> Self {
        Self { model, said: Mutex::default() }
    }

    /// The voices of a split: other ones in the other.
    pub(super) fn speakers<'a>(&self, split: &str, book: &'a Book) -> Vec<Speaker<'a>> {
        let embedded = match split {
            "tune" => [Voice::Jessica, Voice::Eric],
            _ => [Voice::Sarah, Voice::Chris],
        };
        let embedded = embedded.into_iter().filter(|_| self.model.is_some());
        let recorded = book.reels.iter().map(Speaker::Recorded);
        embedded.map(Speaker::Embedded).chain(recorded).collect()
    }

    /// What was said, all at one level; `None` when the speaker has not recorded it.
    pub(super) fn say(&self, speaker: Speaker<'_>, text: &str) -> Option<Vec<f32>> {
        match speaker {
            Speaker::Recorded(reel) => reel.get(text).map(|sound| at_level(sound, RMS)),
            Speaker::Embedded(voice) => {
                let key = (voice.name(), text.to_owned());
                let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(sound) = said.get(&key) {
                    return Some(at_level(sound, RMS));
                }
                let sound = self.model.as_ref()?.speak(text, voice).samples_8k;
                let sound = trimmed(&sound);
                let out = at_level(sound, RMS);
                said.insert(key, sound.into());
                Some(out)
            }
        }
    }
}

/// Without the quiet before and after.
fn trimmed(sound: &[i16]) -> &[i16] {
    let loud = |part: &[i16]| part.iter().any(|s| s.unsigned_abs() > 200);
    let first = sound.chunks(80).position(loud).unwrap_or(0);
    let last = sound.chunks(80).rposition(loud).unwrap_or(0);
    &sound[first * 80..((last + 1) * 80).min(sound.len())]
}

/// One recording being made.
pub(super) struct Making<'a> {
    pub(super) studio: &'a Studio,
    pub(super) book: &'a Book,
    pub(super) speakers: &'a [Speaker<'a>],
    pub(super) rng: &'a mut Rng,
    pub(super) sound: Vec<f32>,
    pub(super) label: Label,
}

impl Making<'_> {
    /// The next s of silence.
    pub(super) fn silence(&mut self, seconds: f32) {
        self.sound.resize(self.sound.len() + samples(seconds), 0.0);
    }

    /// The same, for some time in between.
    pub(super) fn pause(&mut self, from_s: f32, to_s: f32) {
        let seconds = within(self.rng, from_s, to_s);
        self.silence(seconds);
    }

    /// The next tone.
    pub(super) fn tone(&mut self, hz: &[f32], seconds: f32, level: f32) {
        self.sound.extend(tone(hz, seconds, level));
    }

    /// Somebody says it: this speaker, or the next one who can.
    pub(super) fn say(&mut self, speaker: usize, text: &str) {
        let count = self.speakers.len();
        let mut able = (0..count).map(|by| self.speakers[(speaker + by) % count]);
        let said = able.find_map(|speaker| self.studio.say(speaker, text));
        self.sound.extend(said.unwrap_or_default());
    }

    /// How long it is so far, in s.
    pub(super) fn seconds(&self) -> f64 {
        self.sound.len() as f64 / f64::from(RATE)
    }
}
