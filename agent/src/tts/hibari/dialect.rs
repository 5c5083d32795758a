//! The voice of one call: a bounded queue of utterances, one chunk of sound per poll.

use std::sync::Arc;

use media::Mono;

use super::{Model, Voice};
use crate::tts::{Capabilities, Dialect, Input, Output};

/// The embedded voice for one call.
pub struct Hibari {
    model: Arc<Model>,
    voice: Voice,
}

impl Hibari {
    /// A voice that shares `model`.
    pub fn new(model: Arc<Model>, voice: Voice) -> Self {
        Self { model, voice }
    }
}

impl Dialect for Hibari {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            mulaw: false,
            word_times: true,
            server_clear: false,
            keepalive_ms: None,
            computes: true,
        }
    }

    fn handle(&mut self, _now: Mono, input: Input<'_>) {
        if let Input::Say { text, .. } = input {
            self.model.speak(text, self.voice);
        }
    }

    fn poll(&mut self) -> Option<Output> {
        None
    }

    fn deadline(&self) -> Option<Mono> {
        None
    }
}
