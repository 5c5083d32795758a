//! `GET /v1/calls/{id}/events`: one call's events as they happen (Server-Sent Events, WHATWG HTML §9.2), from the first
//! one or from the one after `Last-Event-ID`. Left out: polyfills' query parameters.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use platform::{Code, Next};
use utoipa::ToSchema;

use super::{CallId, Envelope, ErrorBody};
use crate::{
    call_task::{Board, READERS_MAX, Reader},
    clock::wall_now,
    desk::{Asker, Desk},
    exchange::Known,
};

/// A line without meaning is sent this often, so that nobody on the way takes the silence for the end.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// When a client should come back after its connection broke.
const RETRY: Duration = Duration::from_secs(2);

/// One event of the stream.
#[derive(ToSchema)]
pub struct EventSent {
    /// Its number, for `Last-Event-ID`.
    #[schema(pattern = r"^\d+$")]
    pub id: String,
    /// `state`, `line`, `hearing`, `line_state`, `keys`, `bridge`, `refused`, `forgotten`, `end`.
    pub event: String,
    /// JSON.
    pub data: String,
    /// With the first: when to come back after the connection broke, in ms.
    #[schema(required = false)]
    pub retry: u32,
}

/// What happens in a call: server-sent events, from the first one or from the one after `Last-Event-ID`, to the end.
#[utoipa::path(get, path = "/v1/calls/{id}/events", tag = "calls", security(("key" = [])),
    params(("id" = String, Path), ("Last-Event-ID" = Option<u64>, Header, description = "The last one that was seen")),
    responses((status = 200, body = EventSent, content_type = "text/event-stream"),
        (status = 204, description = "Everything was seen"), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(super) async fn events(
    State(desk): State<Arc<Desk>>,
    asker: Asker,
    CallId(id): CallId,
    headers: HeaderMap,
) -> Result<Response, Envelope> {
    let read = desk.call(&asker, &id).await?;
    let seen = last_seen(&headers)?;
    let board = match &read.known {
        Some(call) => Arc::clone(&call.board),
        // Only how it ended is remembered.
        None => Arc::new(Board::new(Arc::new(Mutex::new(read.view)), &wall_now())),
    };
    let reader = board.reader(seen).ok_or_else(|| {
        let message = format!("{READERS_MAX} clients read this call's events already");
        Envelope::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message)
    })?;
    if reader.is_done() {
        // To an event source this means that it need not come back.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let told = stream::unfold(Some((reader, read.known, true)), |place| async {
        let (mut reader, call, is_first) = place?;
        let event = next(&mut reader, call.as_ref()).await?;
        let event = if is_first { event.retry(RETRY) } else { event };
        Some((Ok::<_, Infallible>(event), Some((reader, call, false))))
    });
    Ok(Sse::new(told).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

/// The next event of the call; nothing once it is over and everything was told.
async fn next(reader: &mut Reader, call: Option<&Known>) -> Option<Event> {
    let over = async {
        match call {
            Some(call) => call.over().await,
            None => std::future::pending().await,
        }
    };
    let next = tokio::select! {
        biased;
        next = reader.next() => next,
        // A call that broke down ends without saying so.
        () = over => Next::Over,
    };
    match next {
        Next::Event(event) => {
            Some(Event::default().id(event.id.to_string()).event(event.name).data(&event.data))
        }
        Next::Forgotten { through } => {
            let data = serde_json::json!({ "through": through }).to_string();
            Some(Event::default().id(through.to_string()).event("forgotten").data(data))
        }
        Next::Nothing | Next::Over => None,
    }
}

/// The number in `Last-Event-ID`; 0 when there is none.
fn last_seen(headers: &HeaderMap) -> Result<u64, Envelope> {
    let Some(value) = headers.get("last-event-id") else { return Ok(0) };
    let number = value.to_str().ok().and_then(|text| match text.trim() {
        "" => Some(0),
        text => text.parse().ok(),
    });
    number.ok_or_else(|| {
        let message = "Last-Event-ID must be the id of an event of this call";
        Code::InvalidQuery.because(message).into()
    })
}
