//! The HTTP side: the public API, carriers' media streams, health and figures. A thin skin: what is
//! allowed is the desk's business.
//!
//! Rooms: `door` (who comes in: address, key, balance headers), `calls` (`/call…`), `events` and `steer`
//! (`/v1/calls/…`: watched and asked while it runs), `webhook`, `recordings`, `me` (`/me…`, `/balance`),
//! `sign_in` (pages that link a key), `voice` (a carrier tells of a call), `media` (`/media/twilio`), `health`
//! (`/health`, `/ready`, `/version`, `/metrics`), `docs` (`/openapi.json`, `/docs`), `envelope`
//! (`{"error":{"code","message"}}`), `listen` (accepting, limits), `tls` (certificates, handshakes).

mod calls;
mod docs;
mod door;
mod envelope;
mod events;
mod health;
mod listen;
mod me;
mod media;
mod recordings;
mod sign_in;
mod steer;
mod tls;
mod voice;
mod webhook;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    handler::Handler as _,
    http::StatusCode,
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};

use crate::{desk::Desk, exchange::Exchange};
pub use calls::{CallWanted, HungUp, PlacedCall};
pub use docs::document;
pub use door::{CallId, Peer};
pub use envelope::{Envelope, ErrorBody, ErrorDetail};
pub use events::EventSent;
pub use health::{Health, Ready, Version, metrics_handle};
pub use listen::{bind, serve};
pub use me::{BalanceBody, HistoryBody, InboundWanted, Me, PreferencesWanted};
pub use steer::{DigitsWanted, SayWanted, Taken};
pub use tls::{Certificates, Unusable};
pub use webhook::{
    DeadLetterBody, DeadLetters, Replayed, WebhookBody, WebhookRemoved, WebhookSet, WebhookWanted,
};

/// All routes.
pub fn router(desk: Arc<Desk>) -> Router {
    let exchange = Arc::clone(desk.exchange());
    let routes = public(&desk)
        .route("/carrier/twilio/voice", post(voice::twilio))
        .route("/version", get(health::version))
        .route("/metrics", get(health::metrics))
        .route("/openapi.json", get(docs::openapi))
        .route("/docs", get(docs::page))
        .with_state(Arc::clone(&desk));
    // What nobody has is asked for with a key, too: it tells what is left.
    let door = middleware::from_fn_with_state(desk, door::enter);
    let routes = routes
        .merge(streams(&exchange))
        .fallback_service(Router::new().fallback(nowhere).layer(door.clone()))
        .method_not_allowed_fallback(not_so.layer(door));
    bounded(routes, exchange)
}

/// Only what a carrier needs: a server that places no calls and knows nobody.
pub fn carrier_router(exchange: Arc<Exchange>) -> Router {
    let routes = streams(&exchange).fallback(nowhere).method_not_allowed_fallback(not_so);
    bounded(routes, exchange)
}

async fn nowhere() -> Envelope {
    Envelope::new(StatusCode::NOT_FOUND, "not_found", "there is nothing here")
}

async fn not_so() -> Envelope {
    Envelope::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "not with this method")
}

fn streams(exchange: &Arc<Exchange>) -> Router {
    Router::new()
        .route("/media/twilio", get(media::twilio))
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        .with_state(Arc::clone(exchange))
}

/// With an end to what takes too long or is too large.
fn bounded(routes: Router, exchange: Arc<Exchange>) -> Router {
    routes
        .layer(DefaultBodyLimit::max(exchange.limits().body_bytes_max))
        .layer(middleware::from_fn_with_state(exchange, in_time))
}

/// What people and their agents ask for: everything behind the door.
fn public(desk: &Arc<Desk>) -> Router<Arc<Desk>> {
    let preferences = get(me::preferences).put(me::set_preferences).delete(me::reset_preferences);
    Router::new()
        .route("/call", post(calls::place))
        .route("/call/{id}", get(calls::show))
        .route("/call/{id}/hangup", post(calls::hangup))
        .route("/call/{id}/recording", get(recordings::locate))
        .route("/v1/calls/{id}/events", get(events::events))
        .route("/v1/calls/{id}/say", post(steer::say))
        .route("/v1/calls/{id}/digits", post(steer::digits))
        .route("/v1/calls/{id}/bridge", post(steer::bridge))
        .route("/v1/webhook", get(webhook::show).put(webhook::set).delete(webhook::remove))
        .route("/v1/webhook/dead-letters", get(webhook::dead_letters))
        .route("/v1/webhook/dead-letters/{id}/replay", post(webhook::replay))
        .route("/recordings/{token}", get(recordings::play))
        .route("/balance", get(me::balance))
        .route("/me", get(me::show))
        .route("/me/calls", get(me::history))
        .route("/me/call-preferences", preferences)
        .route("/me/minute-packs", get(me::minute_packs).post(me::minute_packs))
        .route("/sign-in", get(sign_in::ask).post(sign_in::send))
        .route("/sign-up", get(sign_in::ask).post(sign_in::send))
        .route("/sign-in/code", post(sign_in::link))
        .route_layer(middleware::from_fn_with_state(Arc::clone(desk), door::enter))
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
