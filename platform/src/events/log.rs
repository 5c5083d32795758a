//! The last events of one call, within bounds.

use std::{collections::VecDeque, sync::Arc};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// From 1 upwards; some are skipped.
    pub id: u64,
    /// `state`, `line`, `hearing`, `line_state`, `keys`, `bridge`, `end`.
    pub name: &'static str,
    /// A JSON object on one line.
    pub data: Arc<str>,
}

/// What follows a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// This.
    Event(Event),
    /// Events between are forgotten; ask again after this number.
    Forgotten {
        /// The last one that is gone.
        through: u64,
    },
    /// Nothing yet.
    Nothing,
    /// Nothing, ever.
    Over,
}

#[derive(Debug, Default)]
pub(super) struct Log {
    events: VecDeque<Event>,
    bytes: usize,
    /// Number of the newest.
    newest: u64,
    /// Everything up to this number was dropped for want of room.
    forgotten: u64,
    is_over: bool,
}

impl Log {
    /// Most events kept; of more, the oldest are forgotten.
    pub(super) const EVENTS_MAX: usize = 1_024;
    /// Most bytes of data kept.
    pub(super) const BYTES_MAX: usize = 128 * 1_024;

    /// Adds an event. Nothing follows an `end`; half-heard words give way to whatever follows them.
    pub(super) fn put(&mut self, name: &'static str, data: String) {
        if self.is_over {
            return;
        }
        if self.events.back().is_some_and(|last| last.name == "hearing") {
            self.drop_newest();
        }
        self.newest += 1;
        self.bytes += data.len();
        self.is_over = name == "end";
        self.events.push_back(Event { id: self.newest, name, data: data.into() });
        while self.events.len() > Self::EVENTS_MAX
            || self.bytes > Self::BYTES_MAX && self.events.len() > 1
        {
            self.drop_oldest();
        }
    }

    pub(super) fn after(&self, id: u64) -> Next {
        if id < self.forgotten {
            return Next::Forgotten { through: self.forgotten };
        }
        let next = self.events.partition_point(|event| event.id <= id);
        match self.events.get(next) {
            Some(event) => Next::Event(event.clone()),
            None if self.is_over => Next::Over,
            None => Next::Nothing,
        }
    }

    fn drop_newest(&mut self) {
        if let Some(event) = self.events.pop_back() {
            self.bytes -= event.data.len();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(event) = self.events.pop_front() {
            self.bytes -= event.data.len();
            self.forgotten = event.id;
        }
    }
}
