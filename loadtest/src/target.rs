//! Which servers may be burdened: this machine's own, unless somebody insists twice.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};

use anyhow::{Context as _, Result, bail};

/// A server's media stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Host and port as written.
    pub(crate) authority: String,
    /// The path, from its `/` on.
    pub(crate) path: String,
}

impl Target {
    /// Refuses a URL that is no plain WebSocket, and a server elsewhere unless `insisted` twice.
    pub(crate) fn of(url: &str, insisted: u8) -> Result<Self> {
        if url.starts_with("wss://") {
            bail!("{url}: TLS would be measured, not the server; give its plain ws:// port");
        }
        let rest = url.strip_prefix("ws://").with_context(|| format!("{url}: no ws:// URL"))?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            bail!("{url}: a path has no spaces or strange characters");
        }
        let bracketed = authority.ends_with(']');
        let (host, port) = match authority.rsplit_once(':').filter(|_| !bracketed) {
            Some((host, port)) => {
                (host, port.parse().with_context(|| format!("{url}: port {port:?}"))?)
            }
            None => (authority, 80),
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
        Ok(Self { address, authority: authority.to_owned(), path: path.to_owned() })
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
        for url in
            ["http://127.0.0.1/", "127.0.0.1:80", "", "ws://127.0.0.1:99999/", "wss://[::1]/"]
        {
            Target::of(url, 2).expect_err(url);
        }
    }

    #[test]
    fn urls_come_apart() {
        let target = Target::of("ws://127.0.0.1:81/a?b=c", 0).expect("a URL");
        assert_eq!(target.address, SocketAddr::from(([127, 0, 0, 1], 81)));
        assert_eq!((&*target.authority, &*target.path), ("127.0.0.1:81", "/a?b=c"));
        assert_eq!(Target::of("ws://[::1]", 0).expect("a URL").path, "/");
        Target::of("ws://127.0.0.1/a b", 0).expect_err("a space");
    }
}
