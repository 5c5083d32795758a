//! The one form of every error: `{"error": {"code", "message"}}`.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::exchange::Refusal;

/// An error answer.
#[derive(Clone, Debug)]
pub struct Envelope {
    status: StatusCode,
    code: String,
    message: String,
}

impl Envelope {
    /// `code` is stable, `message` is for people.
    pub fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }
}

impl From<Refusal> for Envelope {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = match refusal {
            Refusal::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
            Refusal::Strained => (StatusCode::SERVICE_UNAVAILABLE, "strained"),
            Refusal::Busy { .. } => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Refusal::Unrecorded => (StatusCode::SERVICE_UNAVAILABLE, "storage_unavailable"),
            Refusal::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        };
        Self::new(status, code, refusal.to_string())
    }
}

impl IntoResponse for Envelope {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "error": { "code": self.code, "message": self.message } });
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}
