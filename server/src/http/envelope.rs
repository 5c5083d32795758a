//! The one form of every error: `{"error": {"code", "message", "action"?, "quota"?}}`.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use platform::{Action, Code, Fault, Quota};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{desk::NotPlaced, exchange::Refusal};

/// Whoever finds no room may try again after this long, in s.
const AGAIN_AFTER_S: u32 = 5;

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ErrorDetail {
    /// Stable.
    code: String,
    /// For people.
    message: String,
    /// What the user can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    action: Option<Box<Action>>,
    /// What was used up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    quota: Option<Box<Quota>>,
}

/// The body of every error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ErrorBody {
    error: ErrorDetail,
}

/// An error answer.
#[derive(Clone, Debug)]
pub struct Envelope {
    status: StatusCode,
    detail: ErrorDetail,
    retry_after_s: Option<u32>,
}

impl Envelope {
    /// `code` is stable, `message` is for people.
    pub fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let detail = ErrorDetail {
            code: code.to_owned(),
            message: message.into(),
            action: None,
            quota: None,
        };
        let again = status == StatusCode::SERVICE_UNAVAILABLE;
        Self { status, detail, retry_after_s: again.then_some(AGAIN_AFTER_S) }
    }

    /// What people read.
    pub fn message(&self) -> &str {
        &self.detail.message
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl From<Fault> for Envelope {
    fn from(fault: Fault) -> Self {
        let (code, status) = fault.code.row();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut envelope = Self::new(status, code, fault.message);
        envelope.detail.action = fault.action;
        envelope.detail.quota = fault.quota;
        envelope.retry_after_s = fault.retry_after_s.or(envelope.retry_after_s);
        envelope
    }
}

impl From<Refusal> for Envelope {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::Draining => "draining",
            Refusal::Strained => "strained",
            Refusal::Busy { .. } => "busy",
            Refusal::Unrecorded => Code::StorageUnavailable.row().0,
            Refusal::Internal | Refusal::Undialled => {
                return Code::DialFailed.because(refusal.to_string()).into();
            }
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, refusal.to_string())
    }
}

impl From<NotPlaced> for Envelope {
    fn from(not_placed: NotPlaced) -> Self {
        match not_placed {
            NotPlaced::Fault(fault) => fault.into(),
            NotPlaced::Refusal(refusal) => refusal.into(),
        }
    }
}

impl IntoResponse for Envelope {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(ErrorBody { error: self.detail })).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
