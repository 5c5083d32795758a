//! `GET /call/{id}/recording` leads to a signed link that expires; `GET /recordings/{token}` plays it.

use std::sync::Arc;

use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use platform::Code;
use tower_http::services::ServeFile;

use super::{CallId, Envelope, ErrorBody};
use crate::desk::{Asker, Desk, Visitor};

/// Leads to the recording of a call, as long as it is kept.
#[utoipa::path(get, path = "/call/{id}/recording", tag = "calls", params(("id" = String, Path)), security(("key" = [])),
    responses((status = 302, description = "`Location` plays it, for some minutes"),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(super) async fn locate(
    State(desk): State<Arc<Desk>>,
    asker: Asker,
    visitor: Visitor,
    CallId(id): CallId,
) -> Result<Response, Envelope> {
    let read = desk.call(&asker, &id).await?;
    if desk.recording(&read.view).is_none() {
        let message = "this call has no recording, or not yet";
        return Err(Code::RecordingNotAvailable.because(message).into());
    }
    let url = HeaderValue::from_str(&desk.signed_url(&visitor, &id))
        .map_err(|_| Code::RecordingNotAvailable.because("its link cannot be written"))?;
    Ok((StatusCode::FOUND, [(header::LOCATION, url)]).into_response())
}

/// Plays a recording. The link is all that is needed, so it expires.
#[utoipa::path(get, path = "/recordings/{token}", tag = "calls", params(("token" = String, Path)), security(()),
    responses((status = 200, description = "Sound; ranges are served", content_type = "audio/wav"),
        (status = 206, description = "A part of it", content_type = "audio/wav"), (status = 304), (status = 416),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(super) async fn play(
    State(desk): State<Arc<Desk>>,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Envelope> {
    let no_link = |_| Code::InvalidToken.because("this link does not work");
    let Path(token) = token.map_err(no_link)?;
    let (path, kind) = desk.recording_for(&token)?;
    let gone = || Code::RecordingNotAvailable.because("this recording is gone");
    let kind = kind.parse().map_err(|_| gone())?;
    let served = ServeFile::new_with_mime(path, &kind).try_call(request).await;
    let mut response = served.map_err(|_| gone())?.into_response();
    if response.status() == StatusCode::NOT_FOUND {
        return Err(gone().into());
    }
    let private = HeaderValue::from_static("private, no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, private);
    Ok(response)
}
