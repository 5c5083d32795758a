//! What comes from speech and language vendors, cut anywhere, with any status and any close.

use std::time::Duration;

use agent::llm::{self, Dialect as _, Prompt, ThoughtId};
use agent::stt::{self, Dialect as _, SegmentId};
use agent::tts::{self, Dialect as _};
use agent::wire::Incoming;
use media::{Mono, circuit::UtteranceId};

use crate::bytes::Bytes;
use crate::mind::drain;

/// Most pieces of one answer.
const STEPS_MAX: usize = 300;

/// Server-sent events of an OpenAI-compatible server.
pub fn openai(data: &[u8]) {
    let mut model = llm::openai::OpenAi::new(llm::openai::Config {
        url: "http://127.0.0.1:1/v1/chat/completions".to_owned(),
        key: None,
        model: "any".to_owned(),
        temperature: None,
        tokens_max: None,
        stall_ms_max: 5_000,
    });
    let prompt = Prompt { messages: Vec::new(), tools: Vec::new() };
    model.handle(Mono::ZERO, llm::Input::Think { thought: ThoughtId(1), prompt: &prompt });
    drain(|| model.poll().is_some());
    answers(data, |now, incoming| {
        model.handle(now, llm::Input::Wire(incoming));
        drain(|| model.poll().is_some());
    });
}

/// Messages of Deepgram, while one segment after the other is heard.
pub fn deepgram(data: &[u8]) {
    let config = stt::deepgram::Config {
        url: "wss://127.0.0.1:1/v1/listen".to_owned(),
        ..stt::deepgram::Config::default()
    };
    let mut ear = stt::deepgram::Deepgram::new(config);
    let mut heard = 0;
    answers(data, |now, incoming| {
        let segment = SegmentId(heard / 4);
        match heard % 4 {
            0 => ear.handle(now, stt::Input::Open { segment, from_sample: u64::from(heard) * 160 }),
            2 => {
                ear.handle(now, stt::Input::Finalise { segment, to_sample: u64::from(heard) * 160 })
            }
            3 => ear.handle(now, stt::Input::Close(segment)),
            _ => {}
        }
        ear.handle(now, stt::Input::Audio(&[0; 160]));
        ear.handle(now, stt::Input::Wire(incoming));
        heard += 1;
        if ear.deadline().is_some_and(|at| at <= now) {
            ear.handle(now, stt::Input::Tick);
        }
        drain(|| ear.poll().is_some());
    });
}

/// Messages of Cartesia, with two utterances under way. Nothing sounds after its end.
pub fn cartesia(data: &[u8]) {
    let mut voice = tts::cartesia::Cartesia::new(tts::cartesia::Config {
        url: "wss://127.0.0.1:1/tts/websocket".to_owned(),
        api_key: String::new(),
        version: "2025-04-16".to_owned(),
        model: "any".to_owned(),
        voice: "any".to_owned(),
        language: "en".to_owned(),
    });
    for (id, text) in [(1, "Hé, there."), (2, "Good bye.")] {
        voice.handle(Mono::ZERO, tts::Input::Say { utterance: UtteranceId(id), text });
    }
    let mut over = Vec::new();
    answers(data, |now, incoming| {
        voice.handle(now, tts::Input::Wire(incoming));
        if voice.deadline().is_some_and(|at| at <= now) {
            voice.handle(now, tts::Input::Tick);
        }
        drain(|| match voice.poll() {
            Some(tts::Output::Audio { utterance, .. }) => {
                assert!(!over.contains(&utterance), "sound after the end");
                true
            }
            Some(tts::Output::Event(
                tts::Event::Done { utterance, .. }
                | tts::Event::Failed { utterance: Some(utterance), .. },
            )) => {
                assert!(!over.contains(&utterance), "two ends");
                over.push(utterance);
                true
            }
            output => output.is_some(),
        });
    });
}

/// Cuts `data` into what a vendor's connection may bring.
fn answers(data: &[u8], mut each: impl FnMut(Mono, Incoming<'_>)) {
    let mut bytes = Bytes::new(data);
    let mut now = Mono::ZERO;
    each(now, Incoming::Opened);
    for _ in 0..STEPS_MAX {
        if bytes.is_empty() {
            break;
        }
        let kind = bytes.byte();
        now = now + Duration::from_millis(u64::from(kind / 16) * 200);
        match kind % 8 {
            0 | 1 => each(now, Incoming::Text(&bytes.text())),
            2 => each(now, Incoming::Binary(bytes.piece())),
            3 => {
                let retry_after_s = (kind & 16 != 0).then(|| bytes.word());
                each(now, Incoming::Status { code: bytes.short(), retry_after_s });
            }
            4 | 5 => each(now, Incoming::Body(bytes.piece())),
            6 => each(now, Incoming::BodyEnd),
            _ => each(now, Incoming::Closed { code: bytes.short(), reason: &bytes.text() }),
        }
    }
}
