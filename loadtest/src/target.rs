//! Which servers may be burdened: this machine's own, unless somebody insists twice.

use anyhow::{Result, bail};
use tokio_tungstenite::tungstenite::http::Uri;

/// Refuses a URL that is no WebSocket, and a server elsewhere unless `insisted` twice.
pub(crate) fn check(url: &str, insisted: u8) -> Result<()> {
    let uri: Uri = url.parse().map_err(|e| anyhow::anyhow!("{url} is no URL: {e}"))?;
    if !matches!(uri.scheme_str(), Some("ws" | "wss")) {
        bail!("{url}: the URL begins with ws:// or wss://");
    }
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let loopback = host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if !loopback && insisted < 2 {
        bail!(
            "{host} is not this machine. A load test against somebody else's server is an attack; \
             if it is yours, give --yes-not-loopback twice"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_unless_insisted_twice() {
        for url in [
            "ws://127.0.0.1:8080/media/twilio",
            "ws://localhost/x",
            "ws://[::1]:9/x",
            "wss://127.8.0.1/",
        ] {
            check(url, 0).expect(url);
        }
        for url in ["ws://192.0.2.1/x", "wss://example.com/media", "ws://localhost.example.com/"] {
            check(url, 0).expect_err(url);
            check(url, 1).expect_err(url);
            check(url, 2).expect(url);
        }
        for url in ["http://127.0.0.1/", "127.0.0.1:80", ""] {
            check(url, 2).expect_err(url);
        }
    }
}
