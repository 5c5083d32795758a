//! What the callee really heard, and when: the account that everybody else's is held against.

use media::Mono;
use serde::Serialize;

use super::{Clear, Counts, Line, Run};

/// One interruption by the callee, and when the agent fell silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BargeIn {
    /// The callee's first speech sample.
    pub from_sample: u64,
    /// The agent's sound stopped here (buffer paused dry, or cleared).
    pub stopped_sample: u64,
    /// From one to the other, in ms.
    pub reaction_ms: u32,
}

/// A hole in the agent's sound that no clear explains: the buffer ran dry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Where it begins.
    pub from_sample: u64,
    /// How long it is, in samples.
    pub samples: u64,
}

impl Line {
    /// What the callee heard, sample by sample since the stream's start; 8 kHz mono. Empty unless
    /// [`LineConfig::keep_sound`](super::LineConfig).
    pub fn heard(&self) -> &[i16] {
        &self.playout.heard
    }

    /// What the callee said, on the same axis.
    pub fn said(&self) -> &[i16] {
        &self.said
    }

    /// Stretches of the agent's sound that played without a break.
    pub fn runs(&self) -> &[Run] {
        &self.playout.runs
    }

    /// The agent's clears.
    pub fn clears(&self) -> &[Clear] {
        &self.playout.clears
    }

    /// Where every sample of the agent went.
    pub fn counts(&self) -> Counts {
        self.playout.counts
    }

    /// What the carrier had to complain about: messages of the agent that break the wire's rules.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// Holes of at most `ms_max` in the agent's sound: underruns of the carrier's small buffer.
    /// Longer ones are pauses between utterances.
    pub fn underruns(&self, ms_max: u32) -> Vec<Gap> {
        let runs = self.playout.runs.windows(2);
        runs.filter(|pair| !pair[0].cleared)
            .map(|pair| Gap {
                from_sample: pair[0].to_sample,
                samples: pair[1].from_sample - pair[0].to_sample,
            })
            .filter(|gap| gap.samples <= u64::from(ms_max) * 8)
            .collect()
    }

    /// The callee's real interruptions of a speaking agent, and how fast it fell silent. One that
    /// the agent still talks through is not in it.
    pub fn barge_ins(&self) -> Vec<BargeIn> {
        let position = self.playout.heard_until();
        let interruptions = &self.errand().interruptions;
        interruptions
            .iter()
            .filter_map(|interruption| {
                let from_sample = interruption.from_sample;
                let run =
                    self.playout.runs.iter().find(|run| {
                        run.from_sample <= from_sample && from_sample < run.to_sample
                    })?;
                let stopped_sample = run.to_sample;
                let reaction_ms = ((stopped_sample - from_sample) / 8) as u32;
                (stopped_sample < position || run.cleared).then_some(BargeIn {
                    from_sample,
                    stopped_sample,
                    reaction_ms,
                })
            })
            .collect()
    }

    /// Start of the stream: when position 0 played.
    pub fn started_at(&self) -> Mono {
        self.started_at
    }

    /// When a position plays, on our clock.
    pub fn time_of(&self, sample: u64) -> Mono {
        let rate = 1_000_000_i128 + i128::from(self.config.skew_ppm);
        let micros = (i128::from(sample) * 125 * 1_000_000 + rate - 1) / rate.max(1);
        Mono::from_micros(self.started_at.as_micros() + micros as u64)
    }

    /// The position that plays at a time.
    pub fn position_at(&self, now: Mono) -> u64 {
        let rate = 1_000_000_i128 + i128::from(self.config.skew_ppm);
        let micros = now.since(self.started_at).as_micros() as i128;
        (micros * rate / 125_000_000) as u64
    }
}
