//! What the stages want done, in order, until it is polled.

use std::collections::VecDeque;

use super::words::{Event, Ignored, MarkId};

/// Most outputs that wait at once. A shell that polls as it should never leaves more than a few;
/// what comes on top of this is dropped.
pub(crate) const OUTPUTS_MAX: usize = 256;

/// An output whose sound, if it has any, lies in the circuit's own buffer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Out {
    Frame,
    Rtcp,
    Mark(MarkId),
    Clear,
    Heard,
    Judge { chunk: u32, reset: bool },
    Event(Event),
    Ignored(Ignored),
}

pub(crate) struct Outbox(VecDeque<Out>);

impl Outbox {
    pub(crate) fn new() -> Self {
        Self(VecDeque::new())
    }

    pub(crate) fn push(&mut self, out: Out) {
        if self.0.len() < OUTPUTS_MAX {
            self.0.push_back(out);
        }
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.push(Out::Event(event));
    }

    pub(crate) fn ignored(&mut self, why: Ignored) {
        self.push(Out::Ignored(why));
    }

    pub(crate) fn pop(&mut self) -> Option<Out> {
        let out = self.0.pop_front();
        if self.0.is_empty() {
            // Back to the beginning of its memory, which is in the cache.
            self.0.clear();
        }
        out
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
