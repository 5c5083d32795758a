//! One dialect's connection to its vendor.

use std::{
    future::poll_fn,
    task::{Poll, ready},
    time::Duration,
};

use agent::wire::{Incoming, Outgoing};
use tokio::time::timeout;

use super::{http::Answer, websocket::Connection};

/// Messages that wait until a connection is open.
pub(super) const QUEUE_MAX: usize = 256;

/// How long a connection may take to end in good order.
const FINISH_MAX: Duration = Duration::from_secs(2);

/// What arrived, owned.
#[derive(Clone, Debug)]
pub enum News {
    /// [`Incoming::Opened`].
    Opened,
    /// [`Incoming::Text`].
    Text(String),
    /// [`Incoming::Binary`].
    Binary(Vec<u8>),
    /// [`Incoming::Status`].
    Status {
        /// HTTP status.
        code: u16,
        /// `Retry-After`, in s.
        retry_after_s: Option<u32>,
    },
    /// [`Incoming::Body`].
    Body(Vec<u8>),
    /// [`Incoming::BodyEnd`].
    BodyEnd,
    /// [`Incoming::Closed`].
    Closed {
        /// Close code.
        code: u16,
        /// Reason.
        reason: String,
    },
    /// [`Incoming::Failed`].
    Failed(String),
}

impl News {
    /// As the dialect reads it.
    pub fn as_incoming(&self) -> Incoming<'_> {
        match self {
            Self::Opened => Incoming::Opened,
            Self::Text(text) => Incoming::Text(text),
            Self::Binary(bytes) => Incoming::Binary(bytes),
            Self::Status { code, retry_after_s } => {
                Incoming::Status { code: *code, retry_after_s: *retry_after_s }
            }
            Self::Body(bytes) => Incoming::Body(bytes),
            Self::BodyEnd => Incoming::BodyEnd,
            Self::Closed { code, reason } => Incoming::Closed { code: *code, reason },
            Self::Failed(reason) => Incoming::Failed { reason },
        }
    }
}

/// A dialect's connections, one at a time. Dropping it closes what is open; it moves only while [`Wire::next`] is
/// waited for.
pub struct Wire {
    http: reqwest::Client,
    open: Option<Open>,
}

enum Open {
    WebSocket(Box<Connection>),
    Answer(Answer),
}

impl Wire {
    /// Nothing is open yet. `http` is shared: it keeps connections alive between requests.
    pub fn new(http: reqwest::Client) -> Self {
        Self { http, open: None }
    }

    /// The next news of the present connection; of older ones nothing is heard any more.
    pub async fn next(&mut self) -> News {
        poll_fn(|cx| match &mut self.open {
            Some(Open::WebSocket(connection)) => connection.poll(cx),
            Some(Open::Answer(answer)) => answer.poll(cx),
            None => Poll::Pending,
        })
        .await
    }

    /// Does what a dialect wants done.
    pub fn send(&mut self, outgoing: Outgoing) {
        match outgoing {
            Outgoing::Connect(request) => {
                self.open = Some(Open::WebSocket(Box::new(Connection::open(request))));
            }
            Outgoing::Post { request, body } => {
                self.open = Some(Open::Answer(Answer::to(self.http.clone(), request, body)));
            }
            Outgoing::Abort => self.open = None,
            message @ (Outgoing::Text(_) | Outgoing::Binary(_) | Outgoing::Close) => {
                if let Some(Open::WebSocket(connection)) = &mut self.open {
                    connection.send(message);
                }
            }
        }
    }

    /// Lets a WebSocket end in good order: what waits is sent, then it is closed.
    pub async fn finish(mut self) {
        let Some(Open::WebSocket(connection)) = &mut self.open else { return };
        connection.send(Outgoing::Close);
        let ended = poll_fn(|cx| {
            while !connection.is_over() {
                ready!(connection.poll(cx));
            }
            Poll::Ready(())
        });
        // Nobody waits for a vendor that does not let go.
        let _ = timeout(FINISH_MAX, ended).await;
    }
}
