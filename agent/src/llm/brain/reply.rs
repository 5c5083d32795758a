//! An answer: what is said, and which tools are called.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::llm::ToolCall;

/// An answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Reply {
    pub(super) text: String,
    pub(super) calls: Vec<ToolCall>,
}

/// Words alone.
pub(super) fn plain(text: &str) -> Reply {
    Reply { text: text.to_owned(), calls: Vec::new() }
}

pub(super) fn call(name: &str, arguments: Value) -> ToolCall {
    ToolCall { id: format!("brain_{name}"), name: name.to_owned(), arguments }
}

pub(super) fn hang_up() -> ToolCall {
    call("hang_up", json!({}))
}

pub(super) fn report(done: bool, summary: &str, facts: &BTreeMap<String, String>) -> ToolCall {
    call("report", json!({ "done": done, "summary": summary, "facts": facts }))
}
