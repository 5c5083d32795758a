//! One streamed answer put together: text as it comes, tool calls when they are whole. Tolerates what
//! servers do differently: no index, whole calls in one chunk, ids repeated or null, role-only
//! chunks, reasoning fields, errors as data after HTTP 200, no `[DONE]`.

use serde_json::Value;

use crate::{fault::FaultClass, llm::ToolCall};

/// Most tool calls in one answer; more are dropped.
const CALLS_MAX: usize = 16;
/// Longest arguments of one call, in bytes; a longer call is garbage.
const ARGUMENTS_BYTES_MAX: usize = 64 * 1024;

/// What a chunk means.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Chunk {
    /// Nothing for us.
    Nothing,
    /// More text.
    Text(String),
    /// `[DONE]`.
    Done,
    /// The server says that it failed.
    Error(FaultClass, String),
}

#[derive(Clone, Debug, Default)]
struct Partial {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
}

/// One answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    calls: Vec<Partial>,
    /// `finish_reason` came: the answer is whole even without `[DONE]`.
    pub(super) is_finished: bool,
}

impl Answer {
    /// Takes in the data of one event.
    pub(super) fn push(&mut self, data: &str) -> Chunk {
        if data.trim() == "[DONE]" {
            return Chunk::Done;
        }
        let Ok(chunk) = serde_json::from_str::<Value>(data) else {
            return Chunk::Error(FaultClass::Garbage, "a chunk is not JSON".to_owned());
        };
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            return error_of(error);
        }
        let Some(choice) = chunk.get("choices").and_then(|choices| choices.get(0)) else {
            return Chunk::Nothing;
        };
        self.is_finished |= choice.get("finish_reason").is_some_and(Value::is_string);
        let delta = choice.get("delta").or_else(|| choice.get("message")).unwrap_or(&Value::Null);
        if let Some(calls) = delta.get("tool_calls").and_then(Value::as_array) {
            for call in calls {
                if !self.call(call) {
                    let detail = "a tool call is too long".to_owned();
                    return Chunk::Error(FaultClass::Garbage, detail);
                }
            }
        }
        match delta.get("content").and_then(Value::as_str) {
            Some(text) if !text.is_empty() => Chunk::Text(text.to_owned()),
            _ => Chunk::Nothing,
        }
    }

    /// Whether anything of a tool call has come.
    pub(super) fn has_calls(&self) -> bool {
        !self.calls.is_empty()
    }

    /// The whole calls, at the end. Arguments that are no JSON object become an empty one: the tool
    /// then says what is missing.
    pub(super) fn calls(&mut self) -> Vec<ToolCall> {
        let calls =
            std::mem::take(&mut self.calls).into_iter().filter(|call| !call.name.is_empty());
        calls
            .enumerate()
            .map(|(number, call)| ToolCall {
                id: if call.id.is_empty() { format!("call_{}", number + 1) } else { call.id },
                name: call.name,
                arguments: serde_json::from_str::<Value>(&call.arguments)
                    .ok()
                    .filter(Value::is_object)
                    .unwrap_or_else(|| Value::Object(serde_json::Map::new())),
            })
            .collect()
    }

    /// A piece of a tool call. `false` when it grows too long.
    fn call(&mut self, piece: &Value) -> bool {
        let index = piece.get("index").and_then(Value::as_u64);
        let id = piece.get("id").and_then(Value::as_str).unwrap_or_default();
        let function = piece.get("function").unwrap_or(&Value::Null);
        let name = function.get("name").and_then(Value::as_str).unwrap_or_default();
        let at = match index {
            Some(_) => self.calls.iter().position(|call| call.index == index),
            // Without an index a new id or a new name begins a new call.
            None if !id.is_empty() => self.calls.iter().position(|call| call.id == id),
            None if !name.is_empty() => None,
            None => self.calls.len().checked_sub(1),
        };
        let at = at.unwrap_or(self.calls.len());
        if at >= CALLS_MAX {
            return true;
        }
        if at == self.calls.len() {
            self.calls.push(Partial { index, ..Partial::default() });
        }
        let call = &mut self.calls[at];
        if call.id.is_empty() {
            id.clone_into(&mut call.id);
        }
        if call.name.is_empty() {
            name.clone_into(&mut call.name);
        }
        match function.get("arguments") {
            Some(Value::String(arguments)) => call.arguments.push_str(arguments),
            Some(whole @ Value::Object(_)) => call.arguments = whole.to_string(),
            _ => {}
        }
        call.arguments.len() <= ARGUMENTS_BYTES_MAX
    }
}

/// An error object of a server: in the stream, or as the body of an HTTP error.
pub(super) fn error_of(error: &Value) -> Chunk {
    let text = |name: &str| {
        error.get(name).map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    };
    let message = error.as_str().map(str::to_owned).or_else(|| text("message")).unwrap_or_default();
    let kind = format!("{} {}", text("type").unwrap_or_default(), text("code").unwrap_or_default());
    let kind = kind.to_lowercase();
    let class = if kind.contains("rate_limit") || kind.contains("quota") || kind.contains("429") {
        FaultClass::Quota
    } else if kind.contains("auth") || kind.contains("api_key") || kind.contains("401") {
        FaultClass::Auth
    } else if kind.contains("invalid") || kind.contains("400") {
        FaultClass::BadRequest
    } else {
        FaultClass::Transient
    };
    Chunk::Error(class, message.chars().take(200).collect())
}
