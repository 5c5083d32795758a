//! `POST /call`, `GET /call/{id}`, `POST /call/{id}/hangup`.

use std::sync::Arc;

use agent::call::Request;
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use platform::{CallBody, Code, Lifecycle};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    CallId, Envelope, ErrorBody,
    door::{Balance, MaybeAsker, Whole},
};
use crate::desk::{Asker, Desk, REPEAT_BYTES_MAX, Visitor};

/// What a call is to be. Fields that are not known are ignored.
#[derive(ToSchema)]
pub struct CallWanted {
    /// Whom to call: `+1` and ten digits.
    #[schema(pattern = r"^\+1[2-9]\d{9}$", example = "+12125550142")]
    pub to: String,
    /// The whole briefing of the agent, at most 256 KiB.
    #[schema(min_length = 1, example = "Ask for the opening hours.")]
    pub task: String,
    /// Who speaks: `jessica`, `sarah`, `chris`, `eric`.
    #[schema(nullable, example = "jessica")]
    pub voice: Option<String>,
    /// The manner to speak in.
    #[schema(nullable)]
    pub personality: Option<String>,
    /// How you would begin; told to the agent, not said.
    #[schema(nullable)]
    pub greeting: Option<String>,
    /// Your own telephone, to be joined with the call when the task says so.
    #[schema(nullable, example = "+12125550117")]
    pub bridge_number: Option<String>,
}

/// The call that was accepted; it is dialled after this answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlacedCall {
    call_id: String,
    status: &'static str,
    message: &'static str,
    /// A new key: told once, here and as `X-ClawCall-Api-Key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    api_key: Option<String>,
}

/// What became of a hang-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct HungUp {
    success: bool,
    call_id: String,
    status: &'static str,
    message: &'static str,
}

/// What the client calls its request, to make it twice without placing two calls.
fn repeat_name(headers: &HeaderMap) -> Result<Option<String>, Envelope> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    match value.to_str() {
        Ok(name) if (1..=REPEAT_BYTES_MAX).contains(&name.len()) => Ok(Some(name.to_owned())),
        _ => {
            let message =
                format!("Idempotency-Key must be 1 to {REPEAT_BYTES_MAX} plain characters");
            Err(Code::MissingFields.because(message).into())
        }
    }
}

/// Places a call. Without `X-Api-Key` a new key is made for it.
#[utoipa::path(post, path = "/call", tag = "calls",
    params(("Idempotency-Key" = Option<String>, Header, description = "The same call again: answered as before, for a day")),
    request_body = CallWanted, security((), ("key" = [])),
    responses((status = 201, body = PlacedCall), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(super) async fn place(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    asker: MaybeAsker,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Result<Response, Envelope> {
    let asker = asker.map(|Extension(asker)| asker);
    let own = asker.as_ref().map(|asker| asker.key.clone());
    let placed = desk.place(&visitor, asker, &body, repeat_name(&headers)?).await?;
    let answer = PlacedCall {
        call_id: placed.call_id,
        status: "queued",
        message: "Call queued.",
        api_key: placed.new_key.clone().or(own.filter(|_| desk.rules().first_generation)),
    };
    let mut response = (StatusCode::CREATED, Json(answer)).into_response();
    if let Some(key) = placed.new_key.as_deref().and_then(|key| HeaderValue::from_str(key).ok()) {
        response.headers_mut().insert("x-clawcall-api-key", key);
    }
    response.extensions_mut().insert(Balance(placed.account));
    Ok(response)
}

/// One call, as far as it has come.
#[utoipa::path(get, path = "/call/{id}", tag = "calls", params(("id" = String, Path)), security(("key" = [])),
    responses((status = 200, body = CallBody), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    asker: Asker,
    visitor: Visitor,
    CallId(id): CallId,
) -> Result<Json<CallBody>, Envelope> {
    let read = desk.call(&asker, &id).await?;
    Ok(Json(desk.body(&visitor, &asker, &read.view)))
}

/// Ends a call. Harmless when it has ended already.
#[utoipa::path(post, path = "/call/{id}/hangup", tag = "calls", params(("id" = String, Path)), security(("key" = [])),
    responses((status = 200, body = HungUp), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(super) async fn hangup(
    State(desk): State<Arc<Desk>>,
    asker: Asker,
    CallId(id): CallId,
) -> Result<Json<HungUp>, Envelope> {
    let read = desk.call(&asker, &id).await?;
    let (status, message) = match read.view.lifecycle() {
        Lifecycle::Finalized => (read.view.status(), "Call had ended already."),
        Lifecycle::Answered => ("completed", "Call is being hung up."),
        Lifecycle::Queued | Lifecycle::Dialing => ("failed", "Call cancelled."),
    };
    if let Some(known) = read.known {
        // A call that ends at this moment needs no request.
        known.request(Request::Hangup);
    }
    Ok(Json(HungUp { success: true, call_id: id, status, message }))
}
