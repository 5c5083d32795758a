//! Which servers may be burdened: this machine's own, unless somebody insists twice.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::tls::Trust;

/// A server's media stream.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Host and port as written.
    pub(crate) authority: String,
    /// The path, from its `/` on.
    pub(crate) path: String,
    /// The host's name or number, which its certificate must have.
    host: String,
    /// Whether it speaks TLS.
    secured: bool,
    /// Whose certificates are believed, if it does.
    pub(crate) trust: Option<Trust>,
}

impl Target {
    /// Refuses a URL that is no WebSocket, and a server elsewhere unless `insisted` twice.
    pub(crate) fn of(url: &str, insisted: u8) -> Result<Self> {
        let (secured, rest) = match (url.strip_prefix("ws://"), url.strip_prefix("wss://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => bail!("{url}: no ws:// or wss:// URL"),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            bail!("{url}: a path has no spaces or strange characters");
        }
        let bracketed = authority.ends_with(']');
        let (host, port) = match authority.rsplit_once(':').filter(|_| !bracketed) {
            Some((host, port)) => {
                (host, port.parse().with_context(|| format!("{url}: port {port:?}"))?)
            }
            None => (authority, if secured { 443 } else { 80 }),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        // Names are not looked up before they are allowed.
        let named = host == "localhost";
        let loopback = named || host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback());
        if !loopback && insisted < 2 {
            bail!(
                "{host} is not this machine. A load test against somebody else's server is an \
                 attack; if it is yours, give --yes-not-loopback twice"
            );
        }
        let mut addresses =
            (host, port).to_socket_addrs().with_context(|| format!("cannot look up {host}"))?;
        let address = addresses.next().with_context(|| format!("{host} has no address"))?;
        let path = if path.is_empty() { "/" } else { path };
        let (authority, path, host) = (authority.to_owned(), path.to_owned(), host.to_owned());
        Ok(Self { address, authority, path, host, secured, trust: None })
    }

    /// Believes the certificates of this file, when the server speaks TLS.
    pub(crate) fn trusting(mut self, pem: Option<&Path>) -> Result<Self> {
        self.trust = match (self.secured, pem) {
            (true, Some(pem)) => Some(Trust::read(pem, &self.host)?),
            (false, None) => None,
            (true, None) => bail!("wss:// wants --trust PEM: the certificate the server shows"),
            (false, Some(_)) => bail!("--trust is for wss:// only: ws:// has no certificate"),
        };
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_unless_insisted_twice() {
        for url in ["ws://127.0.0.1:8080/media/twilio", "ws://[::1]:9/x", "ws://127.8.0.1"] {
            Target::of(url, 0).expect(url);
        }
        for url in ["ws://192.0.2.1/x", "ws://[2001:db8::1]:80/x"] {
            for insisted in [0, 1] {
                let error = Target::of(url, insisted).expect_err(url).to_string();
                assert!(error.contains("twice"), "{error}");
            }
            Target::of(url, 2).expect(url);
        }
        // Not looked up, so this needs no network.
        let error = Target::of("ws://localhost.example.com/", 1).expect_err("elsewhere");
        assert!(error.to_string().contains("not this machine"), "{error}");
        for url in ["http://127.0.0.1/", "127.0.0.1:80", "", "ws://127.0.0.1:99999/"] {
            Target::of(url, 2).expect_err(url);
        }
    }

    #[test]
    fn urls_come_apart() {
        let target = Target::of("ws://127.0.0.1:81/a?b=c", 0).expect("a URL");
        assert_eq!(target.address, SocketAddr::from(([127, 0, 0, 1], 81)));
        assert_eq!((&*target.authority, &*target.path), ("127.0.0.1:81", "/a?b=c"));
        assert_eq!(Target::of("ws://[::1]", 0).expect("a URL").path, "/");
        assert_eq!(Target::of("wss://[::1]/", 0).expect("a URL").address.port(), 443);
        Target::of("ws://127.0.0.1/a b", 0).expect_err("a space");
    }

    #[test]
    fn tls_and_trust_go_together() {
        let target = |url| Target::of(url, 0).expect("a URL");
        let nowhere = Path::new("no-such-file.pem");
        for (url, trust, says) in [
            ("wss://127.0.0.1/", None, "--trust PEM"),
            ("ws://127.0.0.1/", Some(nowhere), "wss:// only"),
            ("wss://127.0.0.1/", Some(nowhere), "no-such-file.pem"),
        ] {
            let error = target(url).trusting(trust).expect_err(url).to_string();
            assert!(error.contains(says), "{error}");
        }
        assert!(target("ws://127.0.0.1/").trusting(None).expect("plain").trust.is_none());
    }
}
