//! A mailbox: a greeting, a beep, a recording of what is said; or full.

use serde::{Deserialize, Serialize};

use crate::{callee::Sound, tree::Prompt};

/// A frame in ms.
const FRAME_MS: u32 = 20;

/// A mailbox as data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mailbox {
    /// What is said to the caller.
    pub greeting: Vec<Prompt>,
    /// It beeps before it records.
    #[serde(default = "Mailbox::beeps_default")]
    pub beeps: bool,
    /// The beep.
    #[serde(default = "Mailbox::beep_default")]
    pub beep: Sound,
    /// Takes no message: it hangs up after the greeting.
    #[serde(default)]
    pub is_full: bool,
    /// Silence that ends the message, in ms.
    #[serde(default = "Mailbox::silence_ms_default")]
    pub silence_ms: u32,
    /// Longest message, in ms.
    #[serde(default = "Mailbox::message_ms_default")]
    pub message_ms_max: u32,
    /// Said after the message.
    #[serde(default)]
    pub thanks: Vec<Prompt>,
}

impl Mailbox {
    fn beeps_default() -> bool {
        true
    }

    fn beep_default() -> Sound {
        Sound::Tone("beep".to_owned())
    }

    fn silence_ms_default() -> u32 {
        4_000
    }

    fn message_ms_default() -> u32 {
        120_000
    }

    /// Everything it may play.
    pub(crate) fn sounds(&self) -> Vec<Sound> {
        let said = self.greeting.iter().chain(&self.thanks).map(Prompt::sound);
        said.chain([self.beep.clone()]).collect()
    }
}

/// A message being recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recording {
    recorded_ms: u32,
    silent_ms: u32,
    pub(crate) speech_ms: u32,
}

impl Recording {
    /// Twenty milliseconds of the message; `true` when it is over.
    pub(crate) fn frame(&mut self, mailbox: &Mailbox, is_speech: bool) -> bool {
        self.recorded_ms += FRAME_MS;
        self.silent_ms = if is_speech { 0 } else { self.silent_ms + FRAME_MS };
        self.speech_ms += if is_speech { FRAME_MS } else { 0 };
        self.silent_ms >= mailbox.silence_ms || self.recorded_ms >= mailbox.message_ms_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_ends_by_silence_or_by_length() {
        let mailbox = Mailbox {
            greeting: Vec::new(),
            beeps: false,
            beep: Mailbox::beep_default(),
            is_full: false,
            silence_ms: 1_000,
            message_ms_max: 5_000,
            thanks: Vec::new(),
        };
        let frames = |is_speech: fn(u32) -> bool| {
            let mut recording = Recording::default();
            let over = (1..).find(|&frame| recording.frame(&mailbox, is_speech(frame)));
            (over, recording.speech_ms)
        };
        assert_eq!(frames(|frame| frame <= 100), (Some(150), 2_000));
        assert_eq!(frames(|_| true), (Some(250), 5_000));
        assert_eq!(frames(|_| false), (Some(50), 0));
    }
}
