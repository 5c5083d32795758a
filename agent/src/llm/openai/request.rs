//! The body of a request, in the API's words.

use serde_json::{Value, json};

use super::Config;
use crate::llm::{Message, Prompt, Role};

/// The JSON body for a prompt.
pub(super) fn body(config: &Config, prompt: &Prompt) -> String {
    let messages: Vec<Value> = prompt.messages.iter().map(message).collect();
    let mut body = json!({
        "model": config.model,
        "stream": true,
        "stream_options": { "include_usage": true },
        "messages": messages,
    });
    if !prompt.tools.is_empty() {
        body["tools"] = prompt
            .tools
            .iter()
            .map(|tool| {
                json!({ "type": "function", "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                }})
            })
            .collect();
        body["tool_choice"] = json!("auto");
    }
    if let Some(temperature) = config.temperature {
        body["temperature"] = json!(f64::from(temperature));
    }
    if let Some(tokens_max) = config.tokens_max {
        body["max_tokens"] = json!(tokens_max);
    }
    body.to_string()
}

fn message(message: &Message) -> Value {
    match message.role {
        Role::System => json!({ "role": "system", "content": message.text }),
        Role::User => json!({ "role": "user", "content": message.text }),
        Role::Tool => json!({
            "role": "tool",
            "tool_call_id": message.answers.as_deref().unwrap_or_default(),
            "content": message.text,
        }),
        Role::Assistant if message.calls.is_empty() => {
            json!({ "role": "assistant", "content": message.text })
        }
        Role::Assistant => {
            let calls: Vec<Value> = message
                .calls
                .iter()
                .map(|call| {
                    json!({ "id": call.id, "type": "function", "function": {
                        "name": call.name,
                        "arguments": call.arguments.to_string(),
                    }})
                })
                .collect();
            let content = (!message.text.is_empty()).then_some(&message.text);
            json!({ "role": "assistant", "content": content, "tool_calls": calls })
        }
    }
}
