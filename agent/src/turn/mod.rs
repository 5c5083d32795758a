//! Who has the floor: the callee's speech from its first sample to the endpoint.
//!
//! ```text
//!   quiet ──SpeechStarted──▶ speaking ──SpeechEnded──▶ pausing ──endpoint──▶ Taken, quiet
//!                               ▲                        │
//!                               └─────SpeechStarted──────┘   (a false end: the same segment goes on)
//! ```
//!
//! At every pause the recogniser is asked for its text at once; when that text looks complete the
//! model may begin to think on approval ([`Step::Suppose`]) before the endpoint is certain.

mod endpoint;

use std::time::Duration;

use media::Mono;

pub use endpoint::{Completeness, completeness, evidence, is_parting};

use crate::{
    call::{Listen, Policy},
    stt::SegmentId,
};

/// What follows from an input.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// For the recogniser.
    Listen(Listen),
    /// The callee may be done, having said this: think on approval.
    Suppose(String),
    /// They were not done.
    Withdraw,
    /// Their turn is over.
    Taken(Taken),
}

/// A turn that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// What was said; empty when the recogniser found no words.
    pub text: String,
    /// When it began.
    pub began: Mono,
    /// The last speech sample.
    pub heard: Mono,
    /// When the final text came; absent when it did not come in time.
    pub stt_final: Option<Mono>,
}

/// One stretch of the callee's speech.
#[derive(Clone, Debug)]
struct Segment {
    id: SegmentId,
    began: Mono,
    /// Position of its first sample.
    from_sample: u64,
    speaking: bool,
    ended: Mono,
    /// Best text so far.
    text: String,
    /// When an answer to the latest `Finalise` came.
    answered: Option<Mono>,
    /// `Finalise` asked, and answers received.
    asked: u32,
    answers: u32,
    supposed: bool,
}

/// The turn machine of one call.
#[derive(Clone, Debug)]
pub struct Turn {
    policy: Policy,
    next: u32,
    segment: Option<Segment>,
}

/// An answer that may belong to an earlier pause is taken after this long without a newer one, in ms.
const STALE_FINAL_MS: u32 = 400;

impl Turn {
    /// Nobody has spoken.
    pub fn new(policy: &Policy) -> Self {
        Self { policy: *policy, next: 1, segment: None }
    }

    /// Whether the callee is speaking at this moment.
    pub fn is_speaking(&self) -> bool {
        self.segment.as_ref().is_some_and(|segment| segment.speaking)
    }

    /// Whether a turn of the callee is open, speaking or pausing.
    pub fn is_open(&self) -> bool {
        self.segment.is_some()
    }

    /// When the turn that is open began.
    pub fn began(&self) -> Option<Mono> {
        self.segment.as_ref().map(|segment| segment.began)
    }

    /// The callee's first sample. `None` when they were speaking already.
    pub fn speech_started(&mut self, at: Mono, from_sample: u64) -> Option<Vec<Step>> {
        if let Some(segment) = &mut self.segment {
            if segment.speaking {
                return None;
            }
            segment.speaking = true;
            segment.answered = None;
            let withdrawn = std::mem::take(&mut segment.supposed);
            return Some(if withdrawn { vec![Step::Withdraw] } else { Vec::new() });
        }
        let id = SegmentId(self.next);
        self.next += 1;
        self.segment = Some(Segment {
            id,
            began: at,
            from_sample,
            speaking: true,
            ended: at,
            text: String::new(),
            answered: None,
            asked: 0,
            answers: 0,
            supposed: false,
        });
        Some(vec![Step::Listen(Listen::Open { segment: id, from_sample })])
    }

    /// The callee pauses. `None` when they were not speaking.
    pub fn speech_ended(&mut self, at: Mono, to_sample: u64) -> Option<Vec<Step>> {
        let segment = self.segment.as_mut().filter(|segment| segment.speaking)?;
        segment.speaking = false;
        segment.ended = at;
        segment.answered = None;
        segment.asked += 1;
        Some(vec![Step::Listen(Listen::Finalise { segment: segment.id, to_sample })])
    }

    /// The recogniser's text so far. `false` when it belongs to no open segment.
    pub fn partial(&mut self, id: SegmentId, text: &str) -> bool {
        let Some(segment) = self.segment.as_mut().filter(|segment| segment.id == id) else {
            return false;
        };
        if segment.answered.is_none() {
            text.clone_into(&mut segment.text);
        }
        true
    }

    /// The recogniser's answer to `Finalise`. `None` when it belongs to no open segment.
    pub fn finalised(&mut self, now: Mono, id: SegmentId, text: &str) -> Option<Vec<Step>> {
        let segment = self.segment.as_mut().filter(|segment| segment.id == id)?;
        segment.answers = segment.answers.saturating_add(1);
        text.clone_into(&mut segment.text);
        if segment.speaking {
            return Some(Vec::new());
        }
        segment.answered = Some(now);
        let mut steps = self.tick(now);
        if let (true, Some(segment)) = (steps.is_empty(), &mut self.segment) {
            let complete = completeness(&segment.text) == Completeness::Complete;
            if complete && segment.is_sure() && !segment.supposed {
                segment.supposed = true;
                steps.push(Step::Suppose(segment.text.clone()));
            }
        }
        Some(steps)
    }

    /// When [`Turn::tick`] has something to do.
    pub fn deadline(&self) -> Option<Mono> {
        let segment = self.segment.as_ref().filter(|segment| !segment.speaking)?;
        let endpoint = segment.ended + ms(self.wait_ms(&segment.text));
        Some(match segment.answered {
            Some(_) if segment.is_sure() => endpoint,
            Some(answered) => endpoint.max(answered + ms(STALE_FINAL_MS)),
            None => endpoint + ms(self.policy.final_wait_ms_max),
        })
    }

    /// The deadline may have come.
    pub fn tick(&mut self, now: Mono) -> Vec<Step> {
        if self.deadline().is_none_or(|at| at > now) {
            return Vec::new();
        }
        let Some(segment) = self.segment.take() else { return Vec::new() };
        let taken = Taken {
            text: segment.text.trim().to_owned(),
            began: segment.began,
            heard: segment.ended,
            stt_final: segment.answered,
        };
        vec![Step::Listen(Listen::Close(segment.id)), Step::Taken(taken)]
    }

    /// The sound is gone: whatever was open is over, with the text it has.
    pub fn abandon(&mut self, now: Mono) -> Vec<Step> {
        let Some(segment) = &mut self.segment else { return Vec::new() };
        if segment.speaking {
            segment.speaking = false;
            segment.ended = now;
        }
        let Some(segment) = self.segment.take() else { return Vec::new() };
        let taken = Taken {
            text: segment.text.trim().to_owned(),
            began: segment.began,
            heard: segment.ended,
            stt_final: segment.answered,
        };
        vec![Step::Listen(Listen::Close(segment.id)), Step::Taken(taken)]
    }

    /// What is said from now on is a turn of its own; nothing happens while nobody speaks.
    pub fn split(&mut self, now: Mono) -> Vec<Step> {
        let Some(segment) = self.segment.as_ref().filter(|segment| segment.speaking) else {
            return Vec::new();
        };
        let here = segment.from_sample + now.since(segment.began).as_micros() as u64 / 125;
        let mut steps = self.abandon(now);
        steps.extend(self.speech_started(now, here).unwrap_or_default());
        steps
    }

    fn wait_ms(&self, text: &str) -> u32 {
        match completeness(text) {
            Completeness::Complete => self.policy.endpoint_short_ms,
            Completeness::Unknown => self.policy.endpoint_ms,
            Completeness::Trailing => self.policy.endpoint_long_ms,
        }
    }
}

impl Segment {
    /// Whether the text answers the latest `Finalise`.
    fn is_sure(&self) -> bool {
        self.answers >= self.asked
    }
}

fn ms(ms: u32) -> Duration {
    Duration::from_millis(u64::from(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: SegmentId = SegmentId(1);

    fn at(ms: u64) -> Mono {
        Mono::from_millis(ms)
    }

    fn turn_paused_at(ms: u64) -> Turn {
        let mut turn = Turn::new(&Policy::default());
        turn.speech_started(at(0), 0).expect("quiet before");
        turn.speech_ended(at(ms), ms * 8).expect("speaking before");
        turn
    }

    #[test]
    fn the_wait_depends_on_the_words() {
        for (text, wait) in
            [("For how many?", 350), ("seven thirty", 700), ("On Friday and", 1_100)]
        {
            let mut turn = turn_paused_at(1_000);
            turn.finalised(at(1_250), ONE, text).expect("known");
            assert_eq!(turn.deadline(), Some(at(1_000 + wait)), "{text}");
            assert_eq!(turn.tick(at(999 + wait)), []);
            let steps = turn.tick(at(1_000 + wait));
            assert!(matches!(&steps[..], [Step::Listen(Listen::Close(ONE)), Step::Taken(taken)]
                if taken.text == text && taken.heard == at(1_000)));
            assert!(!turn.is_open());
        }
    }

    #[test]
    fn a_late_final_ends_the_turn_at_once() {
        let mut turn = turn_paused_at(1_000);
        let steps = turn.finalised(at(1_400), ONE, "Hello?").expect("known");
        assert!(matches!(&steps[1], Step::Taken(taken) if taken.stt_final == Some(at(1_400))));
    }

    #[test]
    fn thinking_starts_on_approval_and_a_false_end_withdraws_it() {
        let mut turn = turn_paused_at(1_000);
        let steps = turn.finalised(at(1_250), ONE, "For how many?").expect("known");
        assert_eq!(steps, [Step::Suppose("For how many?".into())]);
        assert_eq!(turn.speech_started(at(1_300), 10_400), Some(vec![Step::Withdraw]));
        assert_eq!(turn.deadline(), None);
        let steps = turn.speech_ended(at(2_000), 16_000).expect("speaking");
        assert_eq!(steps, [Step::Listen(Listen::Finalise { segment: ONE, to_sample: 16_000 })]);
        let steps = turn.finalised(at(2_200), ONE, "For how many people, and").expect("known");
        assert_eq!(steps, []);
        assert_eq!(turn.deadline(), Some(at(3_100)));
    }

    #[test]
    fn no_final_in_time_takes_the_partial() {
        let mut turn = turn_paused_at(1_000);
        assert!(turn.partial(ONE, "Hello?"));
        assert_eq!(turn.deadline(), Some(at(1_000 + 350 + 1_500)));
        let steps = turn.tick(at(2_850));
        assert!(
            matches!(&steps[1], Step::Taken(taken) if taken.text == "Hello?" && taken.stt_final.is_none())
        );
    }

    #[test]
    fn an_answer_to_an_earlier_pause_waits_for_the_newer_one() {
        let mut turn = turn_paused_at(1_000);
        turn.speech_started(at(1_200), 9_600).expect("pausing");
        turn.speech_ended(at(2_000), 16_000).expect("speaking");
        assert_eq!(turn.finalised(at(2_350), ONE, "Hello."), Some(vec![]));
        assert_eq!(turn.deadline(), Some(at(2_750)));
        let steps = turn.finalised(at(2_500), ONE, "Hello. Luigi's?").expect("known");
        assert!(matches!(&steps[1], Step::Taken(taken) if taken.text == "Hello. Luigi's?"));
    }

    #[test]
    fn a_turn_is_split_where_we_press_a_key() {
        let mut turn = turn_paused_at(1_000);
        assert_eq!(turn.split(at(1_100)), []);
        turn.speech_started(at(1_200), 9_600).expect("pausing");
        let steps = turn.split(at(2_000));
        let next = Listen::Open { segment: SegmentId(2), from_sample: 16_000 };
        assert!(
            matches!(&steps[..], [Step::Listen(Listen::Close(ONE)), Step::Taken(_), Step::Listen(open)]
            if *open == next)
        );
        assert!(turn.is_speaking() && turn.began() == Some(at(2_000)));
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let mut turn = Turn::new(&Policy::default());
        assert_eq!(turn.speech_ended(at(1), 8), None);
        assert!(!turn.partial(ONE, "x"));
        assert_eq!(turn.finalised(at(1), ONE, "x"), None);
        turn.speech_started(at(2), 16).expect("quiet");
        assert_eq!(turn.speech_started(at(3), 24), None);
        assert!(matches!(&turn.abandon(at(4))[1], Step::Taken(taken) if taken.heard == at(4)));
        assert_eq!(turn.abandon(at(5)), []);
    }
}
