//! Exact wire bytes in, events out; and the request's exact body.

use serde_json::{Value, json};

use super::*;
use crate::llm::{Message, Prompt, Role, ToolCall, ToolSpec};

const ONE: ThoughtId = ThoughtId(1);

fn config() -> Config {
    Config {
        url: "https://llm.example/v1/chat/completions".into(),
        key: Some("secret".into()),
        model: "m".into(),
        temperature: None,
        tokens_max: None,
        stall_ms_max: 5_000,
    }
}

fn at(ms: u64) -> Mono {
    Mono::from_millis(ms)
}

fn prompt() -> Prompt {
    let text = |role, text: &str| Message { role, text: text.into(), calls: vec![], answers: None };
    let call = ToolCall { id: "c1".into(), name: "wait".into(), arguments: json!({"seconds": 5}) };
    Prompt {
        messages: vec![
            text(Role::System, "Be short."),
            text(Role::User, "Hold on."),
            Message { calls: vec![call], ..text(Role::Assistant, "") },
            Message { answers: Some("c1".into()), ..text(Role::Tool, "waiting") },
        ],
        tools: vec![ToolSpec {
            name: "wait".into(),
            description: "Wait.".into(),
            parameters: json!({"type": "object"}),
        }],
    }
}

/// A dialect that was asked and has posted.
fn asked() -> OpenAi {
    let mut dialect = OpenAi::new(config());
    dialect.handle(at(0), Input::Think { thought: ONE, prompt: &prompt() });
    assert!(matches!(dialect.poll(), Some(Output::Wire(Outgoing::Post { .. }))));
    dialect
}

/// Drains as short words: text as it is, `call name arguments`, `done`, `failed class`, wire words.
fn drain(dialect: &mut OpenAi) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    let mut text = String::new();
    while let Some(output) = dialect.poll() {
        let word = match output {
            Output::Event(Event::Text { delta, .. }) => {
                text.push_str(&delta);
                continue;
            }
            Output::Event(Event::Tool { call, .. }) => {
                format!("call {} {} {}", call.id, call.name, call.arguments)
            }
            Output::Event(Event::Done { .. }) => "done".into(),
            Output::Event(Event::Failed { fault, .. }) => format!("failed {:?}", fault.class),
            Output::Wire(Outgoing::Abort) => "abort".into(),
            Output::Wire(other) => {
                format!("{other:?}").split(['(', ' ']).next().unwrap_or_default().to_owned()
            }
        };
        if !text.is_empty() {
            seen.push(format!("'{}'", std::mem::take(&mut text)));
        }
        seen.push(word);
    }
    if !text.is_empty() {
        seen.push(format!("'{text}'"));
    }
    seen
}

fn text(text: &str) -> String {
    format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": {"content": text}}]}))
}

fn calls(calls: Value) -> String {
    format!("data: {}\n\n", json!({"choices": [{"delta": {"tool_calls": calls}}]}))
}

fn finish(reason: &str) -> String {
    format!("data: {}\n\n", json!({"choices": [{"delta": {}, "finish_reason": reason}]}))
}

const DONE: &str = "data: [DONE]\n\n";

#[test]
fn the_request_is_exact() {
    let mut dialect = OpenAi::new(config());
    dialect.handle(at(0), Input::Think { thought: ONE, prompt: &prompt() });
    let Some(Output::Wire(Outgoing::Post { request, body })) = dialect.poll() else {
        panic!("no post")
    };
    assert_eq!(request.url, "https://llm.example/v1/chat/completions");
    assert!(request.headers.contains(&("authorization", "Bearer secret".into())));
    let body: Value = serde_json::from_str(&body).expect("JSON");
    let expected = json!({
        "model": "m", "stream": true, "stream_options": {"include_usage": true}, "tool_choice": "auto",
        "messages": [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": "Hold on."},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "wait", "arguments": "{\"seconds\":5}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "waiting"},
        ],
        "tools": [{"type": "function", "function": {"name": "wait", "description": "Wait.", "parameters": {"type": "object"}}}],
    });
    assert_eq!(body, expected);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn streams_of_many_servers() {
    let role = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\n\n";
    let usage = "data: {\"choices\":[],\"usage\":{\"total_tokens\":9}}\n\n";
    let reasoning =
        "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\",\"reasoning\":\"hm\"}}]}\n\n";
    let piece = |arguments: &str| json!([{"index": 0, "function": {"arguments": arguments}}]);
    let table: Vec<(&str, String, &[&str])> = vec![
        (
            "plain",
            format!("{role}{}{}{}{usage}{DONE}", text("Hi"), text(" there"), finish("stop")),
            &["'Hi there'", "done"],
        ),
        (
            "comments and reasoning",
            format!(": OPENROUTER PROCESSING\n\n{reasoning}{}{DONE}", text("Hi")),
            &["'Hi'", "done"],
        ),
        ("no [DONE]", format!("{}{}", text("Hi"), finish("length")), &["'Hi'", "done"]),
        ("broken off", text("Hi"), &["'Hi'", "abort", "failed Transient"]),
        (
            "a call in pieces",
            format!(
                "{}{}{}{}{DONE}",
                calls(
                    json!([{"index": 0, "id": "c9", "type": "function", "function": {"name": "wait", "arguments": ""}}])
                ),
                calls(piece("{\"sec")),
                calls(piece("onds\":5}")),
                finish("tool_calls")
            ),
            &["call c9 wait {\"seconds\":5}", "done"],
        ),
        (
            "two calls",
            format!(
                "{}{DONE}",
                calls(json!([
            {"index": 0, "id": "a", "function": {"name": "report", "arguments": "{\"done\":true}"}},
            {"index": 1, "id": "b", "function": {"name": "hang_up", "arguments": "{}"}}]))
            ),
            &["call a report {\"done\":true}", "call b hang_up {}", "done"],
        ),
        (
            "no index, whole, object arguments",
            format!(
                "{}{}{DONE}",
                calls(
                    json!([{"id": "a", "function": {"name": "wait", "arguments": {"seconds": 5}}}])
                ),
                calls(json!([{"id": "b", "function": {"name": "hang_up", "arguments": "{}"}}]))
            ),
            &["call a wait {\"seconds\":5}", "call b hang_up {}", "done"],
        ),
        (
            "id null, then repeated",
            format!(
                "{}{}{DONE}",
                calls(
                    json!([{"index": 0, "id": null, "function": {"name": "wait", "arguments": "{\"seconds\""}}])
                ),
                calls(
                    json!([{"index": 0, "id": "x", "function": {"name": "wait", "arguments": ":5}"}}])
                )
            ),
            &["call x wait {\"seconds\":5}", "done"],
        ),
        (
            "no id at all",
            format!("{}{DONE}", calls(json!([{"function": {"name": "hang_up", "arguments": ""}}]))),
            &["call call_1 hang_up {}", "done"],
        ),
        (
            "broken arguments",
            format!(
                "{}{DONE}",
                calls(
                    json!([{"index": 0, "id": "a", "function": {"name": "say", "arguments": "{\"te"}}])
                )
            ),
            &["call a say {}", "done"],
        ),
        (
            "error after 200",
            "data: {\"error\":{\"message\":\"slow down\",\"code\":\"rate_limit_exceeded\"}}\n\n"
                .into(),
            &["abort", "failed Quota"],
        ),
        (
            "error in mid-answer",
            format!("{}data: {{\"error\":\"oops\"}}\n\n", text("Hi")),
            &["'Hi'", "abort", "failed Transient"],
        ),
        ("garbage", "data: {nonsense\n\n".into(), &["abort", "failed Garbage"]),
        ("not a stream", "<html>hello</html>".into(), &["abort", "failed Transient"]),
    ];
    for (name, stream, expected) in table {
        for step in [1, 7, 100_000] {
            let mut dialect = asked();
            dialect
                .handle(at(10), Input::Wire(Incoming::Status { code: 200, retry_after_s: None }));
            for chunk in stream.as_bytes().chunks(step) {
                dialect.handle(at(20), Input::Wire(Incoming::Body(chunk)));
            }
            dialect.handle(at(30), Input::Wire(Incoming::BodyEnd));
            assert_eq!(drain(&mut dialect), expected, "{name} in steps of {step}");
            assert_eq!(dialect.deadline(), None, "{name}");
        }
    }
}

fn refuse(dialect: &mut OpenAi, now: u64, code: u16, retry_after_s: Option<u32>) {
    dialect.handle(at(now), Input::Wire(Incoming::Status { code, retry_after_s }));
    dialect.handle(at(now), Input::Wire(Incoming::Body(b"{\"error\":{\"message\":\"no\"}}")));
    dialect.handle(at(now), Input::Wire(Incoming::BodyEnd));
}

#[test]
fn a_passing_refusal_is_tried_once_more() {
    for (code, after, wait_ms) in
        [(429, Some(1), 1_000), (429, None, 300), (503, None, 300), (500, Some(3), 3_000)]
    {
        let mut dialect = asked();
        refuse(&mut dialect, 10, code, after);
        assert_eq!(drain(&mut dialect), [""; 0], "{code}");
        assert_eq!(dialect.deadline(), Some(at(10 + wait_ms)));
        dialect.handle(at(10 + wait_ms), Input::Tick);
        assert_eq!(drain(&mut dialect), ["Post"]);
        dialect.handle(
            at(4_000),
            Input::Wire(Incoming::Body(format!("{}{DONE}", text("Hi")).as_bytes())),
        );
        assert_eq!(drain(&mut dialect), ["'Hi'", "done"]);
    }
}

#[test]
fn refusals_that_stay_are_told() {
    for (code, after, class) in [
        (400, None, "BadRequest"),
        (401, None, "Auth"),
        (402, None, "Quota"),
        (404, None, "BadRequest"),
        (429, Some(60), "Quota"),
    ] {
        let mut dialect = asked();
        refuse(&mut dialect, 10, code, after);
        if code == 402 {
            dialect.handle(at(310), Input::Tick);
            drain(&mut dialect);
            refuse(&mut dialect, 320, code, after);
        }
        assert_eq!(drain(&mut dialect), [format!("failed {class}")], "{code}");
    }
    let mut dialect = asked();
    refuse(&mut dialect, 10, 503, None);
    dialect.handle(at(310), Input::Tick);
    refuse(&mut dialect, 320, 503, None);
    assert_eq!(drain(&mut dialect), ["Post", "failed Transient"]);
}

#[test]
fn a_stall_is_given_up_by_deadline() {
    let mut dialect = asked();
    dialect.handle(at(1_000), Input::Wire(Incoming::Body(b": keepalive\n\n")));
    assert_eq!(dialect.deadline(), Some(at(6_000)));
    dialect.handle(at(5_999), Input::Tick);
    assert_eq!(drain(&mut dialect), [""; 0]);
    dialect.handle(at(6_000), Input::Tick);
    assert_eq!(drain(&mut dialect), ["abort", "failed Stalled"]);
}

#[test]
fn cancelling_drops_the_request_and_late_bytes() {
    let mut dialect = asked();
    dialect.handle(at(10), Input::Cancel(ThoughtId(7)));
    assert_eq!(drain(&mut dialect), [""; 0]);
    dialect.handle(at(10), Input::Cancel(ONE));
    dialect.handle(at(20), Input::Wire(Incoming::Body(text("late").as_bytes())));
    assert_eq!(drain(&mut dialect), ["abort"]);
    dialect.handle(at(30), Input::Think { thought: ThoughtId(2), prompt: &prompt() });
    dialect.handle(at(40), Input::Think { thought: ThoughtId(3), prompt: &prompt() });
    assert_eq!(drain(&mut dialect), ["Post", "abort", "Post"]);
}

#[test]
fn the_connection_breaks() {
    let mut dialect = asked();
    dialect.handle(at(10), Input::Wire(Incoming::Failed { reason: "reset" }));
    assert_eq!(drain(&mut dialect), ["abort", "failed Transient"]);
}

#[test]
fn any_bytes_end_in_some_way() {
    use proptest::prelude::*;
    proptest!(|(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..8))| {
        let mut dialect = asked();
        for chunk in &chunks {
            dialect.handle(at(1), Input::Wire(Incoming::Body(chunk)));
        }
        dialect.handle(at(2), Input::Wire(Incoming::BodyEnd));
        let seen = drain(&mut dialect);
        prop_assert!(seen.last().is_some_and(|last| last == "done" || last.starts_with("failed")));
    });
}
