//! Cuts what is to be spoken into sentences short enough that the net answers at once.

use super::{normalise::Piece, phonemes::Reader};

/// Phoneme ids of one run of the net, at most. Longer sentences are cut at a comma, or at a word.
const IDS_MAX: usize = 240;
/// From here on a sentence is cut at the next comma, so that its sound begins soon.
const IDS_LONG: usize = 110;
/// The id at both ends.
const EDGE: i32 = 0;

/// One run of the net.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sentence {
    /// Phoneme ids with [`EDGE`] at both ends.
    pub(super) ids: Vec<i32>,
    /// Byte offset of each word in the text, and the index of its first id.
    words: Vec<(u32, usize)>,
}

impl Sentence {
    /// The frame each word begins at, given how long each id lasts (in any unit).
    pub(super) fn frames(&self, durations: &[u32], frames: usize) -> Vec<(u32, usize)> {
        let total: u64 = durations.iter().map(|&d| u64::from(d)).sum();
        let start = |index: usize| {
            let before: u64 = durations.iter().take(index).map(|&d| u64::from(d)).sum();
            (before * frames as u64 / total.max(1)) as usize
        };
        self.words.iter().map(|&(at, index)| (at, start(index))).collect()
    }
}

/// The sentences of a text.
pub(super) fn cut(pieces: &[Piece], reader: &Reader) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    let mut rest = pieces;
    while !rest.is_empty() {
        let end = rest.iter().position(Piece::ends_sentence).map_or(rest.len(), |i| i + 1);
        let (sentence, after) = rest.split_at(end);
        read(sentence, reader, &mut sentences);
        rest = after;
    }
    sentences
}

/// Reads one sentence and cuts it where it is too long.
fn read(pieces: &[Piece], reader: &Reader, into: &mut Vec<Sentence>) {
    let mut spoken = String::new();
    let mut starts = Vec::with_capacity(pieces.len());
    for piece in pieces {
        if !spoken.is_empty() {
            spoken.push(' ');
        }
        starts.push((spoken.len(), piece.at));
        spoken.push_str(&piece.spoken);
    }
    let mut starts = starts.into_iter().peekable();
    let mut sentence = Sentence { ids: vec![EDGE], words: Vec::new() };
    for word in reader.read(&spoken) {
        if sentence.ids.len() + word.ids.len() > IDS_MAX {
            close(&mut sentence, into);
        }
        let mut at = None;
        while let Some((_, offset)) = starts.next_if(|(start, _)| *start <= word.at) {
            at = Some(offset);
        }
        if let Some(at) = at {
            sentence.words.push((at, sentence.ids.len()));
        }
        let pause = spoken[word.at..].starts_with([',', ';', ':', '—']);
        let room = IDS_MAX - sentence.ids.len();
        sentence.ids.extend(word.ids.into_iter().take(room));
        if pause && sentence.ids.len() > IDS_LONG {
            close(&mut sentence, into);
        }
    }
    close(&mut sentence, into);
}

/// Ends a sentence, unless there is nothing in it.
fn close(sentence: &mut Sentence, into: &mut Vec<Sentence>) {
    const SPACE: i32 = 16;
    while sentence.ids.last() == Some(&SPACE) {
        sentence.ids.pop();
    }
    let next = Sentence { ids: vec![EDGE], words: Vec::new() };
    let mut done = std::mem::replace(sentence, next);
    // Punctuation alone (ids under the space's) says nothing.
    if done.ids.iter().any(|&id| id > SPACE) {
        done.ids.push(EDGE);
        into.push(done);
    }
}
