//! `POST /v1/calls/{id}/say`, `…/digits`, `…/bridge`: what the owner of a running call asks of it. What comes of it
//! shows in the transcript and in the events.

use std::sync::Arc;

use agent::{
    call::Request,
    llm::ToolCall,
    tools::{self, TEXT_BYTES_MAX},
};
use axum::{Json, extract::State, http::StatusCode};
use platform::{Code, Lifecycle};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{CallId, Envelope, ErrorBody, door::Whole};
use crate::desk::{Asker, Desk, Read};

type Answer = Result<(StatusCode, Json<Taken>), Envelope>;

/// What is to be said.
#[derive(ToSchema)]
pub struct SayWanted {
    /// Word for word, at most 4096 bytes.
    #[schema(min_length = 1, example = "Please hold on.")]
    pub text: String,
}

/// What is to be pressed.
#[derive(ToSchema)]
pub struct DigitsWanted {
    /// `0-9`, `*`, `#`, `A-D`; `w` waits 0.5 s, `W` 1 s.
    #[schema(min_length = 1, example = "1w2#")]
    pub digits: String,
    /// They are a secret: nothing that is kept tells which they were.
    #[schema(required = false)]
    pub sensitive: bool,
}

/// The call has it; what comes of it shows in its events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Taken {
    success: bool,
    call_id: String,
}

/// Says something in a running call.
#[utoipa::path(post, path = "/v1/calls/{id}/say", tag = "calls", params(("id" = String, Path)), request_body = SayWanted, security(("key" = [])),
    responses((status = 202, body = Taken), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(super) async fn say(
    State(desk): State<Arc<Desk>>,
    asker: Asker,
    CallId(id): CallId,
    Whole(body): Whole,
) -> Answer {
    let call = desk.call(&asker, &id).await?;
    let text = text(&body, "text")?;
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("text is longer than {TEXT_BYTES_MAX} bytes");
        return Err(Code::MissingFields.because(message).into());
    }
    ask(&call, &id, Request::Say { text })
}

/// Presses keys in a running call.
#[utoipa::path(post, path = "/v1/calls/{id}/digits", tag = "calls", params(("id" = String, Path)), request_body = DigitsWanted, security(("key" = [])),
    responses((status = 202, body = Taken), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(super) async fn digits(
    State(desk): State<Arc<Desk>>,
    asker: Asker,
    CallId(id): CallId,
    Whole(body): Whole,
) -> Answer {
    let call = desk.call(&asker, &id).await?;
    let (digits, sensitive) = (text(&body, "digits")?, flag(&body, "sensitive")?);
    let wanted = tool("press_digits", json!({ "digits": digits, "sensitive": sensitive }));
    tools::read(&wanted)
        .map_err(|why| Envelope::new(StatusCode::BAD_REQUEST, "invalid_digits", why))?;
    ask(&call, &id, Request::Use(wanted))
}

/// Rings the user's own telephone, the `bridge_number` that the call was placed with, and joins it.
#[utoipa::path(post, path = "/v1/calls/{id}/bridge", tag = "calls", params(("id" = String, Path)), security(("key" = [])),
    responses((status = 202, body = Taken), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(super) async fn bridge(
    State(desk): State<Arc<Desk>>,
    asker: Asker,
    CallId(id): CallId,
) -> Answer {
    let call = desk.call(&asker, &id).await?;
    if !call.view.may_bridge() {
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
    let bad = |message| Envelope::from(Code::MissingFields.because(message));
    let body: Value =
        serde_json::from_slice(body).map_err(|e| bad(format!("the body is not JSON: {e}")))?;
    match body.get(name) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        Some(Value::String(_)) | None => Err(bad(format!("{name} is required"))),
        Some(_) => Err(bad(format!("{name} must be text"))),
    }
}

/// A field of the body that is `true`, `false` or not there.
fn flag(body: &[u8], name: &str) -> Result<bool, Envelope> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    match body.get(name) {
        Some(Value::Bool(is)) => Ok(*is),
        None | Some(Value::Null) => Ok(false),
        Some(_) => Err(Code::MissingFields.because(format!("{name} must be true or false")).into()),
    }
}

fn ask(call: &Read, id: &str, request: Request) -> Answer {
    let taken = match (call.view.lifecycle(), &call.known) {
        (Lifecycle::Queued | Lifecycle::Dialing, _) => Err("nobody has answered yet"),
        (Lifecycle::Answered, Some(known)) if known.request(request) => Ok(()),
        _ => Err("the call is over"),
    };
    taken.map_err(|why| Code::Conflict.because(why))?;
    Ok((StatusCode::ACCEPTED, Json(Taken { success: true, call_id: id.to_owned() })))
}
