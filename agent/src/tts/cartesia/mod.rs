//! Cartesia text to speech over WebSocket (vendor page "Text to Speech (WebSocket)").
//!
//! One socket for the call, one context per utterance, named by our own number. Sound comes as
//! µ-law at 8 kHz. `cancel` stops only what is not generated yet, so what still comes for a context
//! we gave up is dropped by its id. A socket that closes while nothing is being said is left
//! closed until the next utterance; one that breaks is opened again, later each time, and one that
//! falls silent is replaced at once. What was not heard of at all is asked for again.

mod wire;

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use base64_simd::STANDARD as BASE64;
use media::{Mono, circuit::UtteranceId, codec::g711::mulaw_decode};

use super::{Capabilities, Dialect, Event, Input, Output};
use crate::{
    fault::{Fault, FaultClass},
    wire::{Incoming, Outgoing, Request},
};

/// Utterances that may be under way; beyond that they fail with [`FaultClass::Quota`].
const QUEUE_MAX: usize = 32;
/// Attempts to open the socket in a row.
const ATTEMPTS_MAX: u32 = 4;
/// Wait before the second attempt; doubled each time.
const BACKOFF: Duration = Duration::from_millis(250);
/// Nothing for this long while something is being generated: the utterance is given up.
const STALL: Duration = Duration::from_secs(6);

/// Where and how to speak. Models and voices change over the years: they are configuration.
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// `wss://…/tts/websocket`, without query.
    pub url: String,
    /// The key. A secret.
    pub api_key: String,
    /// Date of the API, e.g. `2025-04-16`.
    pub version: String,
    /// `model_id`.
    pub model: String,
    /// Id of the voice.
    pub voice: String,
    /// Two letters.
    pub language: String,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config").field("url", &self.url).field("model", &self.model).finish()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// Closed; opened by the next utterance.
    Closed,
    Opening,
    Open,
    /// Broken; opened again then.
    Waiting(Mono),
    /// Refused for good: the key or the request is wrong.
    Refused(FaultClass),
}

/// An utterance on its way.
struct Saying {
    text: String,
    /// It was asked for on the socket that is open.
    asked: bool,
    samples: u64,
    /// How much of the text has word times.
    timed_bytes: usize,
    /// The last sign of life.
    last: Mono,
}

/// The dialect for one call.
pub struct Cartesia {
    config: Config,
    link: Link,
    attempts: u32,
    /// What the HTTP answer to the upgrade said, until the failure that follows it.
    refusal: Option<Fault>,
    sayings: BTreeMap<UtteranceId, Saying>,
    out: VecDeque<Output>,
}

impl Cartesia {
    /// Opens its socket at once, so that the first utterance does not wait for it.
    pub fn new(config: Config) -> Self {
        let mut cartesia = Self {
            config,
            link: Link::Closed,
            attempts: 0,
            refusal: None,
            sayings: BTreeMap::new(),
            out: VecDeque::new(),
        };
        cartesia.open();
        cartesia
    }

    fn open(&mut self) {
        self.link = Link::Opening;
        self.attempts += 1;
        let url = format!("{}?cartesia_version={}", self.config.url, self.config.version);
        let headers = vec![("X-API-Key", self.config.api_key.clone())];
        self.out.push_back(Output::Wire(Outgoing::Connect(Request { url, headers })));
    }

    fn say(&mut self, now: Mono, utterance: UtteranceId, text: &str) {
        if let Link::Refused(class) = self.link {
            self.fail(Some(utterance), fault(class, "the connection was refused before"));
            return;
        }
        if self.sayings.len() >= QUEUE_MAX {
            let detail = format!("more than {QUEUE_MAX} utterances wait");
            self.fail(Some(utterance), fault(FaultClass::Quota, detail));
            return;
        }
        let text = text.to_owned();
        let saying = Saying { text, asked: false, samples: 0, timed_bytes: 0, last: now };
        self.sayings.insert(utterance, saying);
        match self.link {
            Link::Closed => self.open(),
            Link::Open => self.ask(now),
            Link::Opening | Link::Waiting(_) | Link::Refused(_) => {}
        }
    }

    /// Asks for everything that was not asked for yet.
    fn ask(&mut self, now: Mono) {
        for (utterance, saying) in self.sayings.iter_mut().filter(|(_, saying)| !saying.asked) {
            (saying.asked, saying.last) = (true, now);
            let text = wire::generate(&self.config, context(*utterance), &saying.text);
            self.out.push_back(Output::Wire(Outgoing::Text(text)));
        }
    }

    fn cancel(&mut self, utterance: UtteranceId) {
        self.out.retain(|output| match output {
            Output::Audio { utterance: of, .. }
            | Output::Event(
                Event::Begun { utterance: of }
                | Event::Words { utterance: of, .. }
                | Event::Done { utterance: of, .. },
            ) => *of != utterance,
            _ => true,
        });
        let Some(saying) = self.sayings.remove(&utterance) else { return };
        if saying.asked && self.link == Link::Open {
            self.out.push_back(Output::Wire(Outgoing::Text(wire::cancel(context(utterance)))));
        }
    }

    fn fail(&mut self, utterance: Option<UtteranceId>, fault: Fault) {
        self.out.push_back(Output::Event(Event::Failed { utterance, fault }));
    }

    fn fail_all(&mut self, fault: &Fault) {
        let lost: Vec<_> = std::mem::take(&mut self.sayings).into_keys().collect();
        if lost.is_empty() {
            self.fail(None, fault.clone());
        }
        for utterance in lost {
            self.fail(Some(utterance), fault.clone());
        }
    }

    fn heard(&mut self, now: Mono, incoming: Incoming<'_>) {
        match incoming {
            Incoming::Opened => {
                self.link = Link::Open;
                self.refusal = None;
                self.ask(now);
            }
            Incoming::Text(text) => self.message(now, text),
            Incoming::Binary(_) => {
                self.fail(None, fault(FaultClass::Garbage, "a binary message on a text protocol"));
            }
            Incoming::Status { code, retry_after_s } => {
                let mut refusal =
                    fault(wire::class_of(code), format!("answered with status {code}"));
                refusal.retry_after_ms = retry_after_s.map(|s| s.saturating_mul(1000));
                self.refusal = Some(refusal);
            }
            Incoming::Body(_) | Incoming::BodyEnd => {}
            Incoming::Closed { code, reason } => self.closed(now, code, reason),
            Incoming::Failed { reason } => {
                let fault = self.refusal.take();
                self.broken(
                    now,
                    fault.unwrap_or_else(|| self::fault(FaultClass::Transient, reason)),
                );
            }
        }
    }

    fn message(&mut self, now: Mono, text: &str) {
        let message: wire::Message = match serde_json::from_str(text) {
            Ok(message) => message,
            Err(error) => {
                self.fail(None, fault(FaultClass::Garbage, error.to_string()));
                return;
            }
        };
        self.attempts = 0;
        let utterance = message.context_id.as_deref().and_then(utterance_of);
        if message.r#type == "error" {
            self.error(utterance, &message);
            return;
        }
        // What was cancelled, or is none of ours, is dropped here by its id.
        let Some((utterance, saying)) =
            utterance.and_then(|id| Some((id, self.sayings.get_mut(&id)?)))
        else {
            return;
        };
        saying.last = now;
        match message.r#type.as_str() {
            "chunk" => {
                let data = message.data.unwrap_or_default();
                let Ok(bytes) = BASE64.decode_to_vec(data) else {
                    self.fail(None, fault(FaultClass::Garbage, "a chunk is not base64"));
                    return;
                };
                if bytes.is_empty() {
                    return;
                }
                if saying.samples == 0 {
                    self.out.push_back(Output::Event(Event::Begun { utterance }));
                }
                saying.samples += bytes.len() as u64;
                let samples = bytes.into_iter().map(mulaw_decode).collect();
                self.out.push_back(Output::Audio { utterance, samples });
            }
            "timestamps" => {
                let starts = message.word_timestamps.map(|words| saying.place(&words));
                if let Some(starts) = starts.filter(|starts| !starts.is_empty()) {
                    self.out.push_back(Output::Event(Event::Words { utterance, starts }));
                }
            }
            "done" => {
                let total_ms = u32::try_from(saying.samples / 8).unwrap_or(u32::MAX);
                self.sayings.remove(&utterance);
                self.out.push_back(Output::Event(Event::Done { utterance, total_ms }));
            }
            // `flush_done`, `phoneme_timestamps` and what newer versions add.
            _ => {}
        }
    }

    fn error(&mut self, utterance: Option<UtteranceId>, message: &wire::Message) {
        let class = message.status_code.map_or(FaultClass::BadRequest, wire::class_of);
        let fault = fault(class, message.detail());
        match utterance {
            // An error for a context we gave up ("not found") is no news.
            Some(utterance) => {
                if self.sayings.remove(&utterance).is_some() {
                    self.fail(Some(utterance), fault);
                }
            }
            None => self.fail_all(&fault),
        }
    }

    fn closed(&mut self, now: Mono, code: u16, reason: &str) {
        if self.sayings.is_empty() {
            // Idle, or the end of its lifetime: the next utterance opens it again.
            self.link = Link::Closed;
            self.attempts = 0;
            return;
        }
        let class = match code {
            1000 | 1001 => FaultClass::IdleClose,
            1008 => FaultClass::SessionLimit,
            _ => FaultClass::Transient,
        };
        self.broken(now, fault(class, format!("closed with {code}: {reason}")));
    }

    /// The socket is gone. What was partly heard is lost; the rest is asked for again.
    fn broken(&mut self, now: Mono, fault: Fault) {
        if !fault.class.may_retry() {
            self.link = Link::Refused(fault.class);
            self.fail_all(&fault);
            return;
        }
        if self.attempts >= ATTEMPTS_MAX {
            (self.link, self.attempts) = (Link::Closed, 0);
            self.fail_all(&fault);
            return;
        }
        let lost: Vec<_> =
            self.sayings.iter().filter(|(_, s)| s.samples > 0).map(|(id, _)| *id).collect();
        for utterance in lost {
            self.sayings.remove(&utterance);
            self.fail(Some(utterance), fault.clone());
        }
        for saying in self.sayings.values_mut() {
            (saying.asked, saying.timed_bytes) = (false, 0);
        }
        let asked_ms = Duration::from_millis(u64::from(fault.retry_after_ms.unwrap_or(0)));
        let wait = (BACKOFF * 2_u32.pow(self.attempts.saturating_sub(1))).max(asked_ms);
        self.link = Link::Waiting(now + wait);
    }

    fn tick(&mut self, now: Mono) {
        if let Link::Waiting(until) = self.link
            && now >= until
        {
            self.open();
        }
        let stalled = |saying: &Saying| saying.asked && now.since(saying.last) >= STALL;
        let lost: Vec<_> =
            self.sayings.iter().filter(|(_, saying)| stalled(saying)).map(|(id, _)| *id).collect();
        if lost.is_empty() {
            return;
        }
        for utterance in lost {
            self.cancel(utterance);
            self.fail(Some(utterance), fault(FaultClass::Stalled, "no sound in time"));
        }
        // Another utterance that sounds just now shows that the socket is well.
        if self.link == Link::Open && self.sayings.values().all(|saying| saying.samples == 0) {
            self.replace();
        }
    }

    /// The socket stands and is silent: another takes its place, and what waits is asked for there.
    fn replace(&mut self) {
        for saying in self.sayings.values_mut() {
            (saying.asked, saying.timed_bytes) = (false, 0);
        }
        self.attempts = 0;
        self.open();
    }
}

impl Saying {
    /// Finds the vendor's words in the text, each behind the one before.
    fn place(&mut self, words: &wire::Words) -> Vec<(u32, u32)> {
        let mut starts = Vec::new();
        for (word, start_s) in words.words.iter().zip(&words.start) {
            let rest = self.text.get(self.timed_bytes..).unwrap_or_default();
            let Some(found) = rest.find(word.as_str()).filter(|_| !word.is_empty()) else {
                continue;
            };
            let at = self.timed_bytes + found;
            self.timed_bytes = at + word.len();
            let start_ms = (start_s * 1000.0).clamp(0.0, f64::from(u32::MAX)) as u32;
            starts.push((u32::try_from(at).unwrap_or(u32::MAX), start_ms));
        }
        starts
    }
}

fn context(utterance: UtteranceId) -> String {
    format!("u{}", utterance.0)
}

fn utterance_of(context: &str) -> Option<UtteranceId> {
    context.strip_prefix('u')?.parse().ok().map(UtteranceId)
}

fn fault(class: FaultClass, detail: impl Into<String>) -> Fault {
    Fault { vendor: "cartesia".into(), class, retry_after_ms: None, detail: detail.into() }
}

impl Dialect for Cartesia {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            mulaw: true,
            word_times: true,
            server_clear: true,
            keepalive_ms: None,
            computes: false,
        }
    }

    fn handle(&mut self, now: Mono, input: Input<'_>) {
        match input {
            Input::Say { utterance, text } => self.say(now, utterance, text),
            Input::Cancel(utterance) => self.cancel(utterance),
            Input::Wire(incoming) => self.heard(now, incoming),
            Input::Tick => self.tick(now),
        }
    }

    fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    fn deadline(&self) -> Option<Mono> {
        let reopen = match self.link {
            Link::Waiting(until) => Some(until),
            _ => None,
        };
        let asked = self.sayings.values().filter(|saying| saying.asked);
        asked.map(|saying| saying.last + STALL).chain(reopen).min()
    }
}

#[cfg(test)]
mod tests;
