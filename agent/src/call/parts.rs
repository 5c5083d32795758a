//! What every state of a call shares: its memory, its small machines, and the queue of outputs.

use std::collections::VecDeque;
use std::time::Duration;

use dtmf::Digit;
use media::{Mono, circuit};
use telephony::{Capabilities, Direction};

use super::{
    config::CallConfig,
    mouth::Mouth,
    quiet::Quiet,
    thinking::Thinking,
    user::User,
    walking::Walking,
    watching::Watching,
    words::{Line, Output, Record, Waterfall},
};
use crate::{
    dialogue::{Dialogue, Shown},
    llm::Role,
    transcript::{Transcript, line},
    turn::Turn,
};

/// Outputs waiting to be drained. When it is full, only what decides nothing is dropped: partial
/// texts and ignored inputs.
const OUTPUTS_MAX: usize = 1_024;
/// Most keys of the callee kept; later ones are dropped.
const DIGITS_MAX: usize = 256;

/// The shared parts.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) config: CallConfig,
    out: VecDeque<Output>,
    pub(super) dialogue: Dialogue,
    pub(super) transcript: Transcript,
    pub(super) mouth: Mouth,
    pub(super) turn: Turn,
    pub(super) thinking: Thinking,
    pub(super) quiet: Quiet,
    pub(super) watching: Watching,
    pub(super) walking: Walking,
    /// Of the leg, once its stream stands.
    pub(super) capabilities: Option<Capabilities>,
    pub(super) answered_at: Option<Mono>,
    pub(super) digits: Vec<Digit>,
    /// The user's own leg.
    pub(super) user: Option<User>,
    /// We owe the callee an answer.
    pub(super) owed: bool,
    /// What must be said before anything else and has not been.
    pub(super) undisclosed: Option<String>,
    /// The utterance that says it.
    pub(super) disclosing: Option<circuit::UtteranceId>,
    /// What was cut off and may have to be said again.
    pub(super) rest: Vec<String>,
    /// Answers to tool results in this turn.
    pub(super) rounds: u32,
    /// The voice failed this often without a word heard in between.
    pub(super) voice_failures: u32,
    /// The recogniser is gone for good.
    pub(super) is_deaf: bool,
    /// Latencies of the turn under way.
    waterfall: Option<Waterfall>,
    turns: u32,
}

impl Parts {
    pub(super) fn new(config: CallConfig) -> Self {
        Self {
            out: VecDeque::new(),
            dialogue: Dialogue::new(&config.brief),
            transcript: Transcript::default(),
            mouth: Mouth::default(),
            turn: Turn::new(&config.policy),
            thinking: Thinking::default(),
            quiet: Quiet::default(),
            watching: Watching::default(),
            walking: Walking::default(),
            capabilities: None,
            answered_at: None,
            digits: Vec::new(),
            user: None,
            owed: false,
            undisclosed: config.brief.disclosure.clone(),
            disclosing: None,
            rest: Vec::new(),
            rounds: 0,
            voice_failures: 0,
            is_deaf: false,
            waterfall: None,
            turns: 0,
            config,
        }
    }

    pub(super) fn is_inbound(&self) -> bool {
        self.config.direction == Direction::Inbound
    }

    /// What the user wants said first.
    pub(super) fn greeting(&self) -> Option<String> {
        let brief = &self.config.brief;
        let is_context = brief.disclosure.is_some() && !self.is_inbound();
        if is_context { None } else { brief.greeting.clone() }
    }

    /// Queues an output.
    pub(super) fn put(&mut self, output: Output) {
        let idle =
            matches!(output, Output::Ignored { .. } | Output::Record(Record::Hearing { .. }));
        if !idle || self.out.len() < OUTPUTS_MAX {
            self.out.push_back(output);
        }
    }

    pub(super) fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    pub(super) fn record(&mut self, record: Record) {
        self.put(Output::Record(record));
    }

    /// Something people should know.
    pub(super) fn notice(&mut self, code: &str, detail: impl Into<String>) {
        self.record(Record::Notice { code: code.to_owned(), detail: detail.into() });
    }

    pub(super) fn sound(&mut self, command: circuit::Command) {
        self.put(Output::Sound(command));
    }

    /// A line of the callee or of a tool goes on the transcript.
    pub(super) fn write(&mut self, line: Line) {
        if let Some((_, record)) = self.transcript.add(line) {
            self.record(record);
        }
    }

    /// This much of an utterance was heard: dialogue and transcript follow.
    pub(super) fn heard(&mut self, now: Mono, id: circuit::UtteranceId, bytes: usize, cut: bool) {
        let Some(Shown { line: at, text, interrupted }) = self.dialogue.heard(id, bytes, cut)
        else {
            return;
        };
        let record = match at {
            Some(index) => self.transcript.correct(index, &text, interrupted),
            None if text.is_empty() => None,
            None => {
                let line = Line { interrupted, ..line(Role::Assistant, &text, now) };
                self.transcript.add(line).map(|(index, record)| {
                    self.dialogue.set_line(id, index);
                    record
                })
            }
        };
        if let Some(record) = record {
            self.record(record);
        }
    }

    pub(super) fn key(&mut self, digit: Digit) {
        if self.digits.len() < DIGITS_MAX {
            self.digits.push(digit);
        }
    }

    /// A turn of the callee is over: its waterfall begins.
    pub(super) fn begin_waterfall(&mut self, waterfall: Waterfall) {
        self.end_waterfall();
        self.turns += 1;
        self.waterfall = Some(Waterfall { turn: self.turns, ..waterfall });
    }

    /// A stage of the turn was reached; the first time counts.
    pub(super) fn stage(&mut self, stage: fn(&mut Waterfall) -> &mut Option<Mono>, at: Mono) {
        if let Some(waterfall) = &mut self.waterfall {
            stage(waterfall).get_or_insert(at);
        }
    }

    /// The turn's waterfall goes on the record.
    pub(super) fn end_waterfall(&mut self) {
        if let Some(waterfall) = self.waterfall.take() {
            self.record(Record::Turn(waterfall));
        }
    }

    /// When the call has had its time, farewell included.
    pub(super) fn duration_end(&self) -> Option<Mono> {
        let whole = Duration::from_millis(u64::from(self.config.policy.duration_ms_max));
        self.answered_at.map(|answered| answered + whole)
    }

    /// When the farewell must begin for the call to end in time.
    pub(super) fn farewell_start(&self) -> Option<Mono> {
        let policy = &self.config.policy;
        let farewell_ms = policy.farewell_ms_max.min(policy.duration_ms_max / 4);
        let before_ms = policy.duration_ms_max - farewell_ms;
        self.answered_at.map(|at| at + Duration::from_millis(u64::from(before_ms)))
    }
}
