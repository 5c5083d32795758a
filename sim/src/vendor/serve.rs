//! The emulators behind real loopback sockets: WebSocket for Deepgram and Cartesia, a small
//! HTTP/1.1 responder for chat completions. Port 0, a bounded number of connections, all of it gone
//! when [`Served`] is dropped. HTTP left out: keep-alive, chunked requests, `Expect`.

mod http;
mod websocket;

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use media::Mono;
use tokio::{
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
    time::Instant,
};

use super::{Emulator, Make};

/// Connections at once; one more is closed as it comes.
const CONNECTIONS_MAX: usize = 256;

/// A vendor on loopback. Dropping it closes its port and everything that is open.
#[derive(Debug)]
pub struct Served {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    task: AbortHandle,
}

impl Served {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A WebSocket URL there.
    pub fn ws_url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }

    /// An HTTP URL there.
    pub fn http_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves WebSocket emulators.
pub async fn websocket(make: Make) -> io::Result<Served> {
    serve(make, Kind::WebSocket).await
}

/// Serves HTTP emulators.
pub async fn http(make: Make) -> io::Result<Served> {
    serve(make, Kind::Http).await
}

#[derive(Clone, Copy)]
enum Kind {
    WebSocket,
    Http,
}

async fn serve(mut make: Make, kind: Kind) -> io::Result<Served> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    let origin = Instant::now();
    let task = tokio::spawn(async move {
        // Dropped with this task, and every connection with it.
        let mut open = JoinSet::new();
        loop {
            let stream = tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    // Out of descriptors, or reset while waiting: the next may work.
                    Err(_) => {
                        tokio::task::yield_now().await;
                        continue;
                    }
                },
                Some(_) = open.join_next() => continue,
            };
            if open.len() >= CONNECTIONS_MAX {
                continue;
            }
            let emulator = make(counted.fetch_add(1, Ordering::Relaxed));
            open.spawn(converse(stream, emulator, kind, origin));
        }
    });
    Ok(Served { address, connections, task: task.abort_handle() })
}

async fn converse(stream: TcpStream, emulator: Box<dyn Emulator>, kind: Kind, origin: Instant) {
    let _ = stream.set_nodelay(true);
    let end = Shared { emulator: Arc::new(Mutex::new(emulator)), origin };
    // What breaks here is what the client sees; there is nobody else to tell.
    let _ = match kind {
        Kind::WebSocket => websocket::converse(stream, end).await,
        Kind::Http => http::converse(stream, end).await.map_err(Into::into),
    };
}

/// The emulator of one connection, with the clock.
#[derive(Clone)]
struct Shared {
    emulator: Arc<Mutex<Box<dyn Emulator>>>,
    origin: Instant,
}

impl Shared {
    fn now(&self) -> Mono {
        let micros = self.origin.elapsed().as_micros();
        Mono::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    fn with<T>(&self, act: impl FnOnce(&mut dyn Emulator, Mono) -> T) -> T {
        let mut emulator = self.emulator.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut **emulator, self.now())
    }

    fn poll(&self) -> Option<super::Sent> {
        self.with(|emulator, _| emulator.poll())
    }

    /// Sleeps until the emulator's deadline; for ever without one.
    async fn until_deadline(&self) {
        match self.with(|emulator, _| emulator.deadline()) {
            Some(at) => {
                let when = self.origin + std::time::Duration::from_micros(at.as_micros());
                tokio::time::sleep_until(when).await;
            }
            None => std::future::pending().await,
        }
    }
}
