//! `GET /media/twilio`: the WebSocket upgrade (RFC 6455 §4.2) by hand, so that the raw socket can be
//! handed to a media thread. Left out: subprotocols, extensions, TLS (a proxy's work).

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use hyper_util::rt::TokioIo;
use telephony::twilio::Twilio;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tracing::warn;

use super::Envelope;
use crate::{
    exchange::Exchange,
    media_thread::{Newcomer, transport::Transport},
};

pub(super) async fn twilio(
    State(exchange): State<Arc<Exchange>>,
    request: Request,
) -> Result<Response, Envelope> {
    let key = accepted_key(request.headers())?;
    exchange.turns_streams_away()?;
    let upgrade = hyper::upgrade::on(request);
    tokio::spawn(async move {
        let upgraded = match upgrade.await {
            Ok(upgraded) => upgraded,
            Err(error) => return warn!(%error, "a media stream was not upgraded"),
        };
        let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else {
            return warn!("a media stream came over something that is not a TCP socket");
        };
        let transport = parts
            .io
            .into_inner()
            .into_std()
            .and_then(|socket| Transport::web_socket(socket, parts.read_buf.to_vec()));
        match transport {
            Ok(transport) => {
                let translator = Box::new(Twilio::new());
                let newcomer = Newcomer { transport, translator, known: None };
                if let Err(full) = exchange.media().admit(newcomer) {
                    warn!("{full}");
                }
            }
            Err(error) => warn!(%error, "a media stream's socket could not be taken over"),
        }
    });
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, derive_accept_key(key.as_bytes()))
        .body(Body::empty())
        .map_err(|_| Envelope::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "no answer"))
}

/// The client's key, when the request is an upgrade to WebSocket version 13.
fn accepted_key(headers: &HeaderMap) -> Result<String, Envelope> {
    let has = |name: header::HeaderName, wanted: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|v| v.to_str().ok())
            .any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(wanted)))
    };
    if !has(header::CONNECTION, "upgrade") || !has(header::UPGRADE, "websocket") {
        let message = "this address takes WebSocket streams only";
        return Err(Envelope::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", message));
    }
    let refused = |message| Err(Envelope::new(StatusCode::BAD_REQUEST, "bad_upgrade", message));
    if !has(header::SEC_WEBSOCKET_VERSION, "13") {
        return refused("only WebSocket version 13 is spoken here");
    }
    match headers.get(header::SEC_WEBSOCKET_KEY).and_then(|v| v.to_str().ok()) {
        Some(key) if key.len() == 24 && key.ends_with("==") => Ok(key.to_owned()),
        _ => refused("Sec-WebSocket-Key must be 16 bytes in base64"),
    }
}
