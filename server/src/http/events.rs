//! `GET /v1/calls/{id}/events`: one call's events as they happen (Server-Sent Events, WHATWG HTML §9.2), from the first
//! one or from the one after `Last-Event-ID`. Left out: polyfills' query parameters.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, stream};
use platform::Next;

use super::{Envelope, calls::find};
use crate::{
    call_task::{READERS_MAX, Reader},
    exchange::{Exchange, Known},
};

/// A line without meaning is sent this often, so that nobody on the way takes the silence for the end.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// When a client should come back after its connection broke.
const RETRY: Duration = Duration::from_secs(2);

pub(super) async fn events(
    State(exchange): State<Arc<Exchange>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Envelope> {
    let call = find(&exchange, &id)?;
    let seen = last_seen(&headers)?;
    let reader = call.board.reader(seen).ok_or_else(|| {
        let message = format!("{READERS_MAX} clients read this call's events already");
        Envelope::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message)
    })?;
    let told = stream::unfold(Some((reader, call, true)), |place| async {
        let (mut reader, call, is_first) = place?;
        let event = next(&mut reader, &call).await?;
        let event = if is_first { event.retry(RETRY) } else { event };
        Some((Ok(event), Some((reader, call, false))))
    });
    Ok(Sse::new(told).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// The next event of the call; nothing once it is over and everything was told.
async fn next(reader: &mut Reader, call: &Known) -> Option<Event> {
    let next = tokio::select! {
        biased;
        next = reader.next() => next,
        // A call that broke down ends without saying so.
        () = call.over() => Next::Over,
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
        Envelope::new(StatusCode::BAD_REQUEST, "invalid_query", message)
    })
}
