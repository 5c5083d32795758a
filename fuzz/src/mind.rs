//! What reaches the mind of a call: inputs as the journal writes them, and what its brain is asked.

use std::time::Duration;

use agent::brief::Brief;
use agent::call::{Call, CallConfig, Input, Output};
use agent::llm::{self, Dialect as _, Prompt, ThoughtId};
use media::Mono;
use telephony::Direction;

use crate::bytes::Bytes;

/// Most inputs of one call.
const STEPS_MAX: usize = 300;
/// Outputs after which a machine counts as talking to itself.
const OUTPUTS_MAX: usize = 10_000;

/// A call fed with any inputs in any order, one JSON line each, as in its journal.
pub fn call(data: &[u8]) {
    let mut call = Call::new(CallConfig {
        direction: Direction::Outbound,
        to: "+12125550123".parse().ok(),
        from: None,
        brief: Brief { task: "Book a table for two at 7 pm.".to_owned(), ..Brief::default() },
        policy: agent::call::Policy::default(),
    });
    let mut now = Mono::ZERO;
    let mut ended = false;
    for line in data.split(|byte| *byte == b'\n').take(STEPS_MAX) {
        now = match (call.deadline(), line.first()) {
            (Some((at, _)), Some(b'@')) => now.max(at),
            _ => now + Duration::from_millis(20),
        };
        let input = serde_json::from_slice(line.strip_prefix(b"@").unwrap_or(line));
        call.handle(now, input.unwrap_or(Input::Tick));
        drain_call(&mut call, &mut ended);
    }
    // Left alone, it ends by its own limits.
    for _ in 0..STEPS_MAX {
        let Some((at, _)) = call.deadline() else { break };
        now = now.max(at);
        call.handle(now, Input::Tick);
        drain_call(&mut call, &mut ended);
    }
}

fn drain_call(call: &mut Call, ended: &mut bool) {
    let mut outputs = 0;
    while let Some(output) = call.poll() {
        outputs += 1;
        assert!(outputs < OUTPUTS_MAX, "outputs without end");
        let harmless = matches!(output, Output::Ignored { .. } | Output::Record(_));
        assert!(!*ended || harmless, "after the end: {output:?}");
        *ended |= matches!(output, Output::Ended(_));
    }
}

/// The embedded brain, with any task and any dialogue.
pub fn brain(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let brief = Brief { task: bytes.text(), personality: Some(bytes.text()), ..Brief::default() };
    let mut brain = llm::brain::Brain::new(&brief);
    let mut messages = Vec::new();
    for number in 0..20 {
        if bytes.is_empty() {
            break;
        }
        let role =
            if bytes.byte().is_multiple_of(4) { llm::Role::Assistant } else { llm::Role::User };
        let text = bytes.text();
        messages.push(llm::Message { role, text, calls: Vec::new(), answers: None });
        let prompt = Prompt { messages: messages.clone(), tools: Vec::new() };
        brain.handle(Mono::ZERO, llm::Input::Think { thought: ThoughtId(number), prompt: &prompt });
        drain(|| brain.poll().is_some());
    }
}

pub(crate) fn drain(mut more: impl FnMut() -> bool) {
    let mut outputs = 0;
    while more() {
        outputs += 1;
        assert!(outputs < OUTPUTS_MAX, "outputs without end");
    }
}
