//! What the navigator sends: keys as tones, words as mumbling.

use dtmf::{Digit, Generator};

use crate::{
    callee::{Mumble, Voice},
    sound::{FRAME_SAMPLES, RATE_HZ},
};

/// Speaks and presses.
#[derive(Clone, Debug, Default)]
pub(super) struct Mouth {
    keys: Option<Generator>,
    speech: Vec<i16>,
    at: usize,
    words: String,
}

impl Mouth {
    pub(super) fn press(&mut self, keys: &[Digit], tone_ms: u32, gap_ms: u32) {
        let mut generator = Generator::new(RATE_HZ, tone_ms, gap_ms);
        for &key in keys {
            // What does not fit is not pressed; the far end will say so.
            let _ = generator.push(key);
        }
        self.keys = Some(generator);
    }

    pub(super) fn say(&mut self, text: &str) {
        (self.speech, self.at) = (Mumble.speak(text), 0);
        text.clone_into(&mut self.words);
    }

    /// Forgets speech that has not been heard.
    pub(super) fn hush(&mut self) {
        self.speech.clear();
        self.at = 0;
    }

    /// What was said last.
    pub(super) fn last_words(&self) -> &str {
        &self.words
    }

    /// The next frame; `true` when keys or words have come to their end in it.
    pub(super) fn frame(&mut self, samples: &mut [i16; FRAME_SAMPLES]) -> bool {
        if let Some(keys) = &mut self.keys {
            keys.fill(samples);
            let is_over = keys.is_idle();
            if is_over {
                self.keys = None;
            }
            return is_over;
        }
        let rest = &self.speech[self.at..];
        let count = rest.len().min(FRAME_SAMPLES);
        samples[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        let is_over = count > 0 && self.at == self.speech.len();
        if is_over {
            self.hush();
        }
        is_over
    }
}
