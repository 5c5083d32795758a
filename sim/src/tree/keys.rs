//! The machine's ear for keys: `dtmf::Detector` on what is heard, and how long each tone was.

use std::collections::VecDeque;

use dtmf::{Detector, Digit};

use crate::sound::FRAME_SAMPLES;

/// A frame in ms.
const FRAME_MS: u32 = 20;
/// The detector reports a key this long after it began, and misses it so long after its end: the
/// difference is what a tone looks shorter or longer by, in ms.
const REPORT_MS: u32 = 10;
/// Most keys waiting.
const KEYS_MAX: usize = 64;

/// A key that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyHeard {
    pub(crate) digit: Digit,
    /// Length of its tone; as good as endless for keys that came beside the sound.
    pub(crate) tone_ms: u32,
}

/// Hears keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyEar {
    detector: Detector,
    under_way: Option<KeyHeard>,
    heard: VecDeque<KeyHeard>,
}

impl KeyEar {
    /// Twenty milliseconds of what the caller sends.
    pub(crate) fn frame(&mut self, samples: &[i16; FRAME_SAMPLES]) {
        let (mut under_way, heard) = (self.under_way, &mut self.heard);
        self.detector.feed(samples, |press| {
            let begun = KeyHeard { digit: press.digit, tone_ms: REPORT_MS };
            if let Some(ended) = under_way.replace(begun) {
                put(heard, ended);
            }
        });
        if let Some(key) = &mut under_way {
            if self.detector.held() == Some(key.digit) {
                key.tone_ms += FRAME_MS;
            } else {
                put(&mut self.heard, *key);
                under_way = None;
            }
        }
        self.under_way = under_way;
    }

    /// A key that the carrier reports beside the sound.
    pub(crate) fn press(&mut self, digit: Digit) {
        put(&mut self.heard, KeyHeard { digit, tone_ms: u32::MAX });
    }

    /// A key is sounding.
    pub(crate) fn is_busy(&self) -> bool {
        self.under_way.is_some()
    }

    /// The next key that has ended.
    pub(crate) fn next(&mut self) -> Option<KeyHeard> {
        self.heard.pop_front()
    }
}

fn put(heard: &mut VecDeque<KeyHeard>, key: KeyHeard) {
    if heard.len() < KEYS_MAX {
        heard.push_back(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_heard_with_their_lengths() {
        for tone_ms in [60, 100, 250] {
            let mut generator = dtmf::Generator::new(8_000, tone_ms, 100);
            for key in "12#".chars() {
                generator.push(Digit::try_from(key).expect("a key")).expect("room");
            }
            let mut ear = KeyEar::default();
            for _ in 0..80 {
                let mut frame = [0; FRAME_SAMPLES];
                generator.fill(&mut frame);
                ear.frame(&frame);
            }
            let heard: Vec<KeyHeard> = std::iter::from_fn(|| ear.next()).collect();
            let digits: String = heard.iter().map(|key| key.digit.as_char()).collect();
            assert_eq!(digits, "12#");
            for key in heard {
                assert!(key.tone_ms.abs_diff(tone_ms) <= 40, "{tone_ms}: {}", key.tone_ms);
            }
        }
    }
}
