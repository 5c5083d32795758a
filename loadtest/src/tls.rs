//! The client's end of TLS, for servers that speak `wss://`: which certificates are trusted, and a
//! socket with TLS or without. Sessions are never resumed: every call shakes hands like a new one.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

/// Whose certificates are believed, and which name they must have.
#[derive(Clone, Debug)]
pub(crate) struct Trust {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Trust {
    /// Believes the certificates of a PEM file, and whom they vouch for.
    pub(crate) fn read(pem: &Path, host: &str) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        let unreadable = || format!("--trust {}: no certificate in PEM", pem.display());
        for certificate in CertificateDer::pem_file_iter(pem).with_context(unreadable)? {
            roots.add(certificate.with_context(unreadable)?).with_context(unreadable)?;
        }
        if roots.is_empty() {
            bail!(unreadable());
        }
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        let name =
            ServerName::try_from(host.to_owned()).with_context(|| format!("{host}: name"))?;
        Ok(Self { config: Arc::new(config), name })
    }
}

/// A socket that does not wait, with TLS or without.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) socket: TcpStream,
    tls: Option<Box<ClientConnection>>,
}

impl Wire {
    /// Shakes hands by and by, while it is written and read.
    pub(crate) fn new(socket: TcpStream, trust: Option<&Trust>) -> Result<Self> {
        let tls = trust
            .map(|trust| ClientConnection::new(Arc::clone(&trust.config), trust.name.clone()))
            .transpose()?;
        Ok(Self { socket, tls: tls.map(Box::new) })
    }

    /// Sends what is encrypted, as far as the socket takes it.
    fn push(tls: &mut ClientConnection, socket: &mut TcpStream) -> io::Result<()> {
        while tls.wants_write() {
            tls.write_tls(socket)?;
        }
        Ok(())
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return self.socket.read(buffer) };
        loop {
            match tls.reader().read(buffer) {
                Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                read => return read,
            }
            tls.read_tls(&mut self.socket)?;
            let state = tls.process_new_packets();
            // The next part of the handshake, or the alert that says what was wrong.
            let pushed = Self::push(tls, &mut self.socket);
            state.map_err(|e| io::Error::new(ErrorKind::InvalidData, e))?;
            match pushed {
                Err(e) if e.kind() != ErrorKind::WouldBlock => return Err(e),
                _ => {}
            }
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return self.socket.write(bytes) };
        Self::push(tls, &mut self.socket)?;
        tls.writer().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => Self::push(tls, &mut self.socket),
            None => Ok(()),
        }
    }
}
