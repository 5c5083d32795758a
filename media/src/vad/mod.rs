//! Voice activity: the cheap gate, the neural judge, and the edges of speech.
//!
//! ```text
//!  10 ms ─▶ gate (WebRTC, level, not our echo) ─▶ edges: suspected ─▶ confirmed ─▶ ended
//!              └ open: judge asked, 32 ms at a time ──▶ verdict ──▲
//! ```
//!
//! Speech is confirmed by gate and judge together. When no verdict comes within
//! [`VadConfig::verdict_wait_ms`], or the circuit has no judge, the gate decides alone, after
//! [`VadConfig::gate_alone_ms`] of sound.

mod config;
mod edges;
mod gate;
mod judge;
pub mod silero;

pub use config::VadConfig;
pub(crate) use edges::{Edge, Onset, Speech};
pub(crate) use gate::{HOP, Hop};

use edges::{BACKDATE, Edges};
use gate::Gate;
use judge::Judge;

use crate::{
    Mono,
    circuit::{JUDGE_SAMPLES, Verdict},
};

pub(crate) struct Vad {
    gate: Gate,
    edges: Edges,
    judge: Option<Judge>,
    total: u64,
    /// Which of the last hops were loud, newest lowest.
    loud: u32,
    last_at: Mono,
}

impl Vad {
    pub(crate) fn new(config: &VadConfig, judge: bool) -> Self {
        Self {
            gate: Gate::new(config),
            edges: Edges::new(config),
            judge: judge.then(|| Judge::new(config)),
            total: 0,
            loud: 0,
            last_at: Mono::ZERO,
        }
    }

    /// The gate's opinion of the next hop; tell the rest with [`Self::heard`].
    pub(crate) fn gate(&mut self, samples: &[i16; HOP]) -> Hop {
        self.gate.hop(samples)
    }

    /// One hop, whose last sample came `at`. `open`: the gate, and not our echo.
    pub(crate) fn heard(
        &mut self,
        now: Mono,
        at: Mono,
        samples: &[i16; HOP],
        hop: Hop,
        echo: bool,
    ) -> Option<Edge> {
        let open = hop.open && !echo;
        self.total += HOP as u64;
        self.loud = self.loud << 1 | u32::from(hop.loud && !echo);
        self.last_at = at;
        let alone = self.judge.as_ref().is_none_or(|judge| judge.is_silent(now));
        if let Some(judge) = &mut self.judge {
            judge.hop(samples, open);
        }
        let (loud, total) = (self.loud, self.total);
        self.edges.hop(open, alone, || {
            // Back to where the sound rose above the noise.
            let hops = u64::from(loud.trailing_ones()).min(BACKDATE / HOP as u64);
            let back = (hops * HOP as u64).min(total);
            Onset { at: at_sample(at, total, total - back), sample: total - back }
        })
    }

    pub(crate) fn ask(&mut self, now: Mono) -> Option<(u32, bool)> {
        self.judge.as_mut()?.ask(now)
    }

    /// Samples of the chunk asked about last.
    pub(crate) fn chunk(&self) -> Option<&[i16; JUDGE_SAMPLES]> {
        self.judge.as_ref().map(Judge::chunk)
    }

    /// `Err` when nobody waits for the verdict.
    pub(crate) fn verdict(&mut self, verdict: Verdict) -> Result<Option<Edge>, ()> {
        let judged = self.judge.as_mut().and_then(|judge| judge.verdict(verdict)).ok_or(())?;
        Ok(self.edges.judged(judged))
    }

    pub(crate) fn speech(&self) -> Option<Speech> {
        self.edges.speech()
    }

    /// When the sample at a position came, as near as can be told.
    pub(crate) fn came_at(&self, sample: u64) -> Mono {
        at_sample(self.last_at, self.total, sample)
    }
}

/// When `sample` came, given that sample `total` came `at`.
fn at_sample(at: Mono, total: u64, sample: u64) -> Mono {
    at - std::time::Duration::from_micros(total.saturating_sub(sample) * 125)
}
