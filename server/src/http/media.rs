//! `GET /media/twilio`: the WebSocket upgrade (RFC 6455 §4.2) by hand, so that the raw socket can be
//! handed to a media thread, and with it the state of its TLS. Left out: subprotocols, extensions.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use rustls::ServerConnection;
use telephony::twilio::Twilio;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
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
        let transport = match taken_apart(upgraded) {
            Some((socket, tls, read_ahead)) => {
                socket.into_std().and_then(|it| Transport::web_socket(it, tls, read_ahead))
            }
            None => return warn!("a media stream came over something that is not a TCP socket"),
        };
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

/// The socket, the state of its TLS if it has one, and the bytes that came with the request.
fn taken_apart(upgraded: Upgraded) -> Option<(TcpStream, Option<ServerConnection>, Vec<u8>)> {
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(plain) => Some((plain.io.into_inner(), None, plain.read_buf.to_vec())),
        Err(upgraded) => {
            let parts = upgraded.downcast::<TokioIo<TlsStream<TcpStream>>>().ok()?;
            let (socket, tls) = parts.io.into_inner().into_inner();
            Some((socket, Some(tls), parts.read_buf.to_vec()))
        }
    }
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
