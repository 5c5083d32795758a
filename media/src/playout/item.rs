//! One utterance (or a row of keys) on its way out.

use std::time::Duration;

use super::arena::Chain;
use crate::{
    Mono,
    circuit::{Event, Heard, KeyRow, UtteranceId},
};

pub(super) struct Item {
    /// `None` for keys.
    pub(super) utterance: Option<UtteranceId>,
    pub(super) interruptible: bool,
    /// Which keys, when it is keys.
    pub(super) keys: Option<KeyRow>,
    /// What has not been sent.
    pub(super) chain: Chain,
    /// No more speech will come.
    pub(super) ended: bool,
    /// Samples: ever queued, sent, up to the last mark sent, up to the last mark returned.
    pub(super) queued: u64,
    pub(super) sent: u64,
    pub(super) marked: u64,
    pub(super) confirmed: u64,
    /// When the carrier began to play it.
    pub(super) plays_from: Option<Mono>,
    /// When the carrier has played what was sent.
    pub(super) plays_until: Mono,
}

impl Item {
    pub(super) fn new(utterance: Option<UtteranceId>, interruptible: bool) -> Self {
        Self {
            utterance,
            interruptible,
            keys: None,
            chain: Chain::default(),
            ended: false,
            queued: 0,
            sent: 0,
            marked: 0,
            confirmed: 0,
            plays_from: None,
            plays_until: Mono::ZERO,
        }
    }

    /// Everything that will ever come has been sent.
    pub(super) fn is_sent(&self) -> bool {
        self.ended && self.sent == self.queued
    }

    /// The carrier confirmed all of it.
    pub(super) fn is_confirmed(&self) -> bool {
        self.is_sent() && self.confirmed == self.queued
    }

    /// Samples played at `now` as far as marks and pacing tell; never more than were sent. `travel`
    /// is how long a frame is under way.
    pub(super) fn played(&self, now: Mono, travel: Duration) -> u64 {
        let left = (self.plays_until + travel).since(now).as_micros() as u64 * 8 / 1000;
        self.sent.saturating_sub(left).max(self.confirmed)
    }

    /// The same as people count.
    pub(super) fn heard(&self, samples: u64) -> Heard {
        Heard {
            ms: (samples / 8) as u32,
            of_ms: (self.queued / 8) as u32,
            confirmed: samples == self.confirmed,
        }
    }

    /// Speech, not the tones of keys.
    pub(super) fn is_speech(&self) -> bool {
        self.utterance.is_some()
    }

    /// What is reported when a clear takes it away after so many samples were played.
    pub(super) fn dropped(&self, samples: u64, reaction_ms: u32) -> Event {
        let whole = self.is_sent() && samples == self.queued;
        match self.utterance {
            Some(utterance) if whole => Event::Finished { utterance, heard: self.heard(samples) },
            Some(utterance) => {
                Event::Interrupted { utterance, heard: self.heard(samples), reaction_ms }
            }
            None if whole => Event::KeysPlayed,
            None => Event::KeysCancelled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_lies_between_confirmed_and_sent() {
        let mut item = Item::new(Some(UtteranceId(1)), true);
        item.queued = 8000;
        item.sent = 1600;
        item.confirmed = 800;
        item.plays_until = Mono::from_millis(1200);
        let at =
            |ms, travel_ms| item.played(Mono::from_millis(ms), Duration::from_millis(travel_ms));
        for (ms, travel_ms, samples) in [
            (1000, 0, 800),
            (1100, 0, 800),
            (1150, 0, 1200),
            (1150, 20, 1040),
            (1300, 0, 1600),
            (1200, 0, 1600),
        ] {
            assert_eq!(at(ms, travel_ms), samples, "at {ms} ms, travel {travel_ms} ms");
        }
    }
}
