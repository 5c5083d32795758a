//! Where messages may go: `https`, and addresses of the open internet. A name is resolved here, and the connection goes to
//! what was found, so that a name cannot mean something else a moment later.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use platform::webhook::is_public;
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

/// Longest URL, in bytes.
const URL_BYTES_MAX: usize = 2_048;

/// A URL that is told nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// It is none.
    #[error(
        "url must be a URL of at most {URL_BYTES_MAX} bytes, with a host, without user and password"
    )]
    NotAUrl,
    /// It is not `https`.
    #[error("url must begin with https://")]
    NotSecure,
    /// It leads to this machine or its neighbours.
    #[error("{0} does not belong to the open internet")]
    Private(String),
}

/// A URL as it may be kept.
///
/// # Errors
/// Why not.
pub fn check(text: &str, allow_private: bool) -> Result<Url, BadAddress> {
    let url = Url::parse(text).map_err(|_| BadAddress::NotAUrl)?;
    let has_login = !url.username().is_empty() || url.password().is_some();
    let Some(host) = url.host_str().filter(|_| text.len() <= URL_BYTES_MAX && !has_login) else {
        return Err(BadAddress::NotAUrl);
    };
    match url.scheme() {
        "https" => {}
        "http" if allow_private => {}
        "http" => return Err(BadAddress::NotSecure),
        _ => return Err(BadAddress::NotAUrl),
    }
    // A name is judged when it is resolved.
    let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match ip {
        Ok(ip) if !allow_private && !is_public(ip) => Err(BadAddress::Private(host.to_owned())),
        _ => Ok(url),
    }
}

/// Resolves names; one that leads anywhere private leads nowhere.
pub(super) struct Resolver {
    allow_private: bool,
}

impl Resolver {
    pub(super) fn new(allow_private: bool) -> Arc<Self> {
        Arc::new(Self { allow_private })
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.collect();
            if !allow_private && found.iter().any(|address| !is_public(address.ip())) {
                return Err(BadAddress::Private(name.as_str().to_owned()).into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_open_internet_is_told_anything() {
        assert!(check("https://hooks.example/trunkline?x=1", false).is_ok());
        assert!(check("https://8.8.8.8:8443/", false).is_ok());
        for (url, bad) in [
            ("", BadAddress::NotAUrl),
            ("hooks.example", BadAddress::NotAUrl),
            ("ftp://hooks.example/", BadAddress::NotAUrl),
            ("file:///etc/passwd", BadAddress::NotAUrl),
            ("https://user:word@hooks.example/", BadAddress::NotAUrl),
            ("http://hooks.example/", BadAddress::NotSecure),
            ("https://127.0.0.1/", BadAddress::Private("127.0.0.1".into())),
            // Other ways to write it.
            ("https://2130706433/", BadAddress::Private("127.0.0.1".into())),
            ("https://0x7f.1/", BadAddress::Private("127.0.0.1".into())),
            ("https://0177.0.0.1/", BadAddress::Private("127.0.0.1".into())),
            ("https://[::1]/", BadAddress::Private("[::1]".into())),
            ("https://[::ffff:10.0.0.1]/", BadAddress::Private("[::ffff:a00:1]".into())),
            (
                "https://169.254.169.254/latest/meta-data",
                BadAddress::Private("169.254.169.254".into()),
            ),
        ] {
            assert_eq!(check(url, false).expect_err(url), bad, "{url}");
        }
        assert_eq!(
            check(&format!("https://a.example/{}", "x".repeat(3_000)), false),
            Err(BadAddress::NotAUrl)
        );
        assert!(check("http://127.0.0.1:9000/", true).is_ok());
    }

    #[tokio::test]
    async fn a_name_that_leads_home_leads_nowhere() {
        let localhost = || "localhost".parse::<Name>().expect("a name");
        assert!(Resolver::new(false).resolve(localhost()).await.is_err());
        assert!(
            Resolver::new(true)
                .resolve(localhost())
                .await
                .is_ok_and(|mut found| found.next().is_some())
        );
    }
}
