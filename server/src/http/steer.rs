//! `POST /v1/calls/{id}/say`, `…/digits`, `…/bridge`: what the owner of a running call asks of it. What comes of it
//! shows in the transcript and in the events.

use std::sync::{Arc, PoisonError};

use agent::{
    call::Request,
    llm::ToolCall,
    tools::{self, TEXT_BYTES_MAX},
};
use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use platform::Lifecycle;
use serde_json::{Value, json};

use super::{Envelope, calls::find};
use crate::exchange::{Exchange, Known};

type Answer = Result<(StatusCode, Json<Value>), Envelope>;

pub(super) async fn say(
    State(exchange): State<Arc<Exchange>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let call = find(&exchange, &id)?;
    let text = text(&body, "text")?;
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("text is longer than {TEXT_BYTES_MAX} bytes");
        return Err(Envelope::new(StatusCode::BAD_REQUEST, "missing_fields", message));
    }
    ask(&call, &id, Request::Say { text })
}

pub(super) async fn digits(
    State(exchange): State<Arc<Exchange>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let call = find(&exchange, &id)?;
    let wanted = tool("press_digits", json!({ "digits": text(&body, "digits")? }));
    tools::read(&wanted)
        .map_err(|why| Envelope::new(StatusCode::BAD_REQUEST, "invalid_digits", why))?;
    ask(&call, &id, Request::Use(wanted))
}

/// Takes no number: the user's own is the one that the call was placed with.
pub(super) async fn bridge(
    State(exchange): State<Arc<Exchange>>,
    Path(id): Path<String>,
) -> Answer {
    let call = find(&exchange, &id)?;
    if !call.view.lock().unwrap_or_else(PoisonError::into_inner).may_bridge() {
        let message = "the call was placed without a bridge_number";
        return Err(Envelope::new(StatusCode::CONFLICT, "no_bridge_number", message));
    }
    ask(&call, &id, Request::Use(tool("bridge_user", json!({}))))
}

fn tool(name: &str, arguments: Value) -> ToolCall {
    ToolCall { id: format!("asked_{name}"), name: name.to_owned(), arguments }
}

/// A field of the body that must be text and not blank.
fn text(body: &[u8], name: &str) -> Result<String, Envelope> {
    let bad = |message| Envelope::new(StatusCode::BAD_REQUEST, "missing_fields", message);
    let body: Value =
        serde_json::from_slice(body).map_err(|e| bad(format!("the body is not JSON: {e}")))?;
    match body.get(name) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        Some(Value::String(_)) | None => Err(bad(format!("{name} is required"))),
        Some(_) => Err(bad(format!("{name} must be text"))),
    }
}

fn ask(call: &Known, id: &str, request: Request) -> Answer {
    let conflict = |message| Err(Envelope::new(StatusCode::CONFLICT, "conflict", message));
    let lifecycle = call.view.lock().unwrap_or_else(PoisonError::into_inner).lifecycle();
    match lifecycle {
        Lifecycle::Queued | Lifecycle::Dialing => conflict("nobody has answered yet"),
        Lifecycle::Finalized => conflict("the call is over"),
        Lifecycle::Answered if !call.request(request) => conflict("the call takes nothing more"),
        Lifecycle::Answered => {
            Ok((StatusCode::ACCEPTED, Json(json!({ "success": true, "call_id": id }))))
        }
    }
}
