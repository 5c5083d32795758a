//! A whole server in this process whose speech models are stand-ins that cost nothing: what is left
//! is the engine.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use agent::{call::Policy, llm, stt, tts};
use media::{Mono, circuit::CircuitConfig};
use server::{
    assembly, carrier,
    carrier::{Callees, Simulated, Truths},
    clock::Clock,
    config::{Inbound, Limits},
    exchange::{Exchange, Parts},
    http,
    media_thread::{MediaThreads, Shared, words::Switchboard},
    vendors::Dialects,
};

/// Signs stream tokens.
pub(crate) const SECRET: &str = "a secret for load tests only";
/// A word with the pause after it.
const WORD_MS: usize = 300;
/// Sentences of the greeting, and words of each: 108 s.
const SENTENCES: usize = 30;
const WORDS: usize = 12;

/// Serves on a free port of this machine; the task serves until it is dropped.
pub(crate) async fn open(
    calls_max: usize,
    calls_dir: &Path,
) -> (SocketAddr, tokio::task::JoinHandle<()>) {
    assembly::install_tls();
    http::metrics_handle();
    let listener = http::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("bound");
    let address = listener.local_addr().expect("an address");
    let clock = Clock::start();
    // No judge: the gate decides alone.
    let (judge, _) = crossbeam_channel::bounded(1);
    let (switchboard, callers) = Switchboard::new();
    let limits = Limits {
        calls_max,
        lobby_max: calls_max,
        connections_max: calls_max + 64,
        ..Limits::default()
    };
    let secret = SECRET.as_bytes().to_vec();
    let shared = Shared::new(clock, switchboard, secret, limits.lobby_max, judge);
    let media = Arc::new(MediaThreads::spawn(1, &shared).expect("threads"));
    let callees = Callees::new(None, None, Arc::new(Truths::default()));
    let dialled = carrier::Path::Pipes;
    let carrier = Simulated::new(callees, Arc::clone(&shared), Arc::clone(&media), dialled);
    let connections_max = limits.connections_max;
    let exchange = Exchange::start(
        Parts {
            clock,
            limits,
            calls_dir: calls_dir.to_owned(),
            from: None,
            policy: Policy::default(),
            circuit: CircuitConfig { judge: false, ..CircuitConfig::default() },
            shared,
            media,
            dialects: stand_ins(),
            carrier: Box::new(carrier),
            inbound: Inbound { greeting: greeting(), ..Inbound::default() },
        },
        callers,
    )
    .expect("started");
    let router = http::router(exchange);
    (address, tokio::spawn(http::serve(listener, router, connections_max)))
}

fn greeting() -> String {
    let sentence =
        |number: usize| format!("Sentence {number}{}.", " and more".repeat(WORDS / 2 - 1));
    (0..SENTENCES).map(sentence).collect::<Vec<_>>().join(" ")
}

fn stand_ins() -> Dialects {
    let frames: Arc<[Vec<i16>]> =
        sim::sound::tone(220.0, WORD_MS as u32, -20.0).chunks(160).map(<[i16]>::to_vec).collect();
    Dialects {
        stt: Box::new(|_, _| {
            let heard = (0..50).map(|n| format!("sentence number {n}"));
            Box::new(stt::scripted::Scripted::new(heard, stt::scripted::Config::default()))
        }),
        tts: Box::new(move |_, _| {
            Box::new(Tone { frames: Arc::clone(&frames), said: VecDeque::new() })
        }),
        llm: Box::new(|_, _| {
            let answers = (0..50).map(|_| llm::scripted::Answer::say(&greeting()));
            Box::new(llm::scripted::Scripted::new(answers))
        }),
    }
}

/// A voice of one tone, rendered before.
struct Tone {
    frames: Arc<[Vec<i16>]>,
    /// What is being said: frames out, frames in all.
    said: VecDeque<(media::circuit::UtteranceId, usize, usize)>,
}

impl tts::Dialect for Tone {
    fn capabilities(&self) -> tts::Capabilities {
        tts::Capabilities {
            mulaw: false,
            word_times: false,
            server_clear: false,
            keepalive_ms: None,
            computes: false,
        }
    }

    fn handle(&mut self, _: Mono, input: tts::Input<'_>) {
        match input {
            tts::Input::Say { utterance, text } => {
                let frames = tts::words(text).count() * self.frames.len();
                self.said.push_back((utterance, 0, frames));
            }
            tts::Input::Cancel(cancelled) => self.said.retain(|(id, ..)| *id != cancelled),
            tts::Input::Wire(_) | tts::Input::Tick => {}
        }
    }

    fn poll(&mut self) -> Option<tts::Output> {
        let (utterance, out, all) = self.said.front_mut()?;
        let (utterance, number) = (*utterance, *out);
        *out += 1;
        if number == 0 {
            return Some(tts::Output::Event(tts::Event::Begun { utterance }));
        }
        if number <= *all {
            let samples = self.frames[(number - 1) % self.frames.len()].clone();
            return Some(tts::Output::Audio { utterance, samples });
        }
        let total_ms = (*all * 20) as u32;
        self.said.pop_front();
        Some(tts::Output::Event(tts::Event::Done { utterance, total_ms }))
    }

    fn deadline(&self) -> Option<Mono> {
        None
    }
}
