//! Lock-free single-producer single-consumer rings between a media thread and everybody else.
//!
//! Two per call: what was heard (→ recogniser), and speech to say (voice →); two more between the legs of a bridge. Each is bounded and says
//! what happens when it is full, and none is larger than it must be: a ring's memory is walked
//! through round after round.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
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

/// Samples a recogniser that computes may lag behind: 2 s.
pub const LAG_COMPUTING: usize = 2 * 8000;
/// Samples a recogniser on the network may lag behind: 1 s.
pub const LAG_NETWORK: usize = 8000;
/// Samples of speech of a voice that computes, waiting for the circuit to want them: 2 s, so that it can
/// serve others meanwhile. The voice waits when they are there.
pub const AHEAD_COMPUTING: usize = 2 * 8000;
/// The same of a voice on the network: 1 s.
pub const AHEAD_NETWORK: usize = 8000;
/// Pieces of speech waiting for it.
const PIECES_MAX: usize = 64;
/// Longest piece, in samples: 100 ms.
const PIECE_SAMPLES_MAX: usize = 800;

/// Tells that something was heard and since when it waits, to somebody who looks after many calls.
#[derive(Debug, Default)]
pub struct Tap {
    came: Bell,
    since_us: AtomicU64,
}

impl Tap {
    fn ring(&self, now: Mono) {
        if !self.came.has_rung() {
            self.since_us.store(now.as_micros(), Ordering::Relaxed);
        }
        self.came.ring();
    }

    /// Since when sound waits that came since the last answer.
    pub fn answer(&self) -> Option<Mono> {
        self.came.answer().then(|| Mono::from_micros(self.since_us.load(Ordering::Relaxed)))
    }
}

/// Media thread's end of the heard sound.
pub struct HeardIn {
    ring: HeapProd<i16>,
    owed: usize,
    tap: Arc<Tap>,
}

/// Recogniser's end of the heard sound.
pub struct HeardOut {
    ring: HeapCons<i16>,
    tap: Arc<Tap>,
}

/// A ring for what the callee says, for a recogniser that lags at most so many samples behind.
pub fn heard(lag_max: usize) -> (HeardIn, HeardOut) {
    let (ring, out) = HeapRb::new(lag_max).split();
    let tap = Arc::<Tap>::default();
    (HeardIn { ring, owed: 0, tap: Arc::clone(&tap) }, HeardOut { ring: out, tap })
}

impl HeardIn {
    /// Adds samples. When the recogniser lags too far they become silence, so that positions still
    /// agree; returns how many were lost that way.
    pub fn push(&mut self, now: Mono, samples: &[i16]) -> usize {
        while self.owed > 0 && self.ring.try_push(0).is_ok() {
            self.owed -= 1;
        }
        let pushed = if self.owed == 0 { self.ring.push_slice(samples) } else { 0 };
        let lost = samples.len() - pushed;
        self.owed += lost;
        self.tap.ring(now);
        lost
    }
}

impl HeardOut {
    /// Takes up to `buffer.len()` samples; returns how many.
    pub fn pop(&mut self, buffer: &mut [i16]) -> usize {
        self.ring.pop_slice(buffer)
    }

    /// Rung for everything heard.
    pub fn tap(&self) -> Arc<Tap> {
        Arc::clone(&self.tap)
    }
}

/// Sound on its way between the legs of a bridge, in samples: 200 ms. More comes only when a thread stands still.
const RELAY_SAMPLES: usize = 1600;

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

/// A ring for so much of what the agent says, and the bell of the seat that says it.
pub fn speech(bell: Bell, ahead_max: usize) -> (SpeechIn, SpeechOut) {
    let (samples_in, samples_out) = HeapRb::new(ahead_max).split();
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

/// One leg's end of what it hears, for the other leg of a bridge.
pub struct RelayIn(SpeechIn);

/// The other leg's end.
pub struct RelayOut(SpeechOut);

/// A ring from one leg to another, and the bell of the seat that reads it.
pub fn relay(bell: Bell) -> (RelayIn, RelayOut) {
    let (samples_in, samples_out) = speech(bell, RELAY_SAMPLES);
    (RelayIn(samples_in), RelayOut(samples_out))
}

impl RelayIn {
    /// Adds one frame; what finds no room is lost.
    pub fn push(&mut self, samples: &[i16]) {
        self.0.push(UtteranceId::default(), samples);
    }
}

impl RelayOut {
    /// Takes one frame.
    pub fn pop(&mut self) -> Option<&[i16]> {
        match self.0.pop()? {
            Speech::Samples(_, samples) => Some(samples),
            Speech::End(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heard_positions_agree_after_a_lag() {
        let (mut tx, mut rx) = heard(LAG_NETWORK);
        let at = Mono::from_millis;
        let tap = rx.tap();
        assert_eq!(tap.answer(), None);
        assert_eq!(tx.push(at(5), &vec![1; LAG_NETWORK]), 0);
        assert_eq!(tx.push(at(7), &[2; 160]), 160);
        assert_eq!((tap.answer(), tap.answer()), (Some(at(5)), None));
        let mut all = vec![0; LAG_NETWORK];
        assert_eq!(rx.pop(&mut all), LAG_NETWORK);
        assert_eq!(tx.push(at(9), &[3; 160]), 0);
        let mut rest = vec![9; 1000];
        assert_eq!(rx.pop(&mut rest), 320);
        assert_eq!(&rest[..160], &[0; 160]);
        assert_eq!(&rest[160..320], &[3; 160]);
    }

    #[test]
    fn speech_comes_out_by_utterance_and_in_order() {
        let bell = Bell::default();
        let (mut tx, mut rx) = speech(bell.clone(), AHEAD_NETWORK);
        assert!(!bell.has_rung());
        assert_eq!(tx.push(UtteranceId(1), &[1, 2, 3]), 3);
        assert!(bell.has_rung());
        assert!(bell.answer() && !bell.answer());
        assert!(tx.end(UtteranceId(1)));
        assert!(bell.has_rung());
        assert_eq!(tx.push(UtteranceId(2), &vec![5; AHEAD_NETWORK]), AHEAD_NETWORK - 3);
        assert!(matches!(rx.pop(), Some(Speech::Samples(UtteranceId(1), [1, 2, 3]))));
        assert!(matches!(rx.pop(), Some(Speech::End(UtteranceId(1)))));
        let mut second = 0;
        while let Some(Speech::Samples(UtteranceId(2), samples)) = rx.pop() {
            assert!(samples.len() <= PIECE_SAMPLES_MAX);
            second += samples.len();
        }
        assert_eq!(second, AHEAD_NETWORK - 3);
        assert_eq!(rx.waiting(), 0);
    }
}
