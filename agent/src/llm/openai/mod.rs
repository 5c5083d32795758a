//! Chat completions over server-sent events, as OpenAI and the many servers like it speak them
//! (Groq, Cerebras, Together, DeepSeek, vLLM, Ollama, OpenRouter): `POST …/chat/completions` with
//! `stream: true` and tools. Left out: images, audio, several choices, log probabilities.
//!
//! A refusal that may pass (429, 5xx) is tried once more before the first token; a stream that stalls
//! is given up by deadline; cancelling drops the request.

mod answer;
mod request;
mod sse;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use media::Mono;

use super::{Dialect, Event, Input, Output, ThoughtId};
use crate::{
    fault::{Fault, FaultClass},
    wire::{Incoming, Outgoing, Request},
};
use answer::{Answer, Chunk};
use sse::Sse;

/// Which server and model.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The whole URL, e.g. `https://api.openai.com/v1/chat/completions`.
    pub url: String,
    /// Bearer key; local servers need none.
    pub key: Option<String>,
    /// Name of the model.
    pub model: String,
    /// Sampling temperature; the server's default when absent.
    pub temperature: Option<f32>,
    /// Longest answer in tokens; the server's default when absent.
    pub tokens_max: Option<u32>,
    /// Nothing came for this long, in ms: the answer is given up.
    pub stall_ms_max: u32,
}

/// How often a refused request is sent again.
const RETRIES_MAX: u32 = 1;
/// Wait before sending again when the server does not say, and the longest we obey, in ms.
const RETRY_MS: (u32, u32) = (300, 3_000);
/// Most of an error's body kept, in bytes; the rest is dropped.
const ERROR_BYTES_MAX: usize = 4_096;
const VENDOR: &str = "openai";

/// A request under way.
#[derive(Debug)]
struct Exchange {
    thought: ThoughtId,
    body: String,
    sse: Sse,
    answer: Answer,
    /// Text was passed on: no retry any more.
    has_spoken: bool,
    /// HTTP status of an error whose body is being read, and its `Retry-After` in s.
    refused: Option<(u16, Option<u32>)>,
    error_body: Vec<u8>,
    retries: u32,
    /// Wait until then before sending again.
    retry_at: Option<Mono>,
    stalled_at: Mono,
}

/// The dialect of one call.
#[derive(Debug)]
pub struct OpenAi {
    config: Config,
    exchange: Option<Exchange>,
    out: VecDeque<Output>,
}

impl OpenAi {
    /// A model behind this server.
    pub fn new(config: Config) -> Self {
        Self { config, exchange: None, out: VecDeque::new() }
    }

    fn post(&mut self, body: String) {
        let mut headers = vec![
            ("content-type", "application/json".to_owned()),
            ("accept", "text/event-stream".to_owned()),
        ];
        if let Some(key) = &self.config.key {
            headers.push(("authorization", format!("Bearer {key}")));
        }
        let request = Request { url: self.config.url.clone(), headers };
        self.out.push_back(Output::Wire(Outgoing::Post { request, body }));
    }

    fn think(&mut self, now: Mono, thought: ThoughtId, prompt: &super::Prompt) {
        self.drop_exchange();
        let body = request::body(&self.config, prompt);
        self.exchange = Some(Exchange {
            thought,
            body: body.clone(),
            sse: Sse::default(),
            answer: Answer::default(),
            has_spoken: false,
            refused: None,
            error_body: Vec::new(),
            retries: 0,
            retry_at: None,
            stalled_at: now + ms(self.config.stall_ms_max),
        });
        self.post(body);
    }

    /// Whatever was under way is not wanted any more.
    fn drop_exchange(&mut self) {
        if let Some(exchange) = self.exchange.take()
            && exchange.retry_at.is_none()
        {
            self.out.push_back(Output::Wire(Outgoing::Abort));
        }
    }

    fn wire(&mut self, now: Mono, incoming: Incoming<'_>) {
        let stall = ms(self.config.stall_ms_max);
        // What comes after a cancel, or while a retry is awaited, belongs to nothing.
        let Some(exchange) = self.exchange.as_mut().filter(|it| it.retry_at.is_none()) else {
            return;
        };
        exchange.stalled_at = now + stall;
        match incoming {
            Incoming::Status { code, retry_after_s } if !(200..300).contains(&code) => {
                exchange.refused = Some((code, retry_after_s));
            }
            Incoming::Body(bytes) if exchange.refused.is_some() => {
                let room = ERROR_BYTES_MAX.saturating_sub(exchange.error_body.len());
                exchange.error_body.extend(bytes.iter().take(room));
            }
            Incoming::Body(bytes) => match exchange.sse.push(bytes) {
                Ok(events) => self.events(now, events),
                Err(sse::TooLong) => {
                    self.fail(now, FaultClass::Garbage, None, "an event is too long")
                }
            },
            Incoming::BodyEnd => self.end(now),
            Incoming::Failed { reason } | Incoming::Closed { reason, .. } => {
                let refused = exchange.refused;
                match refused {
                    Some(_) => self.end(now),
                    None => self.fail(now, FaultClass::Transient, None, reason),
                }
            }
            Incoming::Opened
            | Incoming::Status { .. }
            | Incoming::Text(_)
            | Incoming::Binary(_) => {}
        }
    }

    fn events(&mut self, now: Mono, events: Vec<String>) {
        for data in events {
            let Some(exchange) = &mut self.exchange else { return };
            match exchange.answer.push(&data) {
                Chunk::Nothing => {}
                Chunk::Text(delta) => {
                    exchange.has_spoken = true;
                    let thought = exchange.thought;
                    self.out.push_back(Output::Event(Event::Text { thought, delta }));
                }
                Chunk::Done => return self.complete(),
                Chunk::Error(class, detail) => return self.fail(now, class, None, &detail),
            }
        }
    }

    /// The body is complete, or the connection ended.
    fn end(&mut self, now: Mono) {
        let Some(exchange) = &mut self.exchange else { return };
        if let Some((code, retry_after_s)) = exchange.refused {
            let body: Option<serde_json::Value> = serde_json::from_slice(&exchange.error_body).ok();
            let said = match body.as_ref().and_then(|body| body.get("error")).map(answer::error_of)
            {
                Some(Chunk::Error(_, detail)) => detail,
                _ => String::new(),
            };
            let detail = format!("HTTP {code} {said}");
            return self.fail(now, class_of(code), retry_after_s, detail.trim());
        }
        let last = exchange.sse.finish();
        self.events(now, last.into_iter().collect());
        match &self.exchange {
            Some(exchange) if exchange.answer.is_finished => self.complete(),
            Some(_) => self.fail(now, FaultClass::Transient, None, "the answer broke off"),
            None => {}
        }
    }

    fn complete(&mut self) {
        let Some(mut exchange) = self.exchange.take() else { return };
        let thought = exchange.thought;
        for call in exchange.answer.calls() {
            self.out.push_back(Output::Event(Event::Tool { thought, call }));
        }
        self.out.push_back(Output::Event(Event::Done { thought }));
    }

    fn fail(&mut self, now: Mono, class: FaultClass, retry_after_s: Option<u32>, detail: &str) {
        let Some(exchange) = &mut self.exchange else { return };
        let passing = matches!(class, FaultClass::Quota | FaultClass::Transient);
        let nothing_yet = !exchange.has_spoken && !exchange.answer.has_calls();
        let was_refused = exchange.refused.take().is_some();
        let wait_ms = retry_after_s.map_or(RETRY_MS.0, |s| s.saturating_mul(1_000));
        let in_time = wait_ms <= RETRY_MS.1;
        if was_refused && passing && nothing_yet && in_time && exchange.retries < RETRIES_MAX {
            exchange.retries += 1;
            exchange.retry_at = Some(now + ms(wait_ms));
            exchange.error_body.clear();
            return;
        }
        let thought = exchange.thought;
        self.exchange = None;
        let fault = Fault {
            vendor: VENDOR.to_owned(),
            class,
            retry_after_ms: retry_after_s.map(|s| s.saturating_mul(1_000)),
            detail: detail.to_owned(),
        };
        if !was_refused {
            self.out.push_back(Output::Wire(Outgoing::Abort));
        }
        self.out.push_back(Output::Event(Event::Failed { thought, fault }));
    }

    fn tick(&mut self, now: Mono) {
        let stall = self.config.stall_ms_max;
        let Some(exchange) = &mut self.exchange else { return };
        match exchange.retry_at {
            Some(at) if at <= now => {
                exchange.retry_at = None;
                exchange.sse = Sse::default();
                exchange.stalled_at = now + ms(stall);
                let body = exchange.body.clone();
                self.post(body);
            }
            None if exchange.stalled_at <= now => {
                self.fail(now, FaultClass::Stalled, None, &format!("nothing came for {stall} ms"));
            }
            _ => {}
        }
    }
}

impl Dialect for OpenAi {
    fn handle(&mut self, now: Mono, input: Input<'_>) {
        match input {
            Input::Think { thought, prompt } => self.think(now, thought, prompt),
            Input::Cancel(thought) => {
                if self.exchange.as_ref().is_some_and(|it| it.thought == thought) {
                    self.drop_exchange();
                }
            }
            Input::Wire(incoming) => self.wire(now, incoming),
            Input::Tick => self.tick(now),
        }
    }

    fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    fn deadline(&self) -> Option<Mono> {
        self.exchange.as_ref().map(|it| it.retry_at.unwrap_or(it.stalled_at))
    }
}

/// HTTP status to class.
fn class_of(code: u16) -> FaultClass {
    match code {
        401 | 403 => FaultClass::Auth,
        402 | 429 => FaultClass::Quota,
        408 | 409 | 425 | 500.. => FaultClass::Transient,
        _ => FaultClass::BadRequest,
    }
}

fn ms(ms: u32) -> Duration {
    Duration::from_millis(u64::from(ms))
}
