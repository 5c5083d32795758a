//! What comes from speech and language vendors, cut anywhere, with any status and any close.

use std::time::Duration;

use agent::llm::{self, Dialect as _, Prompt, ThoughtId};
use agent::wire::Incoming;
use media::Mono;

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
        now = now + Duration::from_millis(u64::from(kind / 16) * 10);
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
