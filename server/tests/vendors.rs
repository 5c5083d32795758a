//! The real dialects through the generic shells, over real loopback sockets, against the vendors'
//! emulators.

use std::time::Duration;

use agent::{
    FaultClass, llm,
    llm::{Dialect as _, openai},
    stt,
    stt::{Dialect as _, SegmentId, deepgram},
    tts,
    tts::{Dialect as _, cartesia},
};
use media::{
    circuit::UtteranceId,
    codec::g711::{mulaw_decode, mulaw_encode},
};
use server::{clock::Clock, shell::Wire};
use sim::vendor::{self, Emulator, Make, Trouble, Troubled, serve};
use tokio::time::{Instant, sleep_until, timeout};

const KEY: &str = "the-key";
/// No test waits longer; none depends on being faster.
const PATIENCE: Duration = Duration::from_secs(30);

/// Emulators of which the first has this trouble.
fn make<E: Emulator + 'static>(
    trouble: Option<Trouble>,
    one: impl Fn() -> E + Send + 'static,
) -> Make {
    Box::new(move |n| match trouble.clone().filter(|_| n == 0) {
        Some(trouble) => Box::new(Troubled::new(one(), trouble)),
        None => Box::new(one()),
    })
}

fn wire() -> Wire {
    // Whoever is first in this process decides; it is the same for all.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Wire::new(reqwest::Client::builder().no_proxy().build().expect("a client"))
}

/// Sleeps until a dialect's deadline; for ever without one.
async fn until(clock: Clock, deadline: Option<media::Mono>) {
    match deadline {
        Some(at) => sleep_until(Instant::from_std(clock.instant(at))).await,
        None => std::future::pending().await,
    }
}

/// Drives a dialect over its wire until an event ends the test; gives all events.
macro_rules! drive {
    ($floor:ident, $dialect:ident, $clock:ident, $is_end:expr, $sound:ident) => {{
        let (mut wire, mut events) = (wire(), Vec::new());
        let run = async {
            loop {
                while let Some(output) = $dialect.poll() {
                    match output {
                        $floor::Output::Wire(outgoing) => wire.send(outgoing),
                        $floor::Output::Event(event) => events.push(event),
                        #[allow(unreachable_patterns)]
                        other => $sound(other),
                    }
                }
                if events.iter().any($is_end) {
                    return;
                }
                let deadline = $dialect.deadline();
                tokio::select! {
                    news = wire.next() => {
                        $dialect.handle($clock.now(), $floor::Input::Wire(news.as_incoming()));
                    }
                    () = until($clock, deadline) => {
                        $dialect.handle($clock.now(), $floor::Input::Tick);
                    }
                }
            }
        };
        timeout(PATIENCE, run).await.expect("an end in time");
        events
    }};
}

async fn hear(key: &str, trouble: Option<Trouble>) -> (Vec<stt::Event>, usize) {
    let one = || {
        let words = vendor::deepgram::spoken(0.1, "Hello, this is Rosa.");
        let config = vendor::deepgram::Config { key: KEY.into(), words, latency_ms: 5 };
        vendor::deepgram::Deepgram::new(config)
    };
    let served = serve::websocket(make(trouble, one)).await.expect("a port");
    let (url, key) = (served.ws_url("/v1/listen"), key.to_owned());
    let clock = Clock::start();
    let mut ear = deepgram::Deepgram::new(deepgram::Config { url, key, ..Default::default() });
    let segment = SegmentId(1);
    ear.handle(clock.now(), stt::Input::Open { segment, from_sample: 800 });
    ear.handle(clock.now(), stt::Input::Audio(&[0; 16_000]));
    ear.handle(clock.now(), stt::Input::Finalise { segment, to_sample: 12_000 });
    let sound = |_: stt::Output| {};
    let is_end = |event: &stt::Event| matches!(event, stt::Event::Final { .. });
    let events = drive!(stt, ear, clock, is_end, sound);
    (events, served.connections())
}

fn ear_fault(events: &[stt::Event]) -> Option<(FaultClass, bool)> {
    events.iter().find_map(|event| match event {
        stt::Event::Failed { fault, retrying } => Some((fault.class, *retrying)),
        _ => None,
    })
}

#[tokio::test]
async fn deepgram_over_a_socket() {
    for (key, trouble, fault) in [
        (KEY, None, None),
        ("stolen", None, Some((FaultClass::Auth, false))),
        (
            KEY,
            Some(Trouble::Refuse { code: 503, retry_after_s: None }),
            Some((FaultClass::Transient, true)),
        ),
        (KEY, Some(Trouble::Garbage { after: 0 }), Some((FaultClass::Garbage, true))),
        (KEY, Some(Trouble::Vanish { after: 0 }), Some((FaultClass::Transient, true))),
        (
            KEY,
            Some(Trouble::Close { after: 0, code: 1011, reason: "NET-0001" }),
            Some((FaultClass::IdleClose, true)),
        ),
    ] {
        let (events, connections) = hear(key, trouble.clone()).await;
        assert_eq!(ear_fault(&events), fault, "{trouble:?} {events:?}");
        assert!(connections <= 2, "{trouble:?}");
        if fault.is_none() {
            let heard = |event: &stt::Event| matches!(event, stt::Event::Final { text, .. } if text == "Hello, this is Rosa.");
            assert!(events.iter().any(heard), "{events:?}");
        }
    }
}

async fn think(key: &str, trouble: Option<Trouble>) -> (Vec<llm::Event>, usize) {
    let one = || {
        let answer = vec![vendor::openai::Answer::Text("Café Zoë, yes.".into())];
        let config = vendor::openai::Config {
            first_ms: 5,
            step_ms: 1,
            ..vendor::openai::Config::new(KEY, answer)
        };
        vendor::openai::OpenAi::new(config)
    };
    let served = serve::http(make(trouble, one)).await.expect("a port");
    let clock = Clock::start();
    let mut mind = openai::OpenAi::new(openai::Config {
        url: served.http_url("/v1/chat/completions"),
        key: Some(key.to_owned()),
        model: "any".into(),
        temperature: None,
        tokens_max: None,
        stall_ms_max: 500,
    });
    let text = "Café Zoë?".into();
    let message = llm::Message { role: llm::Role::User, text, calls: vec![], answers: None };
    let prompt = llm::Prompt { messages: vec![message], tools: vec![] };
    let thought = llm::ThoughtId(1);
    mind.handle(clock.now(), llm::Input::Think { thought, prompt: &prompt });
    let sound = |_: llm::Output| {};
    let is_end =
        |event: &llm::Event| matches!(event, llm::Event::Done { .. } | llm::Event::Failed { .. });
    let events = drive!(llm, mind, clock, is_end, sound);
    (events, served.connections())
}

#[tokio::test]
async fn chat_completions_over_a_socket() {
    for (key, trouble, fault, requests) in [
        (KEY, None, None, 1),
        ("stolen", None, Some(FaultClass::Auth), 1),
        (KEY, Some(Trouble::Refuse { code: 429, retry_after_s: Some(1) }), None, 2),
        (
            KEY,
            Some(Trouble::Refuse { code: 429, retry_after_s: Some(60) }),
            Some(FaultClass::Quota),
            1,
        ),
        (KEY, Some(Trouble::Refuse { code: 500, retry_after_s: None }), None, 2),
        (KEY, Some(Trouble::Garbage { after: 1 }), Some(FaultClass::Garbage), 1),
        (KEY, Some(Trouble::Stall { after: 1 }), Some(FaultClass::Stalled), 1),
        (KEY, Some(Trouble::Vanish { after: 1 }), Some(FaultClass::Transient), 1),
    ] {
        let (events, connections) = think(key, trouble.clone()).await;
        let failed = events.iter().find_map(|event| match event {
            llm::Event::Failed { fault, .. } => Some(fault.class),
            _ => None,
        });
        assert_eq!((failed, connections), (fault, requests), "{trouble:?} {events:?}");
        let texts = events.iter().filter_map(|event| match event {
            llm::Event::Text { delta, .. } => Some(delta.as_str()),
            _ => None,
        });
        let said: String = texts.collect();
        assert!(said == "Café Zoë, yes." || fault.is_some(), "{said}");
    }
}

async fn speak(key: &str, trouble: Option<Trouble>) -> (Vec<tts::Event>, Vec<i16>, usize) {
    let one = || {
        let config = vendor::cartesia::Config {
            first_ms: 5,
            step_ms: 1,
            delivery_ms: 1,
            ..vendor::cartesia::Config::new(KEY)
        };
        vendor::cartesia::Cartesia::new(config)
    };
    let served = serve::websocket(make(trouble, one)).await.expect("a port");
    let clock = Clock::start();
    let mut voice = cartesia::Cartesia::new(cartesia::Config {
        url: served.ws_url("/tts/websocket"),
        api_key: key.to_owned(),
        version: "2025-04-16".into(),
        model: "any".into(),
        voice: "any".into(),
        language: "en".into(),
    });
    voice.handle(clock.now(), tts::Input::Say { utterance: UtteranceId(1), text: "Hello there." });
    let mut heard = Vec::new();
    let mut sound = |output: tts::Output| {
        if let tts::Output::Audio { samples, .. } = output {
            heard.extend(samples);
        }
    };
    let is_end = |event: &tts::Event| {
        matches!(event, tts::Event::Done { .. } | tts::Event::Failed { utterance: Some(_), .. })
    };
    let events = drive!(tts, voice, clock, is_end, sound);
    (events, heard, served.connections())
}

#[tokio::test]
async fn cartesia_over_a_socket() {
    for (key, trouble, fault, connections) in [
        (KEY, None, None, 1),
        ("stolen", None, Some(FaultClass::Auth), 1),
        (KEY, Some(Trouble::Refuse { code: 429, retry_after_s: Some(1) }), None, 2),
        (KEY, Some(Trouble::Vanish { after: 0 }), None, 2),
        (KEY, Some(Trouble::Vanish { after: 3 }), Some(FaultClass::Transient), 1),
        (
            KEY,
            Some(Trouble::Close { after: 3, code: 1008, reason: "lifetime" }),
            Some(FaultClass::SessionLimit),
            1,
        ),
    ] {
        let (events, heard, opened) = speak(key, trouble.clone()).await;
        let failed = events.iter().find_map(|event| match event {
            tts::Event::Failed { fault, .. } => Some(fault.class),
            _ => None,
        });
        assert_eq!((failed, opened), (fault, connections), "{trouble:?} {events:?}");
        let said = vendor::cartesia::sound("Hello there.");
        let said: Vec<_> = said.into_iter().map(|s| mulaw_decode(mulaw_encode(s))).collect();
        assert_eq!(heard == said, fault.is_none(), "{trouble:?}");
    }
}
