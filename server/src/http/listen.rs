//! Accepts connections, within bounds, and serves each with HTTP/1.1, over TLS when there are
//! certificates.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    http::{Request, StatusCode, header},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Semaphore,
};
use tower::Service as _;
use tracing::{debug, warn};

use super::{
    Envelope, Peer,
    tls::{Certificates, Entered, Gate},
};

/// Connections the kernel holds for us.
const BACKLOG: u32 = 1024;
/// Send buffer of accepted sockets, in bytes, so that a slow carrier cannot hold much stale sound.
const SEND_BUFFER: u32 = 32 * 1024;
/// From the connection to the last header of a request.
const HEADERS_MAX: Duration = Duration::from_secs(10);

/// Opens the listening socket.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until the future is dropped. With certificates everything goes over TLS.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    connections_max: usize,
    certificates: Option<Arc<Certificates>>,
) {
    tokio::select! {
        () = accept(listener, router, connections_max, certificates) => {}
        () = super::health::upkeep() => {}
    }
}

async fn accept(
    listener: TcpListener,
    router: Router,
    connections_max: usize,
    certificates: Option<Arc<Certificates>>,
) {
    let permits = Arc::new(Semaphore::new(connections_max));
    let gate = certificates.map(|certificates| Arc::new(Gate::new(certificates)));
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let (stream, from) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "a connection could not be accepted");
                // Out of file descriptors, most likely: give others time to close theirs.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let (router, gate) = (router.clone(), gate.clone());
        tokio::spawn(async move {
            let peer = Peer { ip: from.ip(), secured: gate.is_some() };
            match gate {
                None => converse(stream, router, peer).await,
                Some(gate) => secured(&gate, stream, router, peer).await,
            }
            drop(permit);
        });
    }
}

async fn secured(gate: &Gate, stream: TcpStream, router: Router, peer: Peer) {
    match gate.enter(stream).await {
        Ok(Entered::Secured(stream)) => converse(*stream, router, peer).await,
        Ok(Entered::Plain(stream)) => {
            converse(stream, Router::new().fallback(only_tls), peer).await;
        }
        Err(error) => debug!(%error, "a connection did not come in"),
    }
}

async fn only_tls() -> ([(header::HeaderName, &'static str); 1], Envelope) {
    let message = "this port speaks TLS only: use https:// or wss://";
    let envelope = Envelope::new(StatusCode::BAD_REQUEST, "tls_required", message);
    ([(header::CONNECTION, "close")], envelope)
}

/// HTTP/1.1 over one connection.
async fn converse<I>(stream: I, router: Router, peer: Peer)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let answer = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.clone().call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), answer)
        .with_upgrades();
    if let Err(error) = connection.await {
        debug!(%error, "a connection ended badly");
    }
}
