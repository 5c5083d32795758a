//! Where speech begins and ends.
//!
//! The gate suspects, the judge confirms, silence ends. Without a judge, or when it does not answer,
//! the gate decides alone and needs more sound for it.

use super::VadConfig;
use crate::{Mono, circuit::JUDGE_SAMPLES};

use super::{gate::HOP, judge::Judged};

/// Longest search backwards for the first sample of speech, in samples.
pub(super) const BACKDATE: u64 = 640;
/// The gate may open and shut this much within an onset.
const ONSET_SLACK_HOPS: u32 = 2;
/// The judge may call speech alive for this long after the gate shut, in samples.
const GATE_TRAIL: u64 = 800;
/// Speech began no longer than this before the end of the first chunk that confirms it, in samples.
const ONSET_BEFORE_WORD: u64 = 2400;
/// Verdicts that deny speech, in a row, before the sound counts as something else. Words that begin
/// with a hiss ("sorry") are denied for up to 150 ms.
const DENIALS: u32 = 6;
/// From here on the judge has no doubt.
const SURE: f32 = 0.85;
/// Below this the judge denies speech.
const DENY_BELOW: f32 = 0.3;

/// Where a stretch of speech began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Onset {
    pub(crate) at: Mono,
    pub(crate) sample: u64,
}

/// Speech that is suspected or going on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Speech {
    pub(crate) onset: Onset,
    /// Sound that passed the gate, in ms.
    pub(crate) gated_ms: u32,
    /// Sound the judge called speech, in ms; what it was sure of counts twice.
    pub(crate) judged_ms: u32,
    /// Since the gate was last open, in ms.
    pub(crate) quiet_ms: u32,
    /// Beyond suspicion.
    pub(crate) confirmed: bool,
    /// The gate decided alone.
    pub(crate) alone: bool,
    /// The judge says it is something else.
    pub(crate) denied: bool,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Edge {
    Started { at: Mono, from_sample: u64 },
    Ended { to_sample: u64 },
}

pub(super) struct Edges {
    onset_hops: u32,
    hangover: u64,
    threshold: f32,
    release: f32,
    gate_alone_ms: u32,
    total: u64,
    /// Whether each of the last hops was open, newest lowest.
    opened: u32,
    gate_until: u64,
    /// End of the last chunk the judge called speech, and of the last it spoke of.
    judged_until: u64,
    judged_to: u64,
    denials: u32,
    speech: Option<Speech>,
}

impl Edges {
    pub(super) fn new(config: &VadConfig) -> Self {
        Self {
            onset_hops: u32::from(config.onset_ms).div_ceil(10).clamp(1, 20),
            hangover: u64::from(config.hangover_ms) * 8,
            threshold: config.judge_threshold,
            release: config.judge_release,
            gate_alone_ms: u32::from(config.gate_alone_ms),
            total: 0,
            opened: 0,
            gate_until: 0,
            judged_until: 0,
            judged_to: 0,
            denials: 0,
            speech: None,
        }
    }

    pub(super) fn speech(&self) -> Option<Speech> {
        self.speech
    }

    /// One hop was heard. `onset` tells where its speech began, should it be the first of some.
    /// `alone`: there is no judge, or it is silent.
    pub(super) fn hop(
        &mut self,
        open: bool,
        alone: bool,
        onset: impl FnOnce() -> Onset,
    ) -> Option<Edge> {
        self.total += HOP as u64;
        self.opened = self.opened << 1 | u32::from(open);
        if open {
            self.gate_until = self.total;
        }
        let Some(speech) = &mut self.speech else {
            let window = (1u32 << (self.onset_hops + ONSET_SLACK_HOPS)) - 1;
            if open && (self.opened & window).count_ones() >= self.onset_hops {
                self.denials = 0;
                (self.judged_until, self.judged_to) = (0, 0);
                self.speech = Some(Speech {
                    onset: onset(),
                    gated_ms: self.onset_hops * 10,
                    judged_ms: 0,
                    quiet_ms: 0,
                    confirmed: false,
                    alone: false,
                    denied: false,
                });
            }
            return None;
        };
        speech.gated_ms += 10 * u32::from(open);
        speech.quiet_ms = ((self.total - self.gate_until) / 8) as u32;
        if !speech.confirmed && alone && speech.gated_ms >= self.gate_alone_ms {
            speech.confirmed = true;
            speech.alone = true;
            return Some(Edge::Started { at: speech.onset.at, from_sample: speech.onset.sample });
        }
        let last = self.over(alone)?;
        let confirmed = self.speech.take().is_some_and(|speech| speech.confirmed);
        self.opened = 0;
        confirmed.then_some(Edge::Ended { to_sample: last })
    }

    /// Where speech ended, if it has.
    fn over(&self, alone: bool) -> Option<u64> {
        let speech = self.speech.as_ref()?;
        let quiet = self.total - self.gate_until;
        if !speech.confirmed || alone || self.judged_until == 0 {
            return (quiet >= self.hangover).then_some(self.gate_until);
        }
        // The judge's last word keeps a soft ending alive for a while.
        let trail = if self.judged_until == self.judged_to { GATE_TRAIL } else { 0 };
        let silent = self.judged_to - self.judged_until >= self.hangover;
        (silent || quiet >= self.hangover + trail)
            .then_some(self.judged_until.min(self.gate_until + GATE_TRAIL).max(speech.onset.sample))
    }

    /// The judge spoke.
    pub(super) fn judged(&mut self, judged: Judged) -> Option<Edge> {
        let Judged { to_sample, probability } = judged;
        let speech = self.speech.as_mut()?;
        if to_sample <= speech.onset.sample {
            return None;
        }
        self.judged_to = self.judged_to.max(to_sample);
        if probability >= self.release {
            self.judged_until = self.judged_until.max(to_sample);
        }
        if probability >= DENY_BELOW {
            self.denials = 0;
            speech.denied = false;
        } else {
            self.denials += 1;
            speech.denied |= self.denials >= DENIALS && !speech.confirmed;
        }
        if probability < self.threshold {
            return None;
        }
        // A chunk that leaves no doubt counts twice: speech does that soon, a cough hardly ever.
        let weight = if probability >= SURE { 2 } else { 1 };
        speech.judged_ms += weight * (JUDGE_SAMPLES / 8) as u32;
        if speech.confirmed {
            return None;
        }
        speech.confirmed = true;
        // Noise may have opened the gate long before anybody spoke.
        let began = to_sample.saturating_sub(ONSET_BEFORE_WORD);
        if speech.onset.sample < began {
            let later = std::time::Duration::from_micros((began - speech.onset.sample) * 125);
            speech.onset = Onset { at: speech.onset.at + later, sample: began };
        }
        Some(Edge::Started { at: speech.onset.at, from_sample: speech.onset.sample })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn onset() -> Onset {
        Onset { at: Mono::from_millis(5), sample: 40 }
    }

    fn run(edges: &mut Edges, pattern: &str, alone: bool) -> Vec<Edge> {
        pattern.bytes().filter_map(|b| edges.hop(b == b'#', alone, onset)).collect()
    }

    #[test]
    fn suspicion_needs_its_hops_close_together() {
        for (pattern, suspected) in
            [("#", false), ("##", true), ("#..#", true), ("#...#", false), ("#....#....#", false)]
        {
            let mut edges = Edges::new(&VadConfig::default());
            assert_eq!(run(&mut edges, pattern, false), []);
            assert_eq!(edges.speech().is_some(), suspected, "{pattern}");
        }
    }

    #[test]
    fn the_judge_confirms_and_silence_ends() {
        let mut edges = Edges::new(&VadConfig::default());
        run(&mut edges, "####", false);
        let judged = |to_sample, probability| Judged { to_sample, probability };
        assert_eq!(edges.judged(judged(30, 0.9)), None, "before the onset");
        assert_eq!(edges.judged(judged(320, 0.4)), None);
        let started = Edge::Started { at: onset().at, from_sample: onset().sample };
        assert_eq!(edges.judged(judged(320, 0.8)), Some(started));
        assert_eq!(edges.judged(judged(576, 0.8)), None);
        assert_eq!(edges.judged(judged(832, 0.1)), None);
        let ended = run(&mut edges, &format!("####{}", ".".repeat(24)), false);
        assert_eq!(ended, [Edge::Ended { to_sample: 576 }]);
        assert_eq!(edges.speech(), None);
    }

    #[test]
    fn what_the_judge_denies_is_no_speech_and_leaves_no_edge() {
        let mut edges = Edges::new(&VadConfig::default());
        run(&mut edges, "####", false);
        for n in 1..=u64::from(DENIALS) {
            assert_eq!(edges.judged(Judged { to_sample: 320 + n * 256, probability: 0.1 }), None);
        }
        assert!(edges.speech().is_some_and(|speech| speech.denied && !speech.confirmed));
        assert_eq!(run(&mut edges, &".".repeat(40), false), []);
        assert_eq!(edges.speech(), None);
    }

    #[test]
    fn alone_the_gate_needs_longer() {
        let mut edges = Edges::new(&VadConfig::default());
        assert_eq!(run(&mut edges, &"#".repeat(38), true), []);
        assert!(matches!(run(&mut edges, "##", true)[..], [Edge::Started { .. }]));
        let to_sample = 40 * 80;
        assert_eq!(run(&mut edges, &".".repeat(30), true), [Edge::Ended { to_sample }]);
    }

    #[test]
    fn a_judge_that_stops_answering_hands_over_to_the_gate() {
        let mut edges = Edges::new(&VadConfig::default());
        run(&mut edges, "####", false);
        assert!(edges.judged(Judged { to_sample: 320, probability: 0.9 }).is_some());
        // The gate stays open, no verdict comes; the circuit says `alone` after its wait.
        assert_eq!(run(&mut edges, &"#".repeat(20), false), []);
        assert_eq!(run(&mut edges, &"#".repeat(80), true), [], "still speech");
        assert_eq!(run(&mut edges, &".".repeat(24), true).len(), 1);
    }
}
