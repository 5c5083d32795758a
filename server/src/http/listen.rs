//! Accepts connections, within bounds, and serves each with HTTP/1.1.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::Semaphore,
};
use tracing::{debug, warn};

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

/// Serves until the future is dropped.
pub async fn serve(listener: TcpListener, router: Router, connections_max: usize) {
    let permits = Arc::new(Semaphore::new(connections_max));
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                warn!(%error, "a connection could not be accepted");
                // Out of file descriptors, most likely: give others time to close theirs.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADERS_MAX)
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            if let Err(error) = connection.await {
                debug!(%error, "a connection ended badly");
            }
            drop(permit);
        });
    }
}
