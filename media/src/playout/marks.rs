//! Marks under way. Twilio returns marks after a clear too, looking the same: the epoch each was
//! sent in tells them apart.

use std::{collections::VecDeque, time::Duration};

use crate::{
    Mono,
    circuit::{Epoch, MarkId, UtteranceId},
};

/// Most marks under way. When a carrier does not return them, the oldest is forgotten.
pub(super) const MARKS_MAX: usize = 128;

#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    pub(super) id: MarkId,
    pub(super) epoch: Epoch,
    /// What it stands in; `None` for keys.
    pub(super) utterance: Option<UtteranceId>,
    /// Samples of that up to the mark.
    pub(super) position: u64,
    /// When the sound before it should be over.
    pub(super) expected: Mono,
}

pub(super) struct Marks {
    next: u32,
    pending: VecDeque<Pending>,
}

impl Marks {
    pub(super) fn new() -> Self {
        Self { next: 1, pending: VecDeque::new() }
    }

    pub(super) fn send(
        &mut self,
        epoch: Epoch,
        utterance: Option<UtteranceId>,
        position: u64,
        expected: Mono,
    ) -> MarkId {
        let id = MarkId(self.next);
        self.next = self.next.wrapping_add(1);
        if self.pending.len() == MARKS_MAX {
            self.pending.pop_front();
        }
        self.pending.push_back(Pending { id, epoch, utterance, position, expected });
        id
    }

    /// The mark came back; `None` when it was not under way.
    pub(super) fn take(&mut self, id: MarkId) -> Option<Pending> {
        let at = self.pending.iter().position(|pending| pending.id == id)?;
        self.pending.remove(at)
    }

    /// The carrier's clock is off by this much.
    pub(super) fn shift(&mut self, by_us: i64) {
        for pending in &mut self.pending {
            pending.expected = shifted(pending.expected, by_us);
        }
    }
}

pub(super) fn shifted(at: Mono, by_us: i64) -> Mono {
    let by = Duration::from_micros(by_us.unsigned_abs());
    if by_us < 0 { at - by } else { at + by }
}
