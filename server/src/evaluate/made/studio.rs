//! Who speaks in the made set: the embedded voice in four ways, and those who were recorded.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use agent::tts::hibari::{Model, Voice};

use super::{
    line::at_level,
    phrases::{Book, Reel},
};

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

/// The embedded voice, and what it has said already.
pub(super) struct Studio {
    model: Option<Arc<Model>>,
    said: Mutex<HashMap<(&'static str, String), Arc<[i16]>>>,
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
