//! A recording heard to its end, as fast as it goes.

use std::{path::Path, time::Instant};

use agent::line::Decision;
use anyhow::Context;

use super::label::{Is, Label};
use crate::{
    listening::{Listening, Nets, misled::Error},
    wav::Wav,
};

/// What was believed when.
pub struct Heard {
    /// What is true.
    pub label: Label,
    /// What was decided, in order.
    pub decisions: Vec<Decision>,
    /// Persons believed in error, on purpose.
    pub errors: Vec<Error>,
    /// How long it is, in s.
    pub seconds: f64,
    /// How long it took, in s of one core.
    pub took_s: f64,
}

impl Heard {
    /// A sound at 8 kHz.
    pub fn of(label: Label, sound: &[i16], nets: &Nets) -> Self {
        let mut ear = Hearing::new(label, nets);
        ear.feed(sound);
        ear.over()
    }

    /// A file; of two channels, the left.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_file(dir: &Path, label: Label, nets: &Nets) -> anyhow::Result<Self> {
        let name = label.file.clone();
        let mut wav = Wav::open(&dir.join(&name)).with_context(|| name.clone())?;
        let mut hearing = Hearing::new(label, nets);
        let mut left = vec![Vec::new()];
        while wav.read(&mut left).with_context(|| name.clone())? {
            hearing.feed(&left[0]);
            left[0].clear();
        }
        Ok(hearing.over())
    }

    /// What was believed at a moment, in s.
    pub fn at(&self, t: f64) -> Is {
        let last = self.decisions.iter().rfind(|decision| seconds(decision) <= t);
        last.map_or(Is::Undecided, |decision| Is::of(decision.state))
    }
}

/// When it was decided, in s.
pub fn seconds(decision: &Decision) -> f64 {
    decision.at.as_micros() as f64 / 1e6
}

struct Hearing {
    label: Label,
    listening: Listening,
    decisions: Vec<Decision>,
    answered: Option<u64>,
    samples: u64,
    began: Instant,
}

impl Hearing {
    fn new(label: Label, nets: &Nets) -> Self {
        let answered = label.answered.map(|s| (s * 8_000.0) as u64);
        let (listening, began) = (Listening::new(nets).misleading(), Instant::now());
        Self { label, listening, decisions: Vec::new(), answered, samples: 0, began }
    }

    fn feed(&mut self, sound: &[i16]) {
        for part in sound.chunks(800) {
            if self.answered.is_some_and(|at| at <= self.samples) {
                self.answered = None;
                self.listening.answered();
            }
            self.listening.feed(part, &[], |decision| self.decisions.push(decision));
            self.samples += part.len() as u64;
        }
    }

    fn over(self) -> Heard {
        let Self { label, listening, decisions, samples, began, .. } = self;
        let (errors, took_s) = (listening.errors(), began.elapsed().as_secs_f64());
        Heard { label, decisions, errors, seconds: samples as f64 / 8_000.0, took_s }
    }
}
