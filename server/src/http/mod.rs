//! The HTTP side: the public API, carriers' media streams, health and figures.
//!
//! Rooms: `calls` (`/call…`), `events` and `steer` (`/v1/calls/…`: watched and asked while it runs), `media` (`/media/twilio`), `health` (`/health`, `/ready`, `/metrics`),
//! `envelope` (`{"error":{"code","message"}}`), `listen` (accepting, limits), `tls` (certificates,
//! handshakes).

mod calls;
mod envelope;
mod events;
mod health;
mod listen;
mod media;
mod steer;
mod tls;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};

use crate::exchange::Exchange;
pub use envelope::Envelope;
pub use health::metrics_handle;
pub use listen::{bind, serve};
pub use tls::{Certificates, Unusable};

/// All routes.
pub fn router(exchange: Arc<Exchange>) -> Router {
    let body_max = exchange.limits().body_bytes_max;
    Router::new()
        .route("/call", post(calls::place))
        .route("/call/{id}", get(calls::show))
        .route("/call/{id}/hangup", post(calls::hangup))
        .route("/v1/calls/{id}/events", get(events::events))
        .route("/v1/calls/{id}/say", post(steer::say))
        .route("/v1/calls/{id}/digits", post(steer::digits))
        .route("/v1/calls/{id}/bridge", post(steer::bridge))
        .route("/media/twilio", get(media::twilio))
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        .route("/metrics", get(health::metrics))
        .fallback(|| async {
            Envelope::new(StatusCode::NOT_FOUND, "not_found", "there is nothing here")
        })
        .method_not_allowed_fallback(|| async {
            Envelope::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "not with this method",
            )
        })
        .layer(DefaultBodyLimit::max(body_max))
        .layer(middleware::from_fn_with_state(Arc::clone(&exchange), in_time))
        .with_state(exchange)
}

/// A request that takes too long is answered and let go.
async fn in_time(
    State(exchange): State<Arc<Exchange>>,
    request: Request,
    next: Next,
) -> Result<Response, Envelope> {
    let limit = Duration::from_secs(exchange.limits().request_seconds_max);
    tokio::time::timeout(limit, next.run(request)).await.map_err(|_| {
        Envelope::new(StatusCode::REQUEST_TIMEOUT, "timeout", "the request took too long")
    })
}
