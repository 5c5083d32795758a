//! What is said, stretch by stretch: understood when it pauses, and now and then while it goes on.

use std::{collections::VecDeque, sync::Arc};

use agent::stt::moonshine;
use media::{
    ear::{HOP, Kind},
    net::Lane,
};

/// Sound kept, 12 s: of longer talk the end is understood.
const KEPT: usize = 96_000;
/// Sound before the talk that belongs to it, 300 ms.
const BEFORE: u64 = 2_400;
/// Talk that goes on is looked at this often, 1 s.
const EVERY: u64 = 8_000;

pub(super) struct Words {
    model: Arc<moonshine::Model>,
    lane: Lane,
    kept: VecDeque<i16>,
    samples: u64,
    /// First sample of the talk that goes on, and where it was looked at last.
    talk: Option<(u64, u64)>,
}

impl Words {
    pub(super) fn new(model: Arc<moonshine::Model>, lane: Lane) -> Self {
        Self { model, lane, kept: VecDeque::with_capacity(KEPT + HOP), samples: 0, talk: None }
    }

    pub(super) fn push(&mut self, hop: &[i16; HOP]) {
        self.kept.extend(hop);
        self.samples += HOP as u64;
        let over = self.kept.len().saturating_sub(KEPT);
        self.kept.drain(..over);
    }

    /// Text and first sample of the talk, when it is time to look: `kind` is what sounds now.
    pub(super) fn hear(&mut self, kind: Kind) -> Option<(String, u64)> {
        let talking = kind == Kind::Speech;
        let (from, looked) = match self.talk {
            None if talking => {
                // The ear needs a moment to be sure that it is speech.
                let from = self.samples.saturating_sub(BEFORE + 1_600);
                self.talk = Some((from, self.samples));
                return None;
            }
            None => return None,
            Some(talk) => talk,
        };
        if talking && self.samples - looked < EVERY {
            return None;
        }
        self.talk = talking.then_some((from, self.samples));
        let oldest = self.samples - self.kept.len() as u64;
        let skipped = from.saturating_sub(oldest) as usize;
        let sound: Vec<i16> = self.kept.iter().skip(skipped).copied().collect();
        // Sound the net fails on was not understood.
        let text = self.model.hear_8k(Some(&self.lane), &sound).unwrap_or_default();
        (!text.is_empty()).then_some((text, from))
    }
}
