//! The hearing side: each hop goes past the keys, the echo gate and the voice activity.

use super::{
    config::CircuitConfig,
    digits::Digits,
    outbox::{Out, Outbox},
    senses::Senses,
    words::{Event, Ignored, JUDGE_SAMPLES, Verdict},
};
use crate::{
    Mono,
    barge_in::Echo,
    mix::QUIETEST_DBFS,
    vad::{Edge, HOP, Speech, Vad},
};

/// Longest frame, in samples.
pub(super) const FRAME_MAX: usize = 480;

pub(super) struct Listen {
    pub(super) digits: Digits,
    pub(super) echo: Echo,
    vad: Vad,
    senses: Option<Box<Senses>>,
    frame: Vec<i16>,
    frame_samples: usize,
    level_dbfs: f32,
}

impl Listen {
    pub(super) fn new(config: &CircuitConfig) -> Self {
        Self {
            digits: Digits::new(),
            echo: Echo::new(&config.echo),
            vad: Vad::new(&config.vad, config.judge),
            senses: config.senses.then(Box::default),
            frame: Vec::with_capacity(FRAME_MAX),
            frame_samples: usize::from(config.frame_ms) * 8,
            level_dbfs: QUIETEST_DBFS,
        }
    }

    /// One hop, whose last sample came `at`.
    pub(super) fn hop(&mut self, now: Mono, at: Mono, samples: &[i16; HOP], out: &mut Outbox) {
        if self.frame.len() >= self.frame_samples {
            self.frame.clear();
        }
        self.frame.extend_from_slice(samples);
        if self.frame.len() == self.frame_samples {
            out.push(Out::Heard);
        }
        let hop = self.vad.gate(samples);
        self.level_dbfs = hop.level_dbfs;
        let echo = self.echo.covers(at, hop.level_dbfs);
        // Keys of our own come back too.
        let theirs = if echo { &[0; HOP] } else { samples };
        self.digits.hop(at, theirs, out);
        if let Some(senses) = &mut self.senses {
            senses.hop(theirs, out);
        }
        let edge = self.vad.heard(now, at, samples, hop, echo);
        self.report(edge, out);
    }

    /// Two talk with each other from now on: what kind of sound it is, is no longer asked.
    pub(super) fn bridge(&mut self) {
        self.senses = None;
    }

    /// Asks the judge, if there is something to ask.
    pub(super) fn ask(&mut self, now: Mono, out: &mut Outbox) -> bool {
        let Some((chunk, reset)) = self.vad.ask(now) else { return false };
        let anew = self.senses.as_mut().is_some_and(|senses| senses.begins_anew());
        out.push(Out::Judge { chunk, reset: reset || anew });
        true
    }

    pub(super) fn verdict(&mut self, verdict: Verdict, out: &mut Outbox) {
        if let Some(senses) = &mut self.senses {
            senses.judged(verdict);
        }
        match self.vad.verdict(verdict) {
            Err(()) => out.ignored(Ignored::StaleVerdict),
            Ok(edge) => self.report(edge, out),
        }
    }

    fn report(&self, edge: Option<Edge>, out: &mut Outbox) {
        match edge {
            None => {}
            Some(Edge::Started { at, from_sample }) => {
                out.event(Event::SpeechStarted { at, from_sample });
            }
            Some(Edge::Ended { to_sample }) => {
                out.event(Event::SpeechEnded { at: self.vad.came_at(to_sample), to_sample });
            }
        }
    }

    pub(super) fn speech(&self) -> Option<Speech> {
        self.vad.speech()
    }

    /// The last whole frame.
    pub(super) fn frame(&self) -> &[i16] {
        &self.frame
    }

    /// The last chunk for the judge.
    pub(super) fn chunk(&self) -> Option<&[i16; JUDGE_SAMPLES]> {
        self.vad.chunk()
    }

    pub(super) fn level_dbfs(&self) -> f32 {
        self.level_dbfs
    }
}
