//! `POST /call`, `GET /call/{id}`, `POST /call/{id}/hangup`.

use std::sync::Arc;

use agent::call::Request;
use axum::{
    Json,
    body::Bytes,
    extract::{Path, State, rejection::BytesRejection},
    http::StatusCode,
};
use platform::{CallRequest, Lifecycle};
use serde_json::{Value, json};

use super::Envelope;
use crate::exchange::{Exchange, Known};

type Answer = Result<(StatusCode, Json<Value>), Envelope>;

pub(super) async fn place(
    State(exchange): State<Arc<Exchange>>,
    body: Result<Bytes, BytesRejection>,
) -> Answer {
    let body = body.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let max = exchange.limits().body_bytes_max;
            let message = format!("the body is larger than {max} bytes");
            Envelope::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
        } else {
            Envelope::new(StatusCode::BAD_REQUEST, "bad_request", "the body broke off")
        }
    })?;
    let request = CallRequest::from_json(&body).map_err(|refused| {
        Envelope::new(StatusCode::BAD_REQUEST, &refused.code, refused.message)
    })?;
    let call_id = exchange.place(request).await?;
    Ok((StatusCode::CREATED, Json(json!({ "call_id": call_id, "status": "queued" }))))
}

pub(super) fn find(exchange: &Exchange, id: &str) -> Result<Known, Envelope> {
    exchange.find(id).ok_or_else(|| {
        Envelope::new(StatusCode::NOT_FOUND, "call_not_found", "there is no such call")
    })
}

pub(super) async fn show(State(exchange): State<Arc<Exchange>>, Path(id): Path<String>) -> Answer {
    let body = match find(&exchange, &id) {
        Ok(call) => call.body(),
        Err(unknown) => exchange.look_up(&id).await.ok_or(unknown)?.body,
    };
    Ok((StatusCode::OK, Json(body)))
}

pub(super) async fn hangup(
    State(exchange): State<Arc<Exchange>>,
    Path(id): Path<String>,
) -> Answer {
    let call = find(&exchange, &id)?;
    let lifecycle = call.view.lock().unwrap_or_else(std::sync::PoisonError::into_inner).lifecycle();
    let (status, message) = match lifecycle {
        Lifecycle::Finalized => ("completed", "Call had ended already."),
        Lifecycle::Answered => ("completed", "Call is being hung up."),
        Lifecycle::Queued | Lifecycle::Dialing => ("failed", "Call cancelled."),
    };
    // A call that ends at this moment needs no request.
    call.request(Request::Hangup);
    Ok((
        StatusCode::OK,
        Json(json!({ "success": true, "call_id": id, "status": status, "message": message })),
    ))
}
