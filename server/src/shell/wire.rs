//! One dialect's connection to its vendor.

use std::time::Duration;

use agent::wire::{Incoming, Outgoing};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

use super::{http, websocket};

/// Messages waiting in either direction; a vendor that floods is slowed by its own connection.
const QUEUE_MAX: usize = 256;

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

/// News of one of the connections a dialect has had.
#[derive(Clone, Debug)]
pub struct Arrived {
    generation: u64,
    news: News,
}

/// A dialect's connections, one at a time. Dropping it closes what is open.
pub struct Wire {
    tx: mpsc::Sender<Arrived>,
    rx: mpsc::Receiver<Arrived>,
    http: reqwest::Client,
    generation: u64,
    open: Option<(JoinHandle<()>, Option<mpsc::Sender<Outgoing>>)>,
}

impl Wire {
    /// Nothing is open yet. `http` is shared: it keeps connections alive between requests.
    pub fn new(http: reqwest::Client) -> Self {
        let (tx, rx) = mpsc::channel(QUEUE_MAX);
        Self { tx, rx, http, generation: 0, open: None }
    }

    /// The next news of the present connection; what an older one still says is dropped.
    pub async fn next(&mut self) -> News {
        loop {
            match self.rx.recv().await {
                Some(arrived) if arrived.generation == self.generation => return arrived.news,
                Some(_) => {}
                // We hold a sender ourselves, so this cannot end.
                None => std::future::pending().await,
            }
        }
    }

    /// Does what a dialect wants done.
    pub fn send(&mut self, outgoing: Outgoing) {
        match outgoing {
            Outgoing::Connect(request) => {
                let (queue, from_dialect) = mpsc::channel(QUEUE_MAX);
                let report = self.renew();
                let task = tokio::spawn(websocket::run(request, from_dialect, report));
                self.open = Some((task, Some(queue)));
            }
            Outgoing::Post { request, body } => {
                let report = self.renew();
                let task = tokio::spawn(http::post(self.http.clone(), request, body, report));
                self.open = Some((task, None));
            }
            Outgoing::Abort => self.abort(),
            message @ (Outgoing::Text(_) | Outgoing::Binary(_) | Outgoing::Close) => {
                let Some((_, Some(queue))) = &self.open else { return };
                if let Err(mpsc::error::TrySendError::Full(_)) = queue.try_send(message) {
                    self.abort();
                    let news = News::Failed("the vendor does not take what it is sent".to_owned());
                    let _ = self.tx.try_send(Arrived { generation: self.generation, news });
                }
            }
        }
    }

    fn abort(&mut self) {
        if let Some((task, _)) = self.open.take() {
            task.abort();
        }
        self.generation += 1;
    }

    fn renew(&mut self) -> Reporter {
        self.abort();
        Reporter { generation: self.generation, tx: self.tx.clone() }
    }

    /// Lets a WebSocket end in good order: what is queued is sent, then it is closed.
    pub async fn finish(mut self) {
        let Some((mut task, queue)) = self.open.take() else { return };
        let (is_request, abort) = (queue.is_none(), task.abort_handle());
        drop(queue);
        let ended = async {
            loop {
                tokio::select! {
                    _ = &mut task => return,
                    // Nobody listens any more, and a full queue would hold the connection up.
                    _ = self.rx.recv() => {}
                }
            }
        };
        if is_request || timeout(FINISH_MAX, ended).await.is_err() {
            abort.abort();
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.abort();
    }
}

/// Where a connection's task reports to.
pub(super) struct Reporter {
    generation: u64,
    tx: mpsc::Sender<Arrived>,
}

impl Reporter {
    /// Tells the dialect; `false` when nobody listens any more.
    pub(super) async fn tell(&self, news: News) -> bool {
        self.tx.send(Arrived { generation: self.generation, news }).await.is_ok()
    }
}
