//! Sound to the tones of exchanges, fax machines and mailboxes.
//!
//! ```text
//!   samples ─▶ spectrum (16 ms apart: the two strongest lines) ─▶ burst (lines that stay, from … to)
//!                  ┌───────────────┬───────────────┬──────────────┘
//!               special         cadence         answer          beep
//!           why it failed   ring-back, busy,   fax, modem    of a mailbox
//!                           reorder, dial …
//! ```
//!
//! One look every 16 ms, none at quiet sound; no memory is taken after [`ToneDetector::new`].

mod answer;
mod beep;
mod burst;
mod cadence;
mod special;
mod spectrum;

use serde::{Deserialize, Serialize};

use answer::Answers;
use beep::{Beep, Beeps};
use burst::{Burst, Bursts, WEAKEST};
use cadence::Cadences;
pub use special::Special;
use spectrum::{HOP, Look, Spectrum, WINDOW};

/// A tone that was heard.
///
/// What lasts (ring-back, busy, reorder, dial tone, a machine's answer) is told when it is recognised, without an end,
/// and again with its end. Everything else is told once, at its end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tone {
    /// What it is.
    pub kind: Kind,
    /// Its first sample, counted from the first one ever fed; exact to about 10 ms.
    pub from_sample: u64,
    /// One after its last sample; `None` while it goes on.
    pub to_sample: Option<u64>,
}

impl Tone {
    /// Told for the first time: of what lasts, the beginning.
    pub fn is_news(&self) -> bool {
        let lasts = matches!(
            self.kind,
            Kind::Ringback
                | Kind::Busy
                | Kind::Reorder
                | Kind::Dial
                | Kind::FaxAnswer
                | Kind::ModemAnswer
        );
        !lasts || self.to_sample.is_none()
    }
}

/// What a tone means.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The telephone rings at the other end.
    Ringback,
    /// The line is taken.
    Busy,
    /// The network is too busy (fast busy, congestion).
    Reorder,
    /// The exchange waits for digits.
    Dial,
    /// Somebody else calls the other end (North America).
    CallWaiting,
    /// Three rising tones before an announcement: the call failed.
    SpecialInformation(Special),
    /// A fax machine calls (T.30 CNG).
    FaxCalling,
    /// A fax machine answers (T.30 CED).
    FaxAnswer,
    /// A modem answers (V.25 with turns of phase, V.8).
    ModemAnswer,
    /// A mailbox wants to be spoken to.
    Beep {
        /// Its frequency, of two the lower or the first, in Hz.
        hz: u16,
    },
}

/// Listens for tones in one stream at 8 kHz.
#[derive(Clone, Debug)]
pub struct ToneDetector {
    spectrum: Spectrum,
    window: [f32; WINDOW],
    filled: usize,
    /// First sample of the window.
    from_sample: u64,
    bursts: Bursts,
    recent: [Burst; 3],
    cadences: Cadences,
    answers: Answers,
    beeps: Beeps,
}

impl Default for ToneDetector {
    fn default() -> Self {
        Self::new()
    }
}

impl ToneDetector {
    /// For a stream at 8 kHz.
    pub fn new() -> Self {
        Self {
            spectrum: Spectrum::new(),
            window: [0.0; WINDOW],
            filled: 0,
            from_sample: 0,
            bursts: Bursts::default(),
            recent: [Burst::default(); 3],
            cadences: Cadences::default(),
            answers: Answers::default(),
            beeps: Beeps::default(),
        }
    }

    /// Listens to `samples`, any number; `on_tone` is called for each tone, in the order they are recognised.
    pub fn feed(&mut self, mut samples: &[i16], mut on_tone: impl FnMut(Tone)) {
        while !samples.is_empty() {
            let (now, later) = samples.split_at((WINDOW - self.filled).min(samples.len()));
            let room = &mut self.window[self.filled..];
            for (slot, sample) in room.iter_mut().zip(now) {
                *slot = f32::from(*sample);
            }
            self.filled += now.len();
            samples = later;
            if self.filled == WINDOW {
                self.look(&mut on_tone);
                self.window.copy_within(HOP.., 0);
                self.filled -= HOP;
                self.from_sample += HOP as u64;
            }
        }
    }

    fn look(&mut self, on_tone: &mut impl FnMut(Tone)) {
        // What all lines of a window can hold together.
        let total: f32 = self.window.iter().map(|x| x * x).sum::<f32>() * (WINDOW * 3 / 16) as f32;
        let look = if total < WEAKEST {
            Look { total, ..Look::default() }
        } else {
            self.spectrum.look(&self.window)
        };
        let over = self.bursts.take(&look, self.from_sample);
        if let Some(burst) = &over {
            self.recent = [self.recent[1], self.recent[2], *burst];
            if let Some(special) = special::code(&self.recent) {
                let (kind, last) = (Kind::SpecialInformation(special), burst.ends_at());
                let from_sample = self.recent[0].begins_at();
                on_tone(Tone { kind, from_sample, to_sample: Some(last) });
            }
            self.cadences.take(burst, on_tone);
            if let Some(Beep { from_sample, to_sample, hz }) = self.beeps.take(burst) {
                let kind = Kind::Beep { hz: hz.round() as u16 };
                on_tone(Tone { kind, from_sample, to_sample: Some(to_sample) });
            }
        }
        let now = self.bursts.now();
        self.answers.take(now, over.as_ref(), on_tone);
        self.cadences.tick(self.from_sample + WINDOW as u64, now, on_tone);
    }
}

#[cfg(test)]
mod tests;
