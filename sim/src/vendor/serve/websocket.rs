//! A WebSocket emulator's end of a real connection.

use agent::wire::{Outgoing, Request};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async_with_config,
    tungstenite::{
        Error, Message,
        handshake::server::{ErrorResponse, Request as Upgrade, Response},
        http::StatusCode,
        protocol::{CloseFrame, WebSocketConfig},
    },
};

use super::Shared;
use crate::vendor::{Input, Sent};

/// Largest message of a client, in bytes.
const MESSAGE_MAX: usize = 1024 * 1024;
/// Headers the emulators look at.
const HEADERS: [&str; 3] = ["authorization", "x-api-key", "cartesia-version"];

pub(super) async fn converse(stream: TcpStream, end: Shared) -> Result<(), Error> {
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_MAX))
        .max_frame_size(Some(MESSAGE_MAX));
    let doorman = end.clone();
    // The large error is tungstenite's own type.
    #[allow(clippy::result_large_err)]
    let admit = move |upgrade: &Upgrade, response: Response| admit(&doorman, upgrade, response);
    let mut socket = accept_hdr_async_with_config(stream, admit, Some(config)).await?;
    loop {
        while let Some(sent) = end.poll() {
            if !send(&mut socket, sent).await? {
                return Ok(());
            }
        }
        tokio::select! {
            message = socket.next() => match message {
                None => return Ok(()),
                Some(message) => {
                    let outgoing = match message? {
                        Message::Text(text) => Outgoing::Text(text.as_str().to_owned()),
                        Message::Binary(bytes) => Outgoing::Binary(bytes.to_vec()),
                        // Answered by tungstenite itself.
                        Message::Close(_) => {
                            socket.flush().await?;
                            return Ok(());
                        }
                        Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
                    };
                    end.with(|emulator, now| emulator.handle(now, Input::Client(&outgoing)));
                }
            },
            () = end.until_deadline() => end.with(|emulator, now| emulator.handle(now, Input::Tick)),
        }
    }
}

/// Sends one message; says whether the connection goes on.
async fn send(socket: &mut WebSocketStream<TcpStream>, sent: Sent) -> Result<bool, Error> {
    match sent {
        Sent::Text(text) => socket.send(Message::text(text)).await?,
        Sent::Binary(bytes) => socket.send(Message::binary(bytes)).await?,
        Sent::Closed { code, reason } => {
            let frame = CloseFrame { code: code.into(), reason: reason.into() };
            socket.close(Some(frame)).await?;
            // Reads until the client has answered, so that the close frame is not lost to a reset.
            while socket.next().await.is_some_and(|message| message.is_ok()) {}
            return Ok(false);
        }
        Sent::Failed => return Ok(false),
        Sent::Opened | Sent::Status { .. } | Sent::Body(_) | Sent::BodyEnd => {}
    }
    Ok(true)
}

/// Shows the upgrade to the emulator.
#[allow(clippy::result_large_err)]
fn admit(end: &Shared, upgrade: &Upgrade, response: Response) -> Result<Response, ErrorResponse> {
    let headers = HEADERS.into_iter().filter_map(|name| {
        let value = upgrade.headers().get(name)?.to_str().ok()?;
        Some((name, value.to_owned()))
    });
    let request =
        Request { url: format!("ws://emulator{}", upgrade.uri()), headers: headers.collect() };
    let connect = Outgoing::Connect(request);
    end.with(|emulator, now| emulator.handle(now, Input::Client(&connect)));
    match end.poll() {
        Some(Sent::Status { code, retry_after_s }) => {
            let mut refusal = ErrorResponse::new(None);
            *refusal.status_mut() =
                StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            if let Some(seconds) = retry_after_s {
                refusal.headers_mut().insert("retry-after", seconds.into());
            }
            Err(refusal)
        }
        _ => Ok(response),
    }
}
