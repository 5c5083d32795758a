//! Words with their places in the sound, and which of them belong to which segment.
//!
//! Deepgram knows nothing of our segments: its words are kept by position and cut to segments when
//! asked for, so that words it found before we opened the segment are not lost.

use super::message::Results;
use crate::stt::SegmentId;

const RATE_HZ: f64 = 8000.0;
/// Settled words kept; the oldest go first. Ten minutes of fast talk.
const WORDS_MAX: usize = 2000;
/// A word this long before the first speech sample still belongs to the segment: 300 ms.
const BEFORE: u64 = 2400;
/// A word that begins this long after the position asked for is no longer part of it: 300 ms.
const AFTER: u64 = 2400;

struct Word {
    /// Position of its first sample and of its middle.
    from: u64,
    middle: u64,
    text: String,
}

struct Segment {
    id: SegmentId,
    /// Words whose middle lies before this belong to an earlier one.
    from: u64,
    open: bool,
    told: String,
}

/// All that was heard on one call.
#[derive(Default)]
pub(super) struct Hearing {
    settled: std::collections::VecDeque<Word>,
    interim: Vec<Word>,
    /// Position up to which words are settled.
    pub(super) settled_to: u64,
    segment: Option<Segment>,
    /// Where the last segment's words end.
    floor: u64,
}

impl Hearing {
    pub(super) fn open(&mut self, id: SegmentId, from_sample: u64) {
        let from = from_sample.saturating_sub(BEFORE).max(self.floor);
        self.segment = Some(Segment { id, from, open: true, told: String::new() });
    }

    pub(super) fn close(&mut self, id: SegmentId) {
        if let Some(segment) = self.segment.as_mut().filter(|segment| segment.id == id) {
            segment.open = false;
        }
    }

    /// The connection is gone, and its sound with it: what was not settled is all there will be.
    pub(super) fn keep_interim(&mut self) {
        self.settled.append(&mut self.interim.drain(..).collect());
        self.settled.drain(..self.settled.len().saturating_sub(WORDS_MAX));
    }

    /// Takes in a result; `base` is the position of the connection's first sample. Says up to where
    /// the result reaches.
    pub(super) fn result(&mut self, base: u64, results: Results) -> u64 {
        let position = |seconds: f64| base + (seconds.clamp(0.0, 1e6) * RATE_HZ) as u64;
        let (from, to) = (position(results.start), position(results.start + results.duration));
        let mut words = Vec::new();
        if let Some(best) = results.channel.alternatives.into_iter().next() {
            if best.words.is_empty() && !best.transcript.is_empty() {
                words.push(Word { from, middle: from.midpoint(to), text: best.transcript });
            }
            words.extend(best.words.into_iter().take(WORDS_MAX).map(|word| {
                let (from, to) = (position(word.start), position(word.end));
                let text = word.punctuated_word.unwrap_or(word.word);
                Word { from, middle: from.midpoint(to), text }
            }));
        }
        if results.is_final {
            self.interim.clear();
            self.settled.extend(words);
            self.settled.drain(..self.settled.len().saturating_sub(WORDS_MAX));
            self.settled_to = self.settled_to.max(to);
        } else {
            self.interim = words;
        }
        to
    }

    /// The open segment's text, when it changed.
    pub(super) fn news(&mut self) -> Option<(SegmentId, String)> {
        let segment = self.segment.as_ref().filter(|segment| segment.open)?;
        let (id, text) = (segment.id, self.text(segment.from, u64::MAX));
        let segment = self.segment.as_mut()?;
        if text.is_empty() || text == segment.told {
            return None;
        }
        segment.told.clone_from(&text);
        Some((id, text))
    }

    /// The text of a segment up to a position; empty for one that is not the last.
    pub(super) fn answer(&mut self, id: SegmentId, to_sample: u64) -> String {
        let Some(segment) = self.segment.as_ref().filter(|segment| segment.id == id) else {
            return String::new();
        };
        let text = self.text(segment.from, to_sample.saturating_add(AFTER));
        self.floor = self.floor.max(to_sample);
        text
    }

    fn text(&self, from: u64, to: u64) -> String {
        let words = self.settled.iter().chain(&self.interim);
        let ours = words.filter(|word| word.middle >= from && word.from < to);
        ours.map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}
