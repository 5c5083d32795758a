//! What is wrong with a request for chat completions, as OpenAI would say it.

use std::collections::BTreeSet;

use agent::wire::Request;
use serde_json::Value;

use crate::vendor::request::{header, path};

/// What the client asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    pub(super) model: String,
    pub(super) include_usage: bool,
}

/// Lets a request in, or says status and message.
pub(super) fn admit(
    request: &Request,
    body: &str,
    key: Option<&str>,
) -> Result<Asked, (u16, &'static str)> {
    if !path(&request.url).ends_with("/chat/completions") {
        return Err((404, "no such route"));
    }
    if let Some(key) = key {
        let given = header(request, "authorization").and_then(|it| it.strip_prefix("Bearer "));
        if given != Some(key) {
            return Err((401, "Incorrect API key provided"));
        }
    }
    let body: Value = serde_json::from_str(body).map_err(|_| (400, "the body is not JSON"))?;
    let model = body["model"].as_str().filter(|model| !model.is_empty());
    let model = model.ok_or((400, "you must provide a model parameter"))?;
    if body["stream"] != true {
        return Err((400, "this emulator only streams"));
    }
    messages(&body["messages"])?;
    let none = Vec::new();
    body["tools"].as_array().unwrap_or(&none).iter().try_for_each(tool)?;
    let include_usage = body["stream_options"]["include_usage"] == true;
    Ok(Asked { model: model.to_owned(), include_usage })
}

fn tool(tool: &Value) -> Result<(), (u16, &'static str)> {
    let function = &tool["function"];
    let named = function["name"].as_str().is_some_and(|name| !name.is_empty());
    let good = named && tool["type"] == "function" && function["parameters"].is_object();
    if good { Ok(()) } else { Err((400, "invalid tool")) }
}

/// Every message has its shape, and every tool result answers a call that was made.
fn messages(messages: &Value) -> Result<(), (u16, &'static str)> {
    let messages = messages.as_array().filter(|list| !list.is_empty());
    let messages = messages.ok_or((400, "messages must not be empty"))?;
    let mut called = BTreeSet::new();
    for message in messages {
        let text = message["content"].is_string();
        let calls = message["tool_calls"].as_array();
        let good = match message["role"].as_str() {
            Some("system" | "developer" | "user") => text,
            Some("assistant") => {
                if !called.is_empty() {
                    return Err((400, "a tool call has no answering tool message"));
                }
                for call in calls.into_iter().flatten() {
                    let arguments = call["function"]["arguments"].as_str();
                    if call["type"] != "function"
                        || !call["function"]["name"].is_string()
                        || arguments.is_none_or(|text| serde_json::from_str::<Value>(text).is_err())
                    {
                        return Err((400, "invalid tool call"));
                    }
                    called.insert(call["id"].as_str().ok_or((400, "a tool call has no id"))?);
                }
                text || calls.is_some_and(|calls| !calls.is_empty())
            }
            Some("tool") => {
                let id = message["tool_call_id"].as_str().unwrap_or_default();
                if !called.remove(id) {
                    return Err((400, "a tool message answers no preceding tool call"));
                }
                text
            }
            _ => return Err((400, "invalid role")),
        };
        if !good {
            return Err((400, "invalid content"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(body: &Value) -> Option<&'static str> {
        let request = Request { url: "https://x/v1/chat/completions".into(), headers: vec![] };
        admit(&request, &body.to_string(), None).err().map(|(_, what)| what)
    }

    #[test]
    fn dialogues_that_openai_would_refuse() {
        let call = json!({"role": "assistant", "content": null, "tool_calls": [{"id": "a",
            "type": "function", "function": {"name": "wait", "arguments": "{}"}}]});
        let answer = json!({"role": "tool", "tool_call_id": "a", "content": "ok"});
        let user = json!({"role": "user", "content": "Hi."});
        let said = json!({"role": "assistant", "content": "Hello."});
        for (messages, expected) in [
            (json!([]), Some("messages must not be empty")),
            (json!([user]), None),
            (json!([user, call, answer, said]), None),
            (json!([user, answer]), Some("a tool message answers no preceding tool call")),
            (json!([user, call, said]), Some("a tool call has no answering tool message")),
            (json!([{"role": "callee", "content": "x"}]), Some("invalid role")),
            (json!([{"role": "assistant"}]), Some("invalid content")),
        ] {
            let body = json!({"model": "m", "stream": true, "messages": messages});
            assert_eq!(refused(&body), expected, "{messages}");
        }
        let body = json!({"model": "m", "messages": [user]});
        assert_eq!(refused(&body), Some("this emulator only streams"));
    }
}
