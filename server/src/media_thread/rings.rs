//! Lock-free single-producer single-consumer rings between a media thread and everybody else.
//!
//! Four per call: what was heard (→ recogniser), speech to say (voice →), the circuit's tape and
//! both sides' sound (→ journal). Each is bounded and says what happens when it is full, and none is
//! larger than it must be: a ring's memory is walked through round after round.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use media::{Mono, circuit::UtteranceId};
use ringbuf::{
    HeapCons, HeapProd, HeapRb,
    traits::{Consumer, Observer, Producer, Split},
};

/// Rung after something was put where a circuit will look: a seat asks one bell, not every ring.
#[derive(Clone, Debug, Default)]
pub struct Bell(Arc<AtomicBool>);

impl Bell {
    /// Rings.
    pub fn ring(&self) {
        // Not a store: that would hide from the answer what another hand put in before.
        self.0.swap(true, Ordering::Release);
    }

    /// Whether it rang since it was last answered.
    pub fn has_rung(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether it rang since the last answer. What was put in before it rang can then be seen.
    pub fn answer(&self) -> bool {
        self.has_rung() && self.0.swap(false, Ordering::Acquire)
    }
}

/// Samples the recogniser may lag behind: 2 s.
const HEARD_MAX: usize = 2 * 8000;
/// Samples of speech waiting for the circuit to want them: 1 s. The voice waits when it is full.
const SPEECH_MAX: usize = 8000;
/// Pieces of speech waiting for it.
const PIECES_MAX: usize = 64;
/// Longest piece, in samples: 200 ms.
const PIECE_SAMPLES_MAX: usize = 1600;
/// Bytes of tape the journal may lag behind: 4 s of a circuit at 8 kHz that hears and speaks.
const TAPE_MAX: usize = 128 * 1024;

/// Media thread's end of the heard sound.
pub struct HeardIn {
    ring: HeapProd<i16>,
    owed: usize,
}

/// Recogniser's end of the heard sound.
pub struct HeardOut(HeapCons<i16>);

/// A ring for what the callee says.
pub fn heard() -> (HeardIn, HeardOut) {
    let (ring, out) = HeapRb::new(HEARD_MAX).split();
    (HeardIn { ring, owed: 0 }, HeardOut(out))
}

impl HeardIn {
    /// Adds samples. When the recogniser lags too far they become silence, so that positions still
    /// agree; returns how many were lost that way.
    pub fn push(&mut self, samples: &[i16]) -> usize {
        while self.owed > 0 && self.ring.try_push(0).is_ok() {
            self.owed -= 1;
        }
        let pushed = if self.owed == 0 { self.ring.push_slice(samples) } else { 0 };
        let lost = samples.len() - pushed;
        self.owed += lost;
        lost
    }
}

impl HeardOut {
    /// Takes up to `buffer.len()` samples; returns how many.
    pub fn pop(&mut self, buffer: &mut [i16]) -> usize {
        self.0.pop_slice(buffer)
    }
}

/// One piece of an utterance: so many samples of the sample ring, and whether it is the last.
#[derive(Clone, Copy, Debug)]
struct Piece {
    utterance: UtteranceId,
    samples: usize,
    end: bool,
}

/// Voice's end of the speech to say.
pub struct SpeechIn {
    samples: HeapProd<i16>,
    pieces: HeapProd<Piece>,
    bell: Bell,
}

/// Media thread's end of the speech to say.
pub struct SpeechOut {
    samples: HeapCons<i16>,
    pieces: HeapCons<Piece>,
    buffer: Vec<i16>,
}

/// What the media thread takes out.
pub enum Speech<'a> {
    /// Samples of an utterance.
    Samples(UtteranceId, &'a [i16]),
    /// The utterance is complete.
    End(UtteranceId),
}

/// A ring for what the agent says, and the bell of the seat that says it.
pub fn speech(bell: Bell) -> (SpeechIn, SpeechOut) {
    let (samples_in, samples_out) = HeapRb::new(SPEECH_MAX).split();
    let (pieces_in, pieces_out) = HeapRb::new(PIECES_MAX).split();
    (
        SpeechIn { samples: samples_in, pieces: pieces_in, bell },
        SpeechOut { samples: samples_out, pieces: pieces_out, buffer: vec![0; PIECE_SAMPLES_MAX] },
    )
}

impl SpeechIn {
    /// Adds as much as fits; returns how many samples were taken. Offer the rest again later.
    pub fn push(&mut self, utterance: UtteranceId, samples: &[i16]) -> usize {
        let fits = samples.len().min(self.samples.vacant_len());
        let mut taken = 0;
        for piece in samples[..fits].chunks(PIECE_SAMPLES_MAX) {
            if self.pieces.is_full() {
                break;
            }
            taken += self.samples.push_slice(piece);
            // There was room and we are the only producer: it stays.
            let _ = self.pieces.try_push(Piece { utterance, samples: piece.len(), end: false });
        }
        if taken > 0 {
            self.bell.ring();
        }
        taken
    }

    /// Says that the utterance is complete; `false` when there is no room yet.
    pub fn end(&mut self, utterance: UtteranceId) -> bool {
        let fits = self.pieces.try_push(Piece { utterance, samples: 0, end: true }).is_ok();
        if fits {
            self.bell.ring();
        }
        fits
    }
}

impl SpeechOut {
    /// Pieces that wait now.
    pub fn waiting(&self) -> usize {
        self.pieces.occupied_len()
    }

    /// Takes one piece.
    pub fn pop(&mut self) -> Option<Speech<'_>> {
        let piece = self.pieces.try_pop()?;
        if piece.end {
            return Some(Speech::End(piece.utterance));
        }
        let count = self.samples.pop_slice(&mut self.buffer[..piece.samples]);
        Some(Speech::Samples(piece.utterance, &self.buffer[..count]))
    }
}

/// Media thread's end of the tape.
pub struct TapeIn {
    ring: HeapProd<u8>,
    broken: bool,
}

/// Journal's end of the tape.
pub struct TapeOut(HeapCons<u8>);

/// A ring for the circuit's tape.
pub fn tape() -> (TapeIn, TapeOut) {
    let (ring, out) = HeapRb::new(TAPE_MAX).split();
    (TapeIn { ring, broken: false }, TapeOut(out))
}

impl TapeIn {
    /// Adds whole records. The first block that does not fit ends the tape for good (a tape with a
    /// hole does not replay); returns `false` that once.
    pub fn push(&mut self, block: &[u8]) -> bool {
        if self.broken {
            return true;
        }
        if self.ring.vacant_len() < block.len() {
            self.broken = true;
            return false;
        }
        self.ring.push_slice(block);
        true
    }
}

impl TapeOut {
    /// Moves what is there to the end of `out`; returns how many bytes.
    pub fn drain_into(&mut self, out: &mut Vec<u8>) -> usize {
        let before = out.len();
        out.resize(before + self.0.occupied_len(), 0);
        let taken = self.0.pop_slice(&mut out[before..]);
        out.truncate(before + taken);
        taken
    }

    /// `true` once the media thread let go of its end and everything was taken.
    pub fn is_over(&self) -> bool {
        !self.0.write_is_held() && self.0.is_empty()
    }
}

/// Samples of both sides the recording may lag behind: 2 s. What does not fit is missing there.
const RECORDING_MAX: usize = 2 * 16_000;
/// Frames of both sides the recording may lag behind.
const TAKES_MAX: usize = 256;

/// Whose sound it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The callee's, as it arrived.
    Callee,
    /// The agent's, as it was sent.
    Agent,
    /// No sound: the carrier drops what it has not played.
    Cleared,
}

/// One frame of one side.
#[derive(Clone, Copy, Debug)]
struct Take {
    side: Side,
    at: Mono,
    samples: usize,
}

/// Media thread's end of the recording.
pub struct RecordingIn {
    samples: HeapProd<i16>,
    takes: HeapProd<Take>,
}

/// Journal's end of the recording.
pub struct RecordingOut {
    samples: HeapCons<i16>,
    takes: HeapCons<Take>,
    buffer: Vec<i16>,
}

/// A ring for what both sides say.
pub fn recording() -> (RecordingIn, RecordingOut) {
    let (samples_in, samples_out) = HeapRb::new(RECORDING_MAX).split();
    let (takes_in, takes_out) = HeapRb::new(TAKES_MAX).split();
    (
        RecordingIn { samples: samples_in, takes: takes_in },
        RecordingOut { samples: samples_out, takes: takes_out, buffer: Vec::new() },
    )
}

impl RecordingIn {
    /// Adds one frame, or drops it when the journal lags too far.
    pub fn push(&mut self, side: Side, at: Mono, samples: &[i16]) {
        if self.samples.vacant_len() < samples.len() || self.takes.is_full() {
            return;
        }
        self.samples.push_slice(samples);
        // There was room and we are the only producer: it stays.
        let _ = self.takes.try_push(Take { side, at, samples: samples.len() });
    }
}

impl RecordingOut {
    /// Takes one frame.
    pub fn pop(&mut self) -> Option<(Side, Mono, &[i16])> {
        let take = self.takes.try_pop()?;
        self.buffer.resize(take.samples, 0);
        let count = self.samples.pop_slice(&mut self.buffer);
        Some((take.side, take.at, &self.buffer[..count]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heard_positions_agree_after_a_lag() {
        let (mut tx, mut rx) = heard();
        assert_eq!(tx.push(&vec![1; HEARD_MAX]), 0);
        assert_eq!(tx.push(&[2; 160]), 160);
        let mut all = vec![0; HEARD_MAX];
        assert_eq!(rx.pop(&mut all), HEARD_MAX);
        assert_eq!(tx.push(&[3; 160]), 0);
        let mut rest = vec![9; 1000];
        assert_eq!(rx.pop(&mut rest), 320);
        assert_eq!(&rest[..160], &[0; 160]);
        assert_eq!(&rest[160..320], &[3; 160]);
    }

    #[test]
    fn speech_comes_out_by_utterance_and_in_order() {
        let bell = Bell::default();
        let (mut tx, mut rx) = speech(bell.clone());
        assert!(!bell.has_rung());
        assert_eq!(tx.push(UtteranceId(1), &[1, 2, 3]), 3);
        assert!(bell.has_rung());
        assert!(bell.answer() && !bell.answer());
        assert!(tx.end(UtteranceId(1)));
        assert!(bell.has_rung());
        assert_eq!(tx.push(UtteranceId(2), &vec![5; SPEECH_MAX]), SPEECH_MAX - 3);
        assert!(matches!(rx.pop(), Some(Speech::Samples(UtteranceId(1), [1, 2, 3]))));
        assert!(matches!(rx.pop(), Some(Speech::End(UtteranceId(1)))));
        let mut second = 0;
        while let Some(Speech::Samples(UtteranceId(2), samples)) = rx.pop() {
            assert!(samples.len() <= PIECE_SAMPLES_MAX);
            second += samples.len();
        }
        assert_eq!(second, SPEECH_MAX - 3);
        assert_eq!(rx.waiting(), 0);
    }

    #[test]
    fn a_tape_ends_at_the_first_block_that_does_not_fit() {
        let (mut tx, mut rx) = tape();
        assert!(tx.push(&vec![7; TAPE_MAX - 1]));
        assert!(!tx.push(&[1, 2]), "said once");
        let mut out = Vec::new();
        assert_eq!(rx.drain_into(&mut out), TAPE_MAX - 1);
        assert!(tx.push(&[1, 2]), "said only once");
        assert_eq!(rx.drain_into(&mut out), 0);
        drop(tx);
        assert!(rx.is_over());
    }
}
