//! Cartesia text to speech, `/tts/websocket`, as it behaves.
//!
//! Source: Cartesia's reference "Text to Speech (WebSocket)" and its SDK's types. The sound is a
//! tone as long as the text. Generation runs ahead of delivery: `cancel` stops what is not generated
//! yet, and what is generated still arrives. Left out: phoneme times, cloned voices, buffering of
//! short pieces (`max_buffer_delay_ms` is checked, not waited for).

mod message;

use std::{collections::BTreeMap, time::Duration};

use agent::wire::Outgoing;
use base64_simd::STANDARD as BASE64;
use media::{Mono, codec::g711};
use serde_json::Value;

use self::message::{Asked, Encoding, Generate};
use super::{Emulator, Input, Sent, outbox::Outbox};

/// Speech takes this long for a character, in ms.
pub const CHARACTER_MS: u64 = 60;
/// Without a message from the client the connection is closed after this.
const IDLE_MAX: Duration = Duration::from_secs(300);
/// Contexts the emulator remembers.
const CONTEXTS_MAX: usize = 1024;

/// How this connection speaks, and to whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The only key that is let in.
    pub key: String,
    /// Contexts that may be generated at once; more are answered with 429.
    pub concurrency_max: usize,
    /// From the request to the first chunk's generation, in ms.
    pub first_ms: u32,
    /// Sound in a chunk, in ms.
    pub chunk_ms: u32,
    /// From one chunk's generation to the next one's, in ms.
    pub step_ms: u32,
    /// From generation to arrival, in ms.
    pub delivery_ms: u32,
}

impl Config {
    /// A vendor of usual speed.
    pub fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            concurrency_max: 8,
            first_ms: 90,
            chunk_ms: 100,
            step_ms: 25,
            delivery_ms: 40,
        }
    }
}

/// One utterance under way.
#[derive(Debug, Default)]
struct Context {
    /// When the generator has done what it was given.
    busy_until: Mono,
    /// Sound made so far, in ms.
    made_ms: u64,
    /// What is not generated yet: when, and the messages it makes.
    ahead: Vec<(Mono, Vec<Value>)>,
    flushes: u32,
    /// No more text follows.
    closed: bool,
}

/// Cartesia's end of one connection.
pub struct Cartesia {
    config: Config,
    open: bool,
    contexts: BTreeMap<String, Context>,
    out: Outbox,
    alive: Mono,
}

/// What is said for a text: samples at 8 kHz.
pub fn sound(text: &str) -> Vec<i16> {
    tone(8000, duration_ms(text))
}

fn duration_ms(text: &str) -> u64 {
    text.chars().count() as u64 * CHARACTER_MS
}

fn tone(rate_hz: u64, ms: u64) -> Vec<i16> {
    let angle = |n: u64| n as f32 * 440.0 * std::f32::consts::TAU / rate_hz as f32;
    (0..rate_hz * ms / 1000).map(|n| (angle(n).sin() * 8000.0) as i16).collect()
}

impl Cartesia {
    /// Waits for `Connect`.
    pub fn new(config: Config) -> Self {
        let (contexts, out) = (BTreeMap::new(), Outbox::default());
        Self { config, open: false, contexts, out, alive: Mono::ZERO }
    }

    fn error(&mut self, now: Mono, context: Option<&str>, status: u16, detail: &str) {
        let message = message::error(context, status, detail);
        self.out.at(now, Sent::Text(message.to_string()));
    }

    fn text(&mut self, now: Mono, text: &str) {
        self.alive = now;
        match message::read(text) {
            Err((context, what)) => self.error(now, context.as_deref(), 400, what),
            Ok(Asked::Cancel(context)) => self.cancel(now, &context),
            Ok(Asked::Generate(wanted)) => self.generate(now, wanted),
        }
    }

    /// Only what is not generated yet is stopped; `done` follows what is.
    fn cancel(&mut self, now: Mono, id: &str) {
        let delivery = self.delivery();
        let Some(mut context) = self.contexts.remove(id) else {
            self.error(now, Some(id), 404, "context not found");
            return;
        };
        context.ahead.clear();
        self.out.at(now + delivery, Sent::Text(message::done(id).to_string()));
    }

    fn delivery(&self) -> Duration {
        Duration::from_millis(u64::from(self.config.delivery_ms))
    }

    fn generate(&mut self, now: Mono, wanted: Generate) {
        let id = wanted.context.clone();
        let known = self.contexts.contains_key(&id);
        let full = self.contexts.len() >= self.config.concurrency_max.min(CONTEXTS_MAX);
        if !known && full {
            self.error(now, Some(&id), 429, "too many contexts at once");
            return;
        }
        if !known && wanted.transcript.trim().is_empty() {
            self.error(now, Some(&id), 400, "transcript is empty");
            return;
        }
        let config = &self.config;
        let context = self.contexts.entry(id.clone()).or_default();
        if context.closed {
            self.error(now, Some(&id), 400, "context is closed");
            return;
        }
        let first = now + Duration::from_millis(u64::from(config.first_ms));
        let mut when = context.busy_until.max(first);
        for messages in chunks(config, context.made_ms, &wanted) {
            context.ahead.push((when, messages));
            when = when + Duration::from_millis(u64::from(config.step_ms));
        }
        context.made_ms += duration_ms(&wanted.transcript);
        let mut last = Vec::new();
        if wanted.flush {
            context.flushes += 1;
            last.push(message::flush_done(&id, context.flushes));
        }
        if !wanted.more_follows {
            context.closed = true;
            last.push(message::done(&id));
        }
        context.ahead.push((when, last));
        context.busy_until = when;
    }

    /// What the generator has made by now is on its way.
    fn deliver(&mut self, now: Mono) {
        let delivery = self.delivery();
        for context in self.contexts.values_mut() {
            let made = context.ahead.partition_point(|(at, _)| *at <= now);
            for (at, messages) in context.ahead.drain(..made) {
                for message in messages {
                    self.out.at(at + delivery, Sent::Text(message.to_string()));
                }
            }
        }
        self.contexts.retain(|_, context| !(context.closed && context.ahead.is_empty()));
    }

    fn client(&mut self, now: Mono, outgoing: &Outgoing) {
        match outgoing {
            Outgoing::Connect(request) => {
                self.alive = now;
                match message::admit(request, &self.config.key) {
                    Ok(()) => {
                        self.open = true;
                        self.out.at(now, Sent::Opened);
                    }
                    Err(code) => {
                        self.out.at(now, Sent::Status { code, retry_after_s: None });
                        self.out.at(now, Sent::Failed);
                    }
                }
            }
            Outgoing::Text(text) if self.open => self.text(now, text),
            Outgoing::Binary(_) if self.open => self.error(now, None, 400, "binary message"),
            Outgoing::Close if self.open => {
                self.out.clear();
                self.close(now, "");
            }
            Outgoing::Abort => {
                self.out.clear();
                (self.open, self.contexts) = (false, BTreeMap::new());
            }
            _ => {}
        }
    }

    fn close(&mut self, now: Mono, reason: &str) {
        (self.open, self.contexts) = (false, BTreeMap::new());
        self.out.at(now, Sent::Closed { code: 1000, reason: reason.to_owned() });
    }
}

/// The messages of each chunk of a piece of text that begins at `from_ms` of its context.
fn chunks(config: &Config, from_ms: u64, wanted: &Generate) -> Vec<Vec<Value>> {
    let samples = tone(wanted.rate_hz, duration_ms(&wanted.transcript));
    let size = (wanted.rate_hz * u64::from(config.chunk_ms) / 1000).max(1) as usize;
    let mut words = words(&wanted.transcript, from_ms).into_iter().peekable();
    let mut chunks = Vec::new();
    for (n, piece) in samples.chunks(size).enumerate() {
        let end_s = (from_ms + (n as u64 + 1) * u64::from(config.chunk_ms)) as f64 / 1000.0;
        let data = BASE64.encode_to_string(encoded(wanted.encoding, piece));
        let mut messages = vec![message::chunk(&wanted.context, &data, f64::from(config.step_ms))];
        let here: Vec<_> = std::iter::from_fn(|| words.next_if(|word| word.1 < end_s)).collect();
        if wanted.timestamps && !here.is_empty() {
            messages.push(message::timestamps(&wanted.context, &here));
        }
        chunks.push(messages);
    }
    chunks
}

/// Words with their start and end, in s from the context's first sample.
fn words(text: &str, from_ms: u64) -> Vec<(String, f64, f64)> {
    let time = |at: usize| {
        let before = text.get(..at).map_or(0, |before| before.chars().count() as u64);
        (from_ms + before * CHARACTER_MS) as f64 / 1000.0
    };
    let words = agent::tts::words(text)
        .map(|(at, word)| (word.to_owned(), time(at as usize), time(at as usize + word.len())));
    words.collect()
}

fn encoded(encoding: Encoding, samples: &[i16]) -> Vec<u8> {
    let samples = samples.iter().copied();
    match encoding {
        Encoding::Mulaw => samples.map(g711::mulaw_encode).collect(),
        Encoding::Alaw => samples.map(g711::alaw_encode).collect(),
        Encoding::S16 => samples.flat_map(i16::to_le_bytes).collect(),
        Encoding::F32 => {
            samples.flat_map(|sample| (f32::from(sample) / 32_768.0).to_le_bytes()).collect()
        }
    }
}

impl Emulator for Cartesia {
    fn handle(&mut self, now: Mono, input: Input<'_>) {
        self.deliver(now);
        if self.open && now >= self.alive + IDLE_MAX {
            self.close(now, "connection idle timeout");
        }
        if let Input::Client(outgoing) = input {
            self.client(now, outgoing);
            self.deliver(now);
        }
        self.out.tick(now);
    }

    fn poll(&mut self) -> Option<Sent> {
        self.out.pop()
    }

    fn deadline(&self) -> Option<Mono> {
        let idle = self.open.then(|| self.alive + IDLE_MAX);
        let ahead = self.contexts.values().filter_map(|context| context.ahead.first());
        let ahead = ahead.map(|(at, _)| *at);
        ahead.chain(idle).chain(self.out.next_at()).min()
    }
}
