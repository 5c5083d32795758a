//! The way in with TLS: who shakes hands in time comes in, who speaks plain HTTP is told to use
//! `https://`, everybody else gets an alert.

use std::{sync::Arc, time::Duration};

use metrics::counter;
use tokio::{net::TcpStream, sync::Semaphore, time::timeout};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::Certificates;

/// Handshakes at a time; more wait.
const HANDSHAKES_MAX: usize = 128;
/// From the connection to the end of its handshake, waiting included.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// The first byte of every TLS connection: a handshake record (RFC 8446 §5.1).
const HANDSHAKE_RECORD: u8 = 22;

/// Lets connections in.
pub(crate) struct Gate {
    certificates: Arc<Certificates>,
    room: Semaphore,
    patience: Duration,
}

/// Who came in.
pub(crate) enum Entered {
    /// With TLS.
    Secured(Box<TlsStream<TcpStream>>),
    /// Without: it is told so, in its own words.
    Plain(TcpStream),
}

/// Who did not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Turned {
    #[error("no TLS handshake in time")]
    TooSlow,
    #[error("the TLS handshake failed: {0}")]
    Failed(std::io::Error),
}

impl Gate {
    pub(crate) fn new(certificates: Arc<Certificates>) -> Self {
        Self::with(certificates, HANDSHAKES_MAX, HANDSHAKE_MAX)
    }

    /// With bounds of its own.
    pub(super) fn with(
        certificates: Arc<Certificates>,
        at_once: usize,
        patience: Duration,
    ) -> Self {
        Self { certificates, room: Semaphore::new(at_once), patience }
    }

    /// Shakes hands with one connection.
    pub(crate) async fn enter(&self, stream: TcpStream) -> Result<Entered, Turned> {
        let entered = match timeout(self.patience, self.shake(stream)).await {
            Err(_) => Err(Turned::TooSlow),
            Ok(shaken) => shaken.map_err(Turned::Failed),
        };
        let why = match &entered {
            Ok(Entered::Secured(_)) => return entered,
            Ok(Entered::Plain(_)) => "plain_http",
            Err(Turned::TooSlow) => "too_slow",
            Err(Turned::Failed(_)) => "failed",
        };
        counter!("trunkline_tls_handshakes_failed_total", "why" => why).increment(1);
        entered
    }

    async fn shake(&self, stream: TcpStream) -> std::io::Result<Entered> {
        // Never closed; waiting is bounded by the connection's time.
        let _permit = self.room.acquire().await.map_err(std::io::Error::other)?;
        let mut first = [0];
        stream.peek(&mut first).await?;
        // Methods of HTTP are capital letters.
        if first[0] != HANDSHAKE_RECORD && first[0].is_ascii_uppercase() {
            return Ok(Entered::Plain(stream));
        }
        let acceptor = TlsAcceptor::from(self.certificates.server_config());
        acceptor.accept(stream).await.map(|stream| Entered::Secured(Box::new(stream)))
    }
}
