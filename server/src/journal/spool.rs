//! From a media thread to the journal: the circuit's tape and both sides' sound, on reels that go
//! over full and come back empty.
//!
//! A call holds one reel at a time and hands it over every [`TURN`]. Reels are lent from one store for
//! all calls, so memory follows what the disk owes, not the number of calls; none is made in the
//! per-frame path once the store has enough.

use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use media::{
    Mono,
    circuit::{Command, Event, Input, Output},
    tape,
};

use super::writer::Message;
use crate::config::Records;

/// How often a call hands its reel over.
const TURN: Duration = Duration::from_millis(250);
/// A reel with more tape than this is handed over at once, in bytes.
const TAPE_BYTES: usize = 12 * 1024;
/// The same for sound, in samples of both sides.
const SOUND_SAMPLES: usize = 6_000;

/// A press of secret keys takes no longer, whatever becomes of it.
const PRESS_MAX: Duration = Duration::from_secs(120);
/// How long after it the line may bring its tones back.
const ECHO_MAX: Duration = Duration::from_millis(500);

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

/// A quarter of a second of one call.
pub struct Reel {
    tape: Vec<u8>,
    samples: Vec<i16>,
    takes: Vec<Take>,
}

impl Reel {
    /// Room for what a circuit at 8 kHz that hears and speaks leaves in a turn, as far as it is kept.
    fn new(kept: Records) -> Box<Self> {
        let room = |kept: bool, usual: usize| if kept { usual } else { 0 };
        Box::new(Self {
            tape: Vec::with_capacity(room(kept.tape, 8 * 1024)),
            samples: Vec::with_capacity(room(kept.recording, 4_500)),
            takes: Vec::with_capacity(room(kept.recording, 32)),
        })
    }

    /// Whole records of the circuit's tape.
    pub fn tape(&self) -> &[u8] {
        &self.tape
    }

    /// Frames of both sides, in order.
    pub fn sound(&self) -> impl Iterator<Item = (Side, Mono, &[i16])> {
        let mut rest = self.samples.as_slice();
        self.takes.iter().map(move |take| {
            let (samples, after) = rest.split_at(take.samples);
            rest = after;
            (take.side, take.at, samples)
        })
    }

    fn is_empty(&self) -> bool {
        self.tape.is_empty() && self.takes.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.tape.clear();
        self.samples.clear();
        self.takes.clear();
    }
}

/// One call's end: what a media thread writes on. When it is dropped, the journal knows that no more
/// comes.
pub struct Spool {
    call: u64,
    of_user: bool,
    to_journal: Sender<Message>,
    spares: Receiver<Box<Reel>>,
    kept: Records,
    reel: Box<Reel>,
    turns_at: Mono,
    /// Until when nothing of the sound is kept, because secret keys are in it.
    silent_until: Option<Mono>,
}

impl Spool {
    pub(super) fn new(
        call: u64,
        to_journal: Sender<Message>,
        spares: Receiver<Box<Reel>>,
        kept: Records,
    ) -> Self {
        let (reel, turns_at) = (Reel::new(kept), Mono::ZERO);
        Self { call, of_user: false, to_journal, spares, kept, reel, turns_at, silent_until: None }
    }

    /// One for the user's own leg of the same call. Its tape is kept; what is heard on it is in the
    /// recording already.
    pub(super) fn of_user(&self) -> Self {
        let kept = Records { recording: false, ..self.kept };
        let (to_journal, spares) = (self.to_journal.clone(), self.spares.clone());
        let mut spool = Self::new(self.call, to_journal, spares, kept);
        spool.of_user = true;
        spool
    }

    /// Where the tape's next records go, if one is kept.
    pub fn tape(&mut self) -> Option<&mut Vec<u8>> {
        self.kept.tape.then_some(&mut self.reel.tape)
    }

    /// Keeps what the circuit is told. Secret keys end the tape: whoever has the sound has the keys,
    /// and a tape with a hole does not replay.
    pub fn input(&mut self, at: Mono, input: &Input<'_>) {
        if let Input::Command(Command::Keys(keys)) = input
            && keys.is_sensitive()
        {
            self.kept.tape = false;
            self.silent_until = Some(at + PRESS_MAX);
        }
        if let Some(record) = self.tape() {
            tape::write_input(record, at, input);
        }
    }

    /// Keeps what the circuit answers.
    pub fn output(&mut self, at: Mono, output: &Output<'_>) {
        if let Output::Event(Event::KeysPlayed | Event::KeysCancelled) = output {
            self.silent_until = self.silent_until.map(|until| until.min(at + ECHO_MAX));
        }
        if let Some(record) = self.tape() {
            tape::write_output(record, at, output);
        }
    }

    /// Keeps one frame; of a secret its length.
    pub fn sound(&mut self, side: Side, at: Mono, samples: &[i16]) {
        if !self.kept.recording {
            return;
        }
        if self.silent_until.is_some_and(|until| at < until) {
            self.reel.samples.resize(self.reel.samples.len() + samples.len(), 0);
        } else {
            self.reel.samples.extend_from_slice(samples);
        }
        self.reel.takes.push(Take { side, at, samples: samples.len() });
    }

    /// Hands the reel over when it is time to. `false` when the journal lags so far that the tape
    /// ends here, which is said once: a tape with a hole does not replay. Sound that finds no room is
    /// missing in the recording.
    pub fn turn(&mut self, now: Mono) -> bool {
        let Reel { tape, samples, .. } = &*self.reel;
        let is_full = tape.len() > TAPE_BYTES || samples.len() > SOUND_SAMPLES;
        if self.reel.is_empty() || (now < self.turns_at && !is_full) {
            return true;
        }
        self.turns_at = now + TURN;
        self.hand_over()
    }

    fn hand_over(&mut self) -> bool {
        let spare = self.spares.try_recv().unwrap_or_else(|_| Reel::new(self.kept));
        let full = std::mem::replace(&mut self.reel, spare);
        let had_tape = !full.tape.is_empty();
        if self.to_journal.try_send(Message::Reel(self.call, self.of_user, full)).is_ok() {
            return true;
        }
        self.kept.tape = false;
        !had_tape
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if !self.reel.is_empty() {
            self.hand_over();
        }
        // A journal without room for it closes by time.
        let _ = self.to_journal.try_send(Message::Over(self.call));
    }
}

/// A spool of a journal that keeps nothing back, and what it hands over: for benches and tests.
pub fn spool(reels_max: usize) -> (Spool, Spooled) {
    let (tx, messages) = crossbeam_channel::bounded(reels_max);
    let (back, spares) = crossbeam_channel::bounded(reels_max);
    let spool = Spool::new(0, tx, spares, Records::default());
    (spool, Spooled { messages, back })
}

/// The other end of [`spool`].
pub struct Spooled {
    messages: Receiver<Message>,
    back: Sender<Box<Reel>>,
}

impl Spooled {
    /// Looks at the next reel that was handed over, and gives it back.
    pub fn next<T>(&self, look: impl FnOnce(&Reel) -> T) -> Option<T> {
        let Ok(Message::Reel(_, _, mut reel)) = self.messages.try_recv() else { return None };
        let seen = look(&reel);
        reel.clear();
        let _ = self.back.try_send(reel);
        Some(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Mono {
        Mono::from_millis(ms)
    }

    #[test]
    fn a_reel_goes_over_when_it_is_time_or_full() {
        let (mut spool, spooled) = spool(4);
        assert!(spool.turn(at(1000)) && spooled.next(|_| ()).is_none(), "nothing on it");
        spool.sound(Side::Callee, at(1000), &[1, 2]);
        spool.sound(Side::Cleared, at(1001), &[]);
        spool.sound(Side::Agent, at(1002), &[3]);
        spool.tape().expect("kept").extend_from_slice(b"abc");
        assert!(spool.turn(at(1002)));
        let seen = spooled.next(|reel| {
            let sides: Vec<_> = reel.sound().map(|(side, _, sound)| (side, sound.len())).collect();
            assert_eq!(sides, [(Side::Callee, 2), (Side::Cleared, 0), (Side::Agent, 1)]);
            reel.tape().to_vec()
        });
        assert_eq!(seen.as_deref(), Some(&b"abc"[..]));
        spool.sound(Side::Callee, at(1010), &[4]);
        assert!(spool.turn(at(1251)) && spooled.next(|_| ()).is_none(), "not yet");
        assert!(spool.turn(at(1252)) && spooled.next(|_| ()).is_some());
        spool.tape().expect("kept").resize(TAPE_BYTES + 1, 0);
        assert!(spool.turn(at(1253)) && spooled.next(|_| ()).is_some(), "full");
    }

    #[test]
    fn of_secret_keys_neither_side_nor_the_tape_keeps_a_sound() {
        let (mut spool, spooled) = spool(4);
        let keys = media::circuit::Keys::parse("47").expect("keys").sensitive();
        spool.input(at(900), &Input::Tick);
        let kept = spool.tape().expect("kept").len();
        spool.sound(Side::Callee, at(990), &[1; 8]);
        spool.input(at(1000), &Input::Command(Command::Keys(keys)));
        spool.sound(Side::Agent, at(1010), &[2; 8]);
        spool.output(at(1400), &Output::Event(Event::KeysPlayed));
        spool.sound(Side::Callee, at(1800), &[3; 8]);
        spool.sound(Side::Callee, at(1900), &[4; 8]);
        assert!(spool.turn(at(2000)));
        let seen = spooled.next(|reel| {
            let sound: Vec<_> = reel.sound().map(|(_, _, sound)| sound.to_vec()).collect();
            (reel.tape().len(), sound)
        });
        let sound = [1, 0, 0, 4].map(|sample| vec![sample; 8]).to_vec();
        assert_eq!(seen, Some((kept, sound)));
    }

    #[test]
    fn a_tape_ends_where_the_journal_lags_too_far_and_sound_goes_on() {
        let (mut spool, spooled) = spool(1);
        let mut told = Vec::new();
        for turn in 0..3 {
            if let Some(tape) = spool.tape() {
                tape.push(turn);
            }
            spool.sound(Side::Agent, at(0), &[1; 160]);
            told.push(spool.turn(at(1000 + 300 * u64::from(turn))));
        }
        assert_eq!(told, [true, false, true], "said once");
        assert_eq!(spooled.next(|reel| reel.tape().to_vec()).as_deref(), Some(&[0][..]));
        spool.sound(Side::Agent, at(0), &[1; 160]);
        assert!(spool.tape().is_none() && spool.turn(at(3000)));
        assert_eq!(spooled.next(|reel| reel.sound().count()), Some(1));
    }

    #[test]
    fn what_is_left_goes_over_at_the_end() {
        let (mut spool, spooled) = spool(4);
        spool.tape().expect("kept").push(1);
        drop(spool);
        assert!(spooled.next(|reel| assert_eq!(reel.tape(), [1])).is_some());
        assert!(matches!(spooled.messages.try_recv(), Ok(Message::Over(0))));
    }
}
