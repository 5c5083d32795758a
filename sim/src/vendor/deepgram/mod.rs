//! Deepgram streaming recognition, `/v1/listen` over WebSocket, as it behaves.
//!
//! Source: Deepgram's API reference "Live audio" and its pages on KeepAlive, Finalize, CloseStream,
//! UtteranceEnd and endpointing. It does not listen: what it "hears" is a list of words with their
//! places in the connection's sound. Left out: containers, several channels, diarisation.

mod message;
mod options;

use std::{collections::VecDeque, time::Duration};

use agent::wire::Outgoing;
use media::Mono;
use serde_json::{Value, json};

pub use self::message::{Word, spoken};
use self::{message::rounded, options::Options};
use super::{Emulator, Input, Sent, outbox::Outbox};

/// Without sound and without KeepAlive the connection is closed after this.
const IDLE_MAX: Duration = Duration::from_secs(10);
/// How often interim results come, in s of sound.
const INTERIM_S: f64 = 1.0;
/// A result is settled after this much sound at the latest, in s.
const WINDOW_S: f64 = 5.0;
/// Sound is looked at in steps of this, in s.
const STEP_S: f64 = 0.02;

/// What this connection will hear, and from whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The only key that is let in.
    pub key: String,
    /// The words in their order.
    pub words: Vec<Word>,
    /// From the last sound needed to the result, in ms.
    pub latency_ms: u32,
}

/// Deepgram's end of one connection.
pub struct Deepgram {
    config: Config,
    options: Option<Options>,
    out: Outbox,
    /// Said, not yet heard.
    ahead: VecDeque<Word>,
    /// Heard, not yet settled.
    window: Vec<Word>,
    /// Sound received, in s.
    position_s: f64,
    /// Where the present result begins.
    settled_s: f64,
    interim_s: f64,
    /// End of the last word, until `UtteranceEnd` was sent for it.
    last_word_s: Option<f64>,
    speaking: bool,
    /// Last sound or KeepAlive.
    alive: Mono,
}

impl Deepgram {
    /// Waits for `Connect`.
    pub fn new(config: Config) -> Self {
        Self {
            ahead: config.words.iter().cloned().collect(),
            config,
            options: None,
            out: Outbox::default(),
            window: Vec::new(),
            position_s: 0.0,
            settled_s: 0.0,
            interim_s: 0.0,
            last_word_s: None,
            speaking: false,
            alive: Mono::ZERO,
        }
    }

    fn send(&mut self, now: Mono, message: &Value) {
        let when = now + Duration::from_millis(u64::from(self.config.latency_ms));
        self.out.at(when, Sent::Text(message.to_string()));
    }

    fn close(&mut self, when: Mono, code: u16, reason: &str) {
        self.options = None;
        self.out.at(when, Sent::Closed { code, reason: reason.to_owned() });
    }

    fn sound(&mut self, now: Mono, options: &Options, bytes: usize) {
        let to_s = self.position_s + bytes as f64 / options.bytes_per_s;
        // Not one step less for want of the last bit of a sum.
        while self.position_s + 1e-6 < to_s {
            self.position_s = (self.position_s + STEP_S).min(to_s);
            self.step(now, options);
        }
    }

    /// A little more sound was heard.
    fn step(&mut self, now: Mono, options: &Options) {
        let at_s = self.position_s;
        if let Some(next) = self.ahead.front().filter(|next| next.from_s <= at_s)
            && !self.speaking
        {
            self.speaking = true;
            let timestamp = next.from_s;
            if options.vad_events {
                let message = json!({"type": "SpeechStarted", "channel": [0, 1],
                    "timestamp": timestamp});
                self.send(now, &message);
            }
        }
        while let Some(word) = self.ahead.pop_front_if(|word| word.to_s <= at_s) {
            self.last_word_s = Some(word.to_s);
            self.window.push(word);
        }
        let silence_s = self.last_word_s.map_or(0.0, |end_s| at_s - end_s);
        // Somebody who is in the middle of a word is not silent.
        let talking = self.ahead.front().is_some_and(|word| word.from_s <= at_s);
        let ended = !talking && options.endpointing_s.is_some_and(|most_s| silence_s >= most_s);
        if ended && !self.window.is_empty() {
            self.speaking = false;
            self.settle(now, options, true, false);
        } else if at_s - self.settled_s >= WINDOW_S {
            self.settle(now, options, false, false);
        } else if options.interim_results && at_s - self.interim_s >= INTERIM_S {
            self.interim_s = at_s;
            let message = self.results(options, false, false, false);
            self.send(now, &message);
        }
        if let (Some(end_s), Some(most_s)) = (self.last_word_s, options.utterance_end_s)
            && !talking
            && at_s - end_s >= most_s
        {
            self.last_word_s = None;
            let message = json!({"type": "UtteranceEnd", "channel": [0, 1],
                "last_word_end": rounded(end_s)});
            self.send(now, &message);
        }
    }

    /// What was heard so far will not change any more.
    fn settle(&mut self, now: Mono, options: &Options, speech_final: bool, from_finalize: bool) {
        let message = self.results(options, true, speech_final, from_finalize);
        self.send(now, &message);
        self.window.clear();
        (self.settled_s, self.interim_s) = (self.position_s, self.position_s);
    }

    fn results(
        &self,
        options: &Options,
        is_final: bool,
        speech_final: bool,
        from_finalize: bool,
    ) -> Value {
        let (from_s, to_s) = (self.settled_s, self.position_s);
        let mut message = message::results(&self.window, options.punctuate, from_s, to_s);
        message["is_final"] = json!(is_final);
        message["speech_final"] = json!(speech_final);
        message["from_finalize"] = json!(from_finalize);
        message
    }

    fn text(&mut self, now: Mono, options: &Options, text: &str) {
        let message: Value = serde_json::from_str(text).unwrap_or(Value::Null);
        match message["type"].as_str() {
            Some("KeepAlive") => self.alive = now,
            Some("Finalize") => {
                self.flush_words();
                self.speaking = false;
                self.settle(now, options, true, true);
            }
            Some("CloseStream") => self.close_stream(now, options),
            _ => self.close(now, 1008, "DATA-0000"),
        }
    }

    /// A word of which half is heard counts.
    fn flush_words(&mut self) {
        let at_s = self.position_s;
        while let Some(word) =
            self.ahead.pop_front_if(|word| word.from_s.midpoint(word.to_s) <= at_s)
        {
            self.last_word_s = Some(word.to_s.min(at_s));
            self.window.push(Word { to_s: word.to_s.min(at_s), ..word });
        }
    }

    fn close_stream(&mut self, now: Mono, options: &Options) {
        self.flush_words();
        if !self.window.is_empty() {
            self.settle(now, options, true, false);
        }
        let message = json!({"type": "Metadata", "transaction_key": "deprecated",
            "request_id": "c0ffee00-0000-4000-8000-000000000000", "sha256": "", "created": "",
            "duration": rounded(self.position_s), "channels": 1});
        self.send(now, &message);
        let when = now + Duration::from_millis(u64::from(self.config.latency_ms));
        self.close(when, 1000, "");
    }

    fn client(&mut self, now: Mono, outgoing: &Outgoing) {
        if let Outgoing::Connect(request) = outgoing {
            self.alive = now;
            match options::read(request, &self.config.key) {
                Ok(options) => {
                    self.options = Some(options);
                    self.out.at(now, Sent::Opened);
                }
                Err(code) => {
                    self.out.at(now, Sent::Status { code, retry_after_s: None });
                    self.out.at(now, Sent::Failed);
                }
            }
            return;
        }
        let Some(options) = self.options.clone() else { return };
        match outgoing {
            // An empty message ends the stream, as `CloseStream` does.
            Outgoing::Binary(bytes) if bytes.is_empty() => self.close_stream(now, &options),
            Outgoing::Binary(bytes) => {
                self.alive = now;
                self.sound(now, &options, bytes.len());
            }
            Outgoing::Text(text) => self.text(now, &options, text),
            Outgoing::Close => {
                self.out.clear();
                self.close(now, 1000, "");
            }
            Outgoing::Abort => {
                self.out.clear();
                self.options = None;
            }
            Outgoing::Connect(_) | Outgoing::Post { .. } => {}
        }
    }
}

impl Emulator for Deepgram {
    fn handle(&mut self, now: Mono, input: Input<'_>) {
        if self.options.is_some() && now >= self.alive + IDLE_MAX {
            let reason = "Deepgram did not receive audio data or a text message within the \
                          timeout window. See https://dpgr.am/net0001 NET-0001";
            self.close(now, 1011, reason);
        }
        if let Input::Client(outgoing) = input {
            self.client(now, outgoing);
        }
        self.out.tick(now);
    }

    fn poll(&mut self) -> Option<Sent> {
        self.out.pop()
    }

    fn deadline(&self) -> Option<Mono> {
        let idle = self.options.as_ref().map(|_| self.alive + IDLE_MAX);
        idle.into_iter().chain(self.out.next_at()).min()
    }
}
