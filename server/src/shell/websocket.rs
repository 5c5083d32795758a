//! The WebSocket client (RFC 6455) of all vendor dialects. Left out: compression, proxies.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use agent::wire::{Outgoing, Request};
use futures_util::{FutureExt, Sink, SinkExt, StreamExt, future::BoxFuture};
use tokio::{
    net::TcpStream,
    time::{Instant, Sleep, sleep, timeout},
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

use super::wire::{News, QUEUE_MAX};

/// Name look-up, TCP, TLS and upgrade together.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// A vendor that sends nothing at all, not even a ping, for this long is given up.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// What was sent must have left by then.
const SEND_MAX: Duration = Duration::from_secs(5);
/// Read at once, in bytes. All of it is zeroed at every look, found or not: the default of 128 KiB took
/// half the time of streaming to a vendor.
const READ_BYTES: usize = 4 * 1024;
/// Bytes that wait until the vendor takes them: 8 s of sound at 16 kHz.
const UNSENT_MAX: usize = 256 * 1024;
/// Largest message from a vendor, in bytes.
const MESSAGE_MAX: usize = 4 * 1024 * 1024;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// One connection from its opening to its end. It moves only while it is polled: whoever polls it owns its socket,
/// for a task of its own costs more than what it does.
pub(super) struct Connection {
    state: State,
    news: VecDeque<News>,
}

enum State {
    /// Messages wait until it is open.
    Opening(BoxFuture<'static, Result<Socket, Vec<News>>>, VecDeque<Outgoing>),
    Open(Box<Open>),
    Over,
}

struct Open {
    socket: Socket,
    came_at: Instant,
    /// Since when something waits to leave.
    unsent_since: Option<Instant>,
    is_closing: bool,
    /// One timer for the whole connection: one for each message costs more than the message.
    timer: Pin<Box<Sleep>>,
}

impl Connection {
    /// Begins to open one.
    pub(super) fn open(request: Request) -> Self {
        let opening = async move {
            timeout(CONNECT_MAX, connect(&request))
                .await
                .unwrap_or_else(|_| Err(vec![failed("no connection in time")]))
        };
        Self { state: State::Opening(opening.boxed(), VecDeque::new()), news: VecDeque::new() }
    }

    /// Sends a message, or closes. After the end nothing is sent.
    pub(super) fn send(&mut self, message: Outgoing) {
        let taken = match &mut self.state {
            State::Opening(_, waiting) if waiting.len() < QUEUE_MAX => {
                waiting.push_back(message);
                true
            }
            State::Opening(..) => false,
            State::Open(open) => open.send(message),
            State::Over => return,
        };
        if !taken {
            self.end(failed("the vendor does not take what it is sent"));
        }
    }

    /// What comes next; nothing more after [`News::Closed`] and [`News::Failed`].
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<News> {
        loop {
            if let Some(news) = self.news.pop_front() {
                return Poll::Ready(news);
            }
            match &mut self.state {
                State::Opening(opening, waiting) => {
                    let opened = ready!(opening.poll_unpin(cx));
                    let waiting = std::mem::take(waiting);
                    self.opened(opened, waiting);
                }
                State::Open(open) => match ready!(open.poll(cx)) {
                    Ok(news) => return Poll::Ready(news),
                    Err(end) => self.end(end),
                },
                State::Over => return Poll::Pending,
            }
        }
    }

    /// Nothing more will come.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, State::Over) && self.news.is_empty()
    }

    fn opened(&mut self, opened: Result<Socket, Vec<News>>, waiting: VecDeque<Outgoing>) {
        match opened {
            Ok(socket) => {
                self.state = State::Open(Box::new(Open::new(socket)));
                self.news.push_back(News::Opened);
                waiting.into_iter().for_each(|message| self.send(message));
            }
            Err(failure) => {
                self.state = State::Over;
                self.news.extend(failure);
            }
        }
    }

    fn end(&mut self, news: News) {
        self.state = State::Over;
        self.news.push_back(news);
    }
}

impl Open {
    fn new(socket: Socket) -> Self {
        Self {
            socket,
            came_at: Instant::now(),
            unsent_since: None,
            is_closing: false,
            timer: Box::pin(sleep(IDLE_MAX)),
        }
    }

    /// `false` when too much waits to leave. A connection that broke says so when it is read.
    fn send(&mut self, message: Outgoing) -> bool {
        let message = match message {
            _ if self.is_closing => return true,
            Outgoing::Text(text) => Message::text(text),
            Outgoing::Binary(bytes) => Message::binary(bytes),
            Outgoing::Close => {
                self.is_closing = true;
                Message::Close(None)
            }
            Outgoing::Connect(_) | Outgoing::Post { .. } | Outgoing::Abort => return true,
        };
        self.unsent_since.get_or_insert_with(Instant::now);
        let written = Pin::new(&mut self.socket).start_send(message);
        !matches!(written, Err(Error::WriteBufferFull(_)))
    }

    /// News, or the last.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<News, News>> {
        if self.unsent_since.is_some() {
            match self.socket.poll_flush_unpin(cx) {
                Poll::Ready(Ok(())) => self.unsent_since = None,
                Poll::Ready(Err(e)) => return Poll::Ready(Err(failed(&plain(&e)))),
                Poll::Pending => {}
            }
        }
        while let Poll::Ready(arrived) = self.socket.poll_next_unpin(cx) {
            self.came_at = Instant::now();
            if let Some(news) = read(arrived) {
                return Poll::Ready(news);
            }
        }
        self.poll_timer(cx).map(Err)
    }

    /// Time is up for what should have come, or left.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<News> {
        let sent_by = self.unsent_since.map(|since| since + SEND_MAX);
        if let Some(by) = sent_by.filter(|by| *by < self.timer.deadline()) {
            self.timer.as_mut().reset(by);
        }
        loop {
            ready!(self.timer.poll_unpin(cx));
            let now = Instant::now();
            let due = self.came_at + IDLE_MAX;
            if sent_by.is_some_and(|by| by <= now) {
                return Poll::Ready(failed("the vendor does not take what it is sent"));
            } else if due <= now {
                return Poll::Ready(failed("nothing came for a minute"));
            }
            self.timer.as_mut().reset(sent_by.map_or(due, |by| by.min(due)));
        }
    }
}

/// What a message says; the last news of a connection is an error.
fn read(arrived: Option<Result<Message, Error>>) -> Option<Result<News, News>> {
    Some(match arrived {
        None => Err(News::Closed { code: 1006, reason: String::new() }),
        Some(Err(e)) => Err(failed(&plain(&e))),
        Some(Ok(Message::Text(text))) => Ok(News::Text(text.as_str().to_owned())),
        Some(Ok(Message::Binary(bytes))) => Ok(News::Binary(bytes.to_vec())),
        Some(Ok(Message::Close(frame))) => {
            let (code, reason) =
                frame.map_or((1005, String::new()), |f| (u16::from(f.code), f.reason.to_string()));
            Err(News::Closed { code, reason })
        }
        Some(Ok(_)) => return None,
    })
}

async fn connect(request: &Request) -> Result<Socket, Vec<News>> {
    let unsendable = |text: &str| vec![failed(text)];
    let upgrade = request.url.as_str().into_client_request();
    let mut upgrade = upgrade.map_err(|_| unsendable("not a WebSocket URL"))?;
    for (name, value) in &request.headers {
        let value =
            HeaderValue::from_str(value).map_err(|_| unsendable("a header cannot be sent"))?;
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| unsendable("a header cannot be sent"))?;
        upgrade.headers_mut().insert(name, value);
    }
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .max_write_buffer_size(UNSENT_MAX)
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
            Err(vec![status, failed(&format!("the upgrade was answered with {code}"))])
        }
        Err(e) => Err(vec![failed(&plain(&e))]),
    }
}

fn failed(reason: &str) -> News {
    News::Failed(reason.to_owned())
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
