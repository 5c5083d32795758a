//! A person, recorded, talks with the agent over the real WebSocket; every model is the real one.
//! What each side heard is checked by spectrum and by recogniser.

use std::{net::SocketAddr, ops::Range, path::Path, sync::Arc};

use futures_util::{SinkExt, StreamExt};
use media::Mono;
use secrecy::SecretString;
use server::{
    assembly::{self, Running, Serving},
    carrier::Listen,
    clock::{Clock, unix_seconds},
    config::{Config, Inbound, Store},
    http,
    vendors::Cast,
};
use sim::{
    callee::{Answer, Background, Mumble, Patience, Score, Script, Sound, Step},
    ear::{Spectrum, hears_tone, words::error_rate},
    line::{Line, LineConfig, LineInput, LineOutput, Run},
    recording::Shelf,
};
use telephony::{conformance::Wire, stream, token};
use tokio::time::timeout;
use tokio_tungstenite::{connect_async, tungstenite::Message};

use crate::house::PATIENCE;

const SECRET: &str = "a secret for this test";
const CALL: &str = "a-person-calls";
const GREETING: &str = "Good morning, this is the office of Doctor Lee. How can I help you?";
const RATE: u64 = 8_000;
/// Hums behind the caller, too softly to be anybody.
const HUM_HZ: f32 = 1_250.0;

/// Two recordings of people, each after the agent has spoken, and a hum that is never theirs.
fn caller() -> Arc<Score> {
    let says = ["customer-support", "austen-cold-hearted"];
    let listen = || Step::Listen(Patience::default());
    let mut steps = vec![listen()];
    for name in says {
        steps.extend([Step::Say(Sound::Wav(name.to_owned())), listen()]);
    }
    steps.push(Step::HangUp);
    let hum = Background { sound: Sound::Wav("hum".to_owned()), level_dbfs: -48.0 };
    let script = Script {
        name: "a person".to_owned(),
        answer: Answer::After { ring_ms: 0 },
        jitter_ms: 0,
        background: Some(hum),
        steps,
    };
    let mut shelf = Shelf::shipped();
    let turn = std::f32::consts::TAU * HUM_HZ / 8_000.0;
    shelf.put("hum", (0..8_000).map(|n| (8_000.0 * (turn * n as f32).sin()) as i16).collect());
    Arc::new(Score::render(&script, &mut Mumble, &shelf).expect("a score"))
}

/// The caller's end of the line, in real time, until it is over.
async fn call(address: SocketAddr, clock: Clock) -> Line {
    let mut config = LineConfig::new(caller());
    let pass = token::mint(SECRET.as_bytes(), CALL, unix_seconds() + 60);
    config.parameters.insert(token::PARAMETER.to_owned(), pass);
    let url = format!("ws://{address}/media/twilio");
    let (mut socket, _) = connect_async(url).await.expect("upgraded");
    let mut line = Line::new(config, clock.now());
    loop {
        while let Some(output) = line.poll() {
            match output {
                LineOutput::Message(Wire::Text(text)) => {
                    // The agent may have closed already; the line learns it from the next read.
                    let _ = socket.send(Message::text(text)).await;
                }
                LineOutput::Closed => return line,
                _ => {}
            }
        }
        let now = clock.now();
        let due = line.deadline().unwrap_or(now + PATIENCE);
        match timeout(due.since(now), socket.next()).await {
            Err(_) => line.handle(clock.now(), LineInput::Tick),
            Ok(Some(Ok(Message::Text(text)))) => {
                let text = stream::Message::Text(text.as_str());
                line.handle(clock.now(), LineInput::Message(text));
            }
            Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => {
                line.handle(clock.now(), LineInput::Hangup);
            }
            Ok(Some(Ok(_))) => {}
        }
    }
}

async fn office(dir: &Path) -> (Running, Listen, SocketAddr) {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let config = Config {
        calls_dir: dir.to_owned(),
        store: Store { file: dir.join("store.db"), postgres: None },
        models_dir: Some(models),
        stream_secret: Some(SecretString::from(SECRET)),
        inbound: Inbound { greeting: GREETING.to_owned(), ..Inbound::default() },
        ..Config::default()
    };
    let cast = Cast::load(&config, &mut |_| {}).expect("models");
    let ear = cast.callee_ear.clone().expect("an embedded ear");
    let listener = http::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("bound");
    let address = listener.local_addr().expect("an address");
    let Serving { running, desk, .. } = assembly::serve(&config, cast, address).expect("started");
    let router = http::router(desk);
    tokio::spawn(http::serve(listener, router, 16, None));
    (running, ear, address)
}

/// The samples of the first thing that was said. A voice that had too little time falls silent for a moment.
fn greeting_in(runs: &[Run]) -> Range<usize> {
    let first = runs.first().expect("a greeting");
    let rests = runs.iter().zip(runs.iter().skip(1));
    let last = rests.take_while(|(said, next)| next.from_sample - said.to_sample < RATE / 2);
    let to = last.last().map_or(first, |(_, next)| next).to_sample;
    first.from_sample as usize..to as usize
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorded_person_and_the_agent_understand_each_other() {
    let dir = tempfile::tempdir().expect("a folder");
    let (running, ear, address) = office(dir.path()).await;
    let line = timeout(2 * PATIENCE, call(address, Clock::start())).await.expect("over in time");
    let known = running.exchange.find(CALL).expect("known");
    timeout(PATIENCE, known.over()).await.expect("over in time");
    let body = known.body();
    assert_eq!(body["outcome"], "answered", "{body:#}");
    assert!(line.complaints().is_empty(), "{:?}", line.complaints());

    // What the agent understood of the person.
    let lines = body["transcript"].as_array().expect("a transcript");
    let of = |role: &str| -> String {
        let texts = lines.iter().filter(|line| line["role"] == role);
        texts.filter_map(|line| line["text"].as_str()).collect::<Vec<_>>().join(" ")
    };
    let meant = "I'd like to speak to customer support. Queen of clubs. \
                 Unless to be rather cold hearted and rather selfish is to be ill disposed.";
    let heard = of("user");
    println!("understood: {heard}");
    let wrong = error_rate(meant, &heard);
    assert!(wrong <= 0.35, "{wrong}: {body:#}");

    // What the person understood of the agent: the same words that the agent believes it said.
    let greeting_at = greeting_in(line.runs());
    let greeting = &line.heard()[greeting_at.clone()];
    let understood = ear(greeting);
    println!("they heard: {understood}");
    assert!(error_rate(GREETING, &understood) <= 0.2, "{understood}");

    // By spectrum: a voice in the telephone's band, and not a trace of the person's own hum.
    let voice = Spectrum::of(greeting).peak_hz();
    assert!((80.0..1_000.0).contains(&voice), "{voice} Hz");
    let meanwhile = &line.said()[greeting_at];
    assert!(hears_tone(meanwhile, HUM_HZ), "the hum went out");
    assert!(!hears_tone(greeting, HUM_HZ), "the person hears their own hum");
    assert_eq!(line.counts().lost_at_end, 0, "{:?}", line.counts());
    assert!(line.started_at() > Mono::ZERO);
}
