//! What the line tells besides speech and keys: tones, and what kind of sound there is.

use dtmf::ToneDetector;

use super::{
    outbox::Outbox,
    words::{Event, Verdict},
};
use crate::{ear::Ear, vad::HOP};

#[derive(Default)]
pub(super) struct Senses {
    tones: ToneDetector,
    ear: Ear,
}

impl Senses {
    /// One hop of the callee's sound, silent where it is our own echo.
    pub(super) fn hop(&mut self, samples: &[i16; HOP], out: &mut Outbox) {
        self.tones.feed(samples, |tone| out.event(Event::Tone(tone)));
        self.ear.hop(samples, false);
        while let Some(change) = self.ear.poll() {
            out.event(Event::Sounds(change));
        }
    }

    /// What the judge heard so far is no help with what comes.
    pub(super) fn begins_anew(&mut self) -> bool {
        self.ear.begins_anew()
    }

    /// The judge's opinion counts here too.
    pub(super) fn judged(&mut self, verdict: Verdict) {
        self.ear.judged(verdict.probability);
    }
}
