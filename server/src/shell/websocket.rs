//! The WebSocket client (RFC 6455) of all vendor dialects. Left out: compression, proxies.

use std::time::Duration;

use agent::wire::{Outgoing, Request};
use futures_util::{SinkExt, StreamExt};
use tokio::{
    net::TcpStream,
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest,
        http::{HeaderName, HeaderValue},
        protocol::WebSocketConfig,
    },
};

use super::wire::{News, Reporter};

/// Name look-up, TCP, TLS and upgrade together.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// A vendor that sends nothing at all, not even a ping, for this long is given up.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// One message to the vendor.
const SEND_MAX: Duration = Duration::from_secs(5);
/// Read at once, in bytes. All of it is zeroed at every look, found or not: the default of 128 KiB took
/// half the time of streaming to a vendor.
const READ_BYTES: usize = 4 * 1024;
/// Largest message from a vendor, in bytes.
const MESSAGE_MAX: usize = 4 * 1024 * 1024;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// One connection from its opening to its end.
pub(super) async fn run(request: Request, queue: mpsc::Receiver<Outgoing>, report: Reporter) {
    match timeout(CONNECT_MAX, connect(&request)).await {
        Err(_) => {
            report.tell(News::Failed("no connection in time".to_owned())).await;
        }
        Ok(Err(failure)) => {
            for news in failure {
                report.tell(news).await;
            }
        }
        Ok(Ok(socket)) => {
            if report.tell(News::Opened).await {
                let end = converse(socket, queue, &report).await;
                report.tell(end).await;
            }
        }
    }
}

async fn connect(request: &Request) -> Result<Socket, Vec<News>> {
    let failed = |text: &str| vec![News::Failed(text.to_owned())];
    let mut upgrade =
        request.url.as_str().into_client_request().map_err(|_| failed("not a WebSocket URL"))?;
    for (name, value) in &request.headers {
        let value = HeaderValue::from_str(value).map_err(|_| failed("a header cannot be sent"))?;
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| failed("a header cannot be sent"))?;
        upgrade.headers_mut().insert(name, value);
    }
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .max_message_size(Some(MESSAGE_MAX))
        .max_frame_size(Some(MESSAGE_MAX));
    match connect_async_with_config(upgrade, Some(config), true).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(answer)) => {
            let retry_after_s = answer
                .headers()
                .get("retry-after")
                .and_then(|v| v.to_str().ok())
                .and_then(|v| v.trim().parse().ok());
            let code = answer.status().as_u16();
            let status = News::Status { code, retry_after_s };
            Err(vec![status, News::Failed(format!("the upgrade was answered with {code}"))])
        }
        Err(e) => Err(failed(&plain(&e))),
    }
}

async fn converse(
    mut socket: Socket,
    mut queue: mpsc::Receiver<Outgoing>,
    report: &Reporter,
) -> News {
    let mut closing = false;
    // One timer for the whole connection: one for each message costs more than the message.
    let mut came_at = Instant::now();
    let idle = sleep_until(came_at + IDLE_MAX);
    tokio::pin!(idle);
    loop {
        tokio::select! {
            () = &mut idle => {
                let due = came_at + IDLE_MAX;
                if due <= Instant::now() {
                    return News::Failed("nothing came for a minute".to_owned());
                }
                idle.as_mut().reset(due);
            }
            arrived = socket.next() => {
                came_at = Instant::now();
                let news = match arrived {
                    None => return News::Closed { code: 1006, reason: String::new() },
                    Some(Err(e)) => return News::Failed(plain(&e)),
                    Some(Ok(Message::Text(text))) => News::Text(text.as_str().to_owned()),
                    Some(Ok(Message::Binary(bytes))) => News::Binary(bytes.to_vec()),
                    Some(Ok(Message::Close(frame))) => {
                        let (code, reason) = frame
                            .map_or((1005, String::new()), |f| (u16::from(f.code), f.reason.to_string()));
                        return News::Closed { code, reason };
                    }
                    Some(Ok(_)) => continue,
                };
                if !report.tell(news).await {
                    return News::Closed { code: 1000, reason: String::new() };
                }
            }
            wanted = queue.recv(), if !closing => {
                closing = matches!(wanted, Some(Outgoing::Close) | None);
                let message = match wanted {
                    Some(Outgoing::Text(text)) => Message::text(text),
                    Some(Outgoing::Binary(bytes)) => Message::binary(bytes),
                    Some(Outgoing::Close) | None => Message::Close(None),
                    Some(_) => continue,
                };
                match timeout(SEND_MAX, socket.send(message)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(e)) => return News::Failed(plain(&e)),
                    Err(_) => return News::Failed("the vendor does not take what it is sent".to_owned()),
                }
            }
        }
    }
}

/// The error without a URL or header in it.
fn plain(error: &Error) -> String {
    match error {
        Error::Io(e) => format!("network: {}", e.kind()),
        Error::Tls(_) => "TLS failed".to_owned(),
        Error::Url(_) | Error::HttpFormat(_) => "not a WebSocket URL".to_owned(),
        Error::Capacity(_) => "a message larger than is read".to_owned(),
        Error::Protocol(e) => format!("WebSocket protocol: {e}"),
        Error::ConnectionClosed | Error::AlreadyClosed => "closed".to_owned(),
        _ => "the connection broke".to_owned(),
    }
}
