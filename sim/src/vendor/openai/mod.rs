//! Chat completions over server-sent events, as OpenAI and the servers like it behave.
//!
//! Source: OpenAI's API reference "Chat completions, streaming", and [`Style`] for the others. It
//! does not think: its answer is given. Left out: several choices, log probabilities, images.

mod admit;
mod style;

use std::time::Duration;

use agent::wire::Outgoing;
use media::Mono;
use serde_json::{Value, json};

use self::admit::{Asked, admit};
pub use self::style::{Style, ToolId};
use super::{Emulator, Input, Sent, outbox::Outbox};

/// What the model answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Text, streamed word by word.
    Text(String),
    /// A tool call.
    Tool {
        /// Its id, where the style gives one.
        id: String,
        /// Name of the tool.
        name: String,
        /// Arguments.
        arguments: Value,
    },
    /// An error as a data line after HTTP 200; nothing follows.
    Error {
        /// HTTP status the server would have given.
        code: u16,
        /// For people.
        message: String,
    },
    /// The connection ends without `[DONE]`.
    BreakOff,
}

/// How this request is answered, and to whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The only key that is let in; `None`: nobody asks.
    pub key: Option<String>,
    /// The server's habits.
    pub style: Style,
    /// The answer.
    pub answer: Vec<Answer>,
    /// `finish_reason` when there are no tool calls: `stop`, `length`, `content_filter`.
    pub finish: &'static str,
    /// From the request to the first piece, in ms.
    pub first_ms: u32,
    /// Between pieces, in ms.
    pub step_ms: u32,
}

impl Config {
    /// This answer, as OpenAI gives it, at a usual speed.
    pub fn new(key: &str, answer: Vec<Answer>) -> Self {
        let key = Some(key.to_owned());
        Self { key, style: Style::OPENAI, answer, finish: "stop", first_ms: 250, step_ms: 20 }
    }
}

/// A server's end of one request.
pub struct OpenAi {
    config: Config,
    out: Outbox,
}

impl OpenAi {
    /// Waits for `Post`.
    pub fn new(config: Config) -> Self {
        Self { config, out: Outbox::default() }
    }

    fn refuse(&mut self, now: Mono, code: u16, what: &str) {
        let kind = if code == 401 { "authentication_error" } else { "invalid_request_error" };
        let body = json!({"error": {"message": what, "type": kind, "param": null, "code": null}});
        self.out.at(now, Sent::Status { code, retry_after_s: None });
        self.out.at(now, Sent::Body(body.to_string().into_bytes()));
        self.out.at(now, Sent::BodyEnd);
    }

    fn answer(&mut self, now: Mono, asked: &Asked) {
        self.out.at(now, Sent::Status { code: 200, retry_after_s: None });
        let step = Duration::from_millis(u64::from(self.config.step_ms));
        let mut when = now + Duration::from_millis(u64::from(self.config.first_ms));
        for event in events(&self.config, asked) {
            let size = self.config.style.piece_bytes.unwrap_or(event.len()).max(1);
            for piece in event.as_bytes().chunks(size) {
                self.out.at(when, Sent::Body(piece.to_vec()));
            }
            when = when + step;
        }
        self.out.at(when, Sent::BodyEnd);
    }
}

/// All events of an answer, as they stand on the wire.
fn events(config: &Config, asked: &Asked) -> Vec<String> {
    let style = &config.style;
    let chunk = |delta: Value, finish: Value| chunk(asked, &delta, &finish);
    let mut events = Vec::new();
    if style.role_only_chunk {
        let delta = json!({"role": "assistant", "content": "", "refusal": null});
        events.push(data(style, &chunk(delta, Value::Null)));
    }
    if let Some(field) = style.reasoning {
        for thought in ["The user ", "wants something."] {
            let delta = json!({"content": null, field: thought});
            events.push(data(style, &chunk(delta, Value::Null)));
        }
    }
    let (mut tools, mut ended) = (0, false);
    for answer in &config.answer {
        match answer {
            Answer::Text(text) => events.extend(
                text.split_inclusive(' ')
                    .map(|word| data(style, &chunk(json!({"content": word}), Value::Null))),
            ),
            Answer::Tool { id, name, arguments } => {
                let deltas = tool_deltas(style, tools, id, name, arguments);
                events.extend(
                    deltas.into_iter().map(|delta| data(style, &chunk(delta, Value::Null))),
                );
                tools += 1;
            }
            Answer::Error { code, message } => {
                let error = json!({"error": {"message": message, "code": code,
                    "type": if *code == 429 { "rate_limit_error" } else { "server_error" }}});
                events.push(data(style, &error));
                ended = true;
            }
            Answer::BreakOff => ended = true,
        }
        if ended {
            return events;
        }
    }
    let finish = if tools > 0 { style.tool_finish } else { config.finish };
    events.push(data(style, &chunk(json!({}), json!(finish))));
    if asked.include_usage && style.usage_chunk {
        let mut last = chunk(json!({}), Value::Null);
        last["choices"] = json!([]);
        last["usage"] = json!({"prompt_tokens": 20, "completion_tokens": 9, "total_tokens": 29});
        events.push(data(style, &last));
    }
    events.push(line(style, "[DONE]"));
    events
}

fn chunk(asked: &Asked, delta: &Value, finish: &Value) -> Value {
    json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_760_000_000,
        "model": asked.model, "system_fingerprint": null,
        "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]})
}

/// The pieces in which a tool call comes.
fn tool_deltas(style: &Style, n: usize, id: &str, name: &str, arguments: &Value) -> Vec<Value> {
    let arguments = arguments.to_string();
    let pieces: Vec<String> = if style.tool_pieces {
        let letters: Vec<char> = arguments.chars().collect();
        let pieces = letters.chunks(4).map(|piece| piece.iter().collect());
        std::iter::once(String::new()).chain(pieces).collect()
    } else {
        vec![arguments]
    };
    let delta = |(piece, arguments): (usize, String)| {
        let mut call = json!({"function": {"arguments": arguments}});
        if style.tool_index {
            call["index"] = json!(n);
        }
        let repeated = style.tool_id == ToolId::Repeated;
        if piece == 0 || repeated {
            call["type"] = json!("function");
            call["function"]["name"] = json!(name);
        }
        match style.tool_id {
            ToolId::Never => {}
            ToolId::Once | ToolId::ThenNull | ToolId::Repeated if piece == 0 || repeated => {
                call["id"] = json!(id);
            }
            ToolId::ThenNull => call["id"] = Value::Null,
            ToolId::Once | ToolId::Repeated => {}
        }
        json!({"tool_calls": [call]})
    };
    pieces.into_iter().enumerate().map(delta).collect()
}

fn data(style: &Style, value: &Value) -> String {
    line(style, &value.to_string())
}

/// One event, with the comment that comes before it.
fn line(style: &Style, data: &str) -> String {
    let end = if style.crlf { "\r\n" } else { "\n" };
    let space = if style.space { " " } else { "" };
    let comment = style.comment.map_or(String::new(), |text| format!("{text}{end}{end}"));
    format!("{comment}data:{space}{data}{end}{end}")
}

impl Emulator for OpenAi {
    fn handle(&mut self, now: Mono, input: Input<'_>) {
        match input {
            Input::Client(Outgoing::Post { request, body }) => {
                let key = self.config.key.as_deref();
                match admit(request, body, key) {
                    Ok(asked) => self.answer(now, &asked),
                    Err((code, what)) => self.refuse(now, code, what),
                }
            }
            Input::Client(Outgoing::Abort) => self.out.clear(),
            Input::Client(_) | Input::Tick => {}
        }
        self.out.tick(now);
    }

    fn poll(&mut self) -> Option<Sent> {
        self.out.pop()
    }

    fn deadline(&self) -> Option<Mono> {
        self.out.next_at()
    }
}
