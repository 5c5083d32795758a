//! Deepgram streaming recognition, `/v1/listen` over WebSocket.
//!
//! Source: Deepgram's API reference, "Live audio". Left out: several channels, diarisation, VAD
//! events, translation. Sound goes out as it comes; words come back with their times and are cut to
//! our segments by position. A `Finalise` is answered by the first of: words already settled up to
//! there, a result settled up to there, the answer to our `Finalize`, `UtteranceEnd` (the back-up,
//! since `speech_final` cannot be relied on with noise), the end of our patience.
//!
//! Room: `message` (the wire), `hearing` (words to segments), `link` (connection, backoff, sound
//! that waits), `fault` (classes of error).

mod fault;
mod hearing;
mod link;
mod message;
#[cfg(test)]
mod tests;

use std::{collections::VecDeque, time::Duration};

use media::Mono;

use self::{
    hearing::Hearing,
    link::Link,
    message::{Message, Results},
};
use super::{Capabilities, Dialect, Event, Input, Output, SegmentId};
use crate::{
    fault::{Fault, FaultClass},
    wire::{Incoming, Outgoing},
};

/// Questions waiting for an answer; when another comes, the oldest gets what there is.
const QUESTIONS_MAX: usize = 8;
/// Broken messages that are told of per connection; more are only dropped.
const GARBAGE_TOLD_MAX: u32 = 3;
/// Questions in a row without any sign of life after which a new connection is made.
const STALLS_MAX: u32 = 2;
/// What may be missing at the end of a result that still answers: 50 ms.
const SLACK: u64 = 400;

/// How sound is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// µ-law, 8 kHz: half the bytes.
    Mulaw,
    /// 16-bit little-endian, 8 kHz.
    Linear16,
}

/// Where and how to listen. Models change over the years: they are configuration.
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// `wss://api.deepgram.com/v1/listen`, without query.
    pub url: String,
    /// The key. A secret.
    pub key: String,
    /// Name of the model.
    pub model: String,
    /// BCP 47 tag.
    pub language: String,
    /// How sound is sent.
    pub encoding: Encoding,
    /// Silence after which Deepgram settles by itself, in ms.
    pub endpointing_ms: u32,
    /// Silence after which it sends `UtteranceEnd`, in ms; 1000 at least.
    pub utterance_end_ms: u32,
    /// Numbers, dates and the like in figures.
    pub smart_format: bool,
    /// Words to expect.
    pub keyterms: Vec<String>,
    /// Longest silence of ours on the wire, in ms; Deepgram hangs up after some 10 s.
    pub keepalive_ms: u32,
    /// Longest wait for the answer to `Finalise`, in ms.
    pub finalise_ms_max: u32,
    /// Connections in a row that may fail before the ear is given up.
    pub retries_max: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: "wss://api.deepgram.com/v1/listen".to_owned(),
            key: String::new(),
            model: "nova-3".to_owned(),
            language: "en-US".to_owned(),
            encoding: Encoding::Mulaw,
            endpointing_ms: 300,
            utterance_end_ms: 1000,
            smart_format: false,
            keyterms: Vec::new(),
            keepalive_ms: 4000,
            finalise_ms_max: 1500,
            retries_max: 6,
        }
    }
}

/// Deepgram's ear for one call.
pub struct Deepgram {
    config: Config,
    link: Link,
    hearing: Hearing,
    questions: VecDeque<Question>,
    /// `Finalize` messages sent and answered on this connection.
    asked: u32,
    answered: u32,
    /// Questions in a row that ran out of patience without a sign of life.
    stalls: u32,
    garbage: u32,
    out: VecDeque<Output>,
}

struct Question {
    segment: SegmentId,
    to_sample: u64,
    patience: Mono,
    /// Which `Finalize` of this connection asks for it; `None` while not sent.
    number: Option<u32>,
}

impl Deepgram {
    /// An ear that connects when the first input comes.
    pub fn new(config: Config) -> Self {
        Self {
            link: Link::default(),
            config,
            hearing: Hearing::default(),
            questions: VecDeque::new(),
            asked: 0,
            answered: 0,
            stalls: 0,
            garbage: 0,
            out: VecDeque::new(),
        }
    }

    fn send(&mut self, message: Outgoing) {
        self.out.push_back(Output::Wire(message));
    }

    fn tell(&mut self, event: Event) {
        self.out.push_back(Output::Event(event));
    }

    /// Brings waiting sound and waiting questions onto the wire.
    fn flush(&mut self, now: Mono) {
        if !self.link.is_open() {
            return;
        }
        while let Some(bytes) = self.link.take_sound(self.config.encoding) {
            self.link.sent(now);
            self.send(Outgoing::Binary(bytes));
        }
        let mut asked = self.asked;
        for question in self.questions.iter_mut().filter(|question| question.number.is_none()) {
            asked += 1;
            question.number = Some(asked);
        }
        for _ in self.asked..asked {
            self.link.sent(now);
            self.send(Outgoing::Text(message::FINALIZE.to_owned()));
        }
        self.asked = asked;
    }

    fn finalise(&mut self, now: Mono, segment: SegmentId, to_sample: u64) {
        if self.link.is_given_up() || self.hearing.settled_to + SLACK >= to_sample {
            let text = self.hearing.answer(segment, to_sample);
            self.tell(Event::Final { segment, text });
            return;
        }
        if self.questions.len() == QUESTIONS_MAX {
            self.answer(|_| true, 1);
        }
        let patience = now + Duration::from_millis(u64::from(self.config.finalise_ms_max));
        self.questions.push_back(Question { segment, to_sample, patience, number: None });
        self.flush(now);
    }

    /// Answers the first questions, as long as `wanted`, `most` at most.
    fn answer(&mut self, wanted: impl Fn(&Question) -> bool, most: usize) {
        for _ in 0..most {
            let Some(question) = self.questions.pop_front_if(|question| wanted(question)) else {
                return;
            };
            let Question { segment, to_sample, .. } = question;
            let text = self.hearing.answer(segment, to_sample);
            self.tell(Event::Final { segment, text });
        }
    }

    fn text(&mut self, text: &str) {
        self.stalls = 0;
        match serde_json::from_str(text) {
            Ok(Message::Results(results)) => self.results(results),
            Ok(Message::UtteranceEnd {}) => {
                self.link.works();
                self.answer(|_| true, QUESTIONS_MAX);
            }
            Ok(Message::Error { description }) => {
                let detail: String = description.chars().take(120).collect();
                let fault = fault::of(FaultClass::Transient, detail);
                self.tell(Event::Failed { fault, retrying: true });
            }
            Ok(Message::Other) => {}
            Err(_) => self.broken(),
        }
    }

    fn results(&mut self, results: Results) {
        self.link.works();
        let (is_final, from_finalize) = (results.is_final, results.from_finalize);
        let to = self.hearing.result(self.link.base(), results);
        if let Some((segment, text)) = self.hearing.news() {
            self.tell(Event::Partial { segment, text });
        }
        if from_finalize {
            self.answered += 1;
        }
        let answered = self.answered;
        self.answer(
            |question| {
                (is_final && to + SLACK >= question.to_sample)
                    || question.number.is_some_and(|number| number <= answered)
            },
            QUESTIONS_MAX,
        );
    }

    fn broken(&mut self) {
        self.garbage += 1;
        if self.garbage <= GARBAGE_TOLD_MAX {
            let fault = fault::of(FaultClass::Garbage, "a message that is none of Deepgram's");
            self.tell(Event::Failed { fault, retrying: true });
        }
    }

    fn wire(&mut self, now: Mono, incoming: Incoming<'_>) {
        match incoming {
            Incoming::Opened => {
                (self.asked, self.answered, self.garbage) = (0, 0, 0);
                self.link.opened(now);
            }
            Incoming::Text(text) => self.text(text),
            Incoming::Binary(_) | Incoming::Body(_) => self.broken(),
            Incoming::Status { code, retry_after_s } => {
                if let Some(fault) = fault::of_status(code, retry_after_s) {
                    self.lost(now, fault);
                }
            }
            Incoming::Closed { code, reason } => self.lost(now, fault::of_close(code, reason)),
            Incoming::Failed { reason } => {
                let reason: String = reason.chars().take(120).collect();
                self.lost(now, fault::of(FaultClass::Transient, reason));
            }
            Incoming::BodyEnd => {}
        }
    }

    /// The connection is gone, or never came. Told once: a refused upgrade also fails.
    fn lost(&mut self, now: Mono, fault: Fault) {
        if !self.link.is_busy() {
            return;
        }
        self.hearing.keep_interim();
        for question in &mut self.questions {
            question.number = None;
        }
        let retrying = self.link.lost(now, &fault, self.config.retries_max);
        self.tell(Event::Failed { fault, retrying });
        if !retrying {
            self.answer(|_| true, QUESTIONS_MAX);
        }
    }

    fn tick(&mut self, now: Mono) {
        let waiting = self.questions.len();
        self.answer(|question| question.patience <= now, QUESTIONS_MAX);
        if self.questions.len() < waiting && self.link.is_open() {
            self.stalls += 1;
            if self.stalls >= STALLS_MAX {
                self.stalls = 0;
                self.send(Outgoing::Close);
                self.lost(now, fault::of(FaultClass::Stalled, "no answer to Finalize"));
            }
        }
        let keepalive = Duration::from_millis(u64::from(self.config.keepalive_ms));
        if self.link.keepalive_at(keepalive).is_some_and(|at| at <= now) {
            self.link.sent(now);
            self.send(Outgoing::Text(message::KEEP_ALIVE.to_owned()));
        }
    }
}

impl Dialect for Deepgram {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            own_turns: false,
            finalise: true,
            mulaw: true,
            keepalive_ms: Some(self.config.keepalive_ms),
            word_times: true,
            computes: false,
        }
    }

    fn handle(&mut self, now: Mono, input: Input<'_>) {
        match input {
            Input::Audio(samples) => self.link.sound(samples),
            Input::Open { segment, from_sample } => {
                self.hearing.open(segment, from_sample);
                if let Some((segment, text)) = self.hearing.news() {
                    self.tell(Event::Partial { segment, text });
                }
            }
            Input::Finalise { segment, to_sample } => self.finalise(now, segment, to_sample),
            Input::Close(segment) => self.hearing.close(segment),
            Input::Wire(incoming) => self.wire(now, incoming),
            Input::Tick => self.tick(now),
        }
        if self.link.dial(now) {
            let request = message::request(&self.config);
            self.send(Outgoing::Connect(request));
        }
        self.flush(now);
    }

    fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    fn deadline(&self) -> Option<Mono> {
        let keepalive = Duration::from_millis(u64::from(self.config.keepalive_ms));
        let patience = self.questions.front().map(|question| question.patience);
        [self.link.keepalive_at(keepalive), self.link.dial_at(), patience]
            .into_iter()
            .flatten()
            .min()
    }

    /// A stream that is not closed goes on counting.
    fn hang_up(&mut self) {
        if self.link.is_open() {
            self.send(Outgoing::Text(message::CLOSE_STREAM.to_owned()));
            self.send(Outgoing::Close);
        }
        self.link.give_up();
    }
}
