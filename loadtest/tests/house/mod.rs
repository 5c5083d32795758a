//! A whole server in this process whose speech models are stand-ins that cost nothing: what is left
//! is the engine.

mod recogniser;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use agent::{call::Policy, llm, stt, tts};
use media::{Mono, circuit::CircuitConfig, vad::silero::Silero};
use server::{
    assembly, carrier,
    carrier::{Callees, Simulated, Truths},
    clock::Clock,
    config::{Inbound, Limits, Records},
    exchange::{Exchange, Parts},
    http::{self, Certificates},
    media_thread::{MediaThreads, Shared, words::Switchboard},
    vendors::Dialects,
    workers::judge,
};

use recogniser::Recogniser;

/// Signs stream tokens.
pub(crate) const SECRET: &str = "a secret for load tests only";
/// A word with the pause after it.
const WORD: Duration = Duration::from_millis(300);
/// The voice is ahead of the ear by so much.
const AHEAD: Duration = Duration::from_secs(1);
/// Sentences of the greeting, and words of each: 108 s.
const SENTENCES: usize = 6;
const WORDS: usize = 60;

/// What may be different from house to house.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    /// What calls leave beside their journals.
    pub(crate) records: Records,
    /// It speaks TLS, and writes there what clients have to trust.
    pub(crate) certificate: Option<PathBuf>,
    /// Everything heard is streamed there, a WebSocket URL, at 16 kHz.
    pub(crate) recogniser: Option<String>,
    /// The neural judge's model; without, the gate decides alone.
    pub(crate) judge: Option<PathBuf>,
}

/// Serves on a free port of this machine; the task serves until it is dropped.
pub(crate) async fn open(
    calls_max: usize,
    calls_dir: &Path,
    wishes: Wishes,
) -> (SocketAddr, tokio::task::JoinHandle<()>) {
    assembly::install_tls();
    http::metrics_handle();
    let listener = http::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("bound");
    let address = listener.local_addr().expect("an address");
    let clock = Clock::start();
    let has_judge = wishes.judge.is_some();
    let judge = match wishes.judge {
        Some(model) => {
            let silero = Silero::from_onnx(std::fs::read(model).expect("a model")).expect("Silero");
            judge::spawn(silero).expect("a thread")
        }
        None => crossbeam_channel::bounded(1).0,
    };
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
            records: wishes.records,
            from: None,
            policy: Policy::default(),
            circuit: CircuitConfig { judge: has_judge, ..CircuitConfig::default() },
            shared,
            media,
            dialects: stand_ins(wishes.recogniser),
            carrier: Box::new(carrier),
            inbound: Inbound { greeting: greeting(), ..Inbound::default() },
            cashier: None,
        },
        callers,
    )
    .expect("started");
    let router = http::carrier_router(exchange);
    let certificates = wishes.certificate.map(|chain| Arc::new(self_made(&chain)));
    (address, tokio::spawn(http::serve(listener, router, connections_max, certificates)))
}

/// A certificate of this machine's own address.
fn self_made(chain: &Path) -> Certificates {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("made");
    let dir = tempfile::tempdir().expect("a folder");
    let key = dir.path().join("key.pem");
    std::fs::write(chain, made.cert.pem()).expect("written");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    Certificates::load(chain, &key).expect("good")
}

fn greeting() -> String {
    let sentence =
        |number: usize| format!("Sentence {number}{}.", " and more".repeat(WORDS / 2 - 1));
    (0..SENTENCES).map(sentence).collect::<Vec<_>>().join(" ")
}

fn stand_ins(recogniser: Option<String>) -> Dialects {
    let word: Arc<[i16]> = sim::sound::tone(220.0, WORD.as_millis() as u32, -20.0).into();
    Dialects {
        stt: Box::new(move |_, _| {
            if let Some(url) = &recogniser {
                return Box::new(Recogniser::new(url));
            }
            let heard = (0..8).map(|n| format!("sentence number {n}"));
            Box::new(stt::scripted::Scripted::new(heard, stt::scripted::Config::default()))
        }),
        tts: Box::new(move |_, _| {
            let (word, said) = (Arc::clone(&word), VecDeque::new());
            Box::new(Tone { word, said, now: Mono::ZERO, made_until: Mono::ZERO })
        }),
        llm: Box::new(|_| {
            let answers = (0..3).map(|_| llm::scripted::Answer::say(&greeting()));
            Box::new(llm::scripted::Scripted::new(answers))
        }),
    }
}

/// A voice of one tone, rendered before, that like a vendor streams somewhat ahead of the ear.
struct Tone {
    word: Arc<[i16]>,
    /// What is being said: words out, words in all; `None` before it has begun.
    said: VecDeque<(media::circuit::UtteranceId, Option<usize>, usize)>,
    now: Mono,
    /// When what was made will have been heard.
    made_until: Mono,
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

    fn handle(&mut self, now: Mono, input: tts::Input<'_>) {
        self.now = now;
        match input {
            tts::Input::Say { utterance, text } => {
                self.said.push_back((utterance, None, tts::words(text).count()));
            }
            tts::Input::Cancel(cancelled) => {
                self.said.retain(|(id, ..)| *id != cancelled);
                self.made_until = now;
            }
            tts::Input::Wire(_) | tts::Input::Tick => {}
        }
    }

    fn poll(&mut self) -> Option<tts::Output> {
        let due = self.deadline()? <= self.now;
        let (utterance, out, all) = self.said.front_mut()?;
        let (utterance, all) = (*utterance, *all);
        let Some(out) = out else {
            *out = Some(0);
            return Some(tts::Output::Event(tts::Event::Begun { utterance }));
        };
        if *out < all {
            if !due {
                return None;
            }
            *out += 1;
            self.made_until = self.made_until.max(self.now) + WORD;
            return Some(tts::Output::Audio { utterance, samples: self.word.to_vec() });
        }
        self.said.pop_front();
        let total_ms = all as u32 * WORD.as_millis() as u32;
        Some(tts::Output::Event(tts::Event::Done { utterance, total_ms }))
    }

    fn deadline(&self) -> Option<Mono> {
        (!self.said.is_empty()).then(|| self.made_until - AHEAD)
    }
}
