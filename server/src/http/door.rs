//! Who comes in: the address that is counted, the key that is looked up, and the balance that every
//! answer to a key carries.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Extension,
    extract::{FromRequest, FromRequestParts, Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::StreamExt as _;
use platform::{Account, Code};

use super::Envelope;
use crate::desk::{Asker, Desk, Visitor};

/// Where the key stands.
const KEY: HeaderName = HeaderName::from_static("x-api-key");
/// What the account may still talk, in s and in whole minutes, and how it pays.
const BALANCE_SECONDS: HeaderName = HeaderName::from_static("x-clawcall-balance-seconds");
const BALANCE_MINUTES: HeaderName = HeaderName::from_static("x-clawcall-balance-minutes");
const TIER: HeaderName = HeaderName::from_static("x-clawcall-tier");
/// Set by proxies.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub ip: IpAddr,
    /// It speaks TLS with us.
    pub secured: bool,
}

/// The account whose balance an answer shows, when it is not that of the request's key.
#[derive(Clone, Debug)]
pub(super) struct Balance(pub(super) Account);

/// Lets a request in.
pub(super) async fn enter(
    State(desk): State<Arc<Desk>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Envelope> {
    let peer = request.extensions().get::<Peer>().copied();
    let visitor = visitor(&desk, peer, request.headers());
    desk.count(&visitor)?;
    let asker = match request.headers().get(&KEY) {
        Some(key) => Some(desk.asker(key.to_str().unwrap_or_default()).await?),
        None => None,
    };
    request.extensions_mut().insert(visitor);
    if let Some(asker) = &asker {
        request.extensions_mut().insert(asker.clone());
    }
    // Who comes too often learns what they have left, too.
    let mut response = match asker.as_ref().map(|asker| desk.count_key(asker)) {
        Some(Err(fault)) => Envelope::from(fault).into_response(),
        _ => next.run(request).await,
    };
    let of = response.extensions_mut().remove::<Balance>().map(|balance| balance.0);
    if let Some(account) = of.or(asker.map(|asker| asker.account)) {
        let seconds = desk.rules().trial.remaining_seconds(&account);
        let headers = response.headers_mut();
        headers.insert(BALANCE_SECONDS, HeaderValue::from(seconds));
        headers.insert(BALANCE_MINUTES, HeaderValue::from(seconds / 60));
        headers.insert(TIER, HeaderValue::from_static(account.tier.name()));
    }
    Ok(response)
}

fn visitor(desk: &Desk, peer: Option<Peer>, headers: &HeaderMap) -> Visitor {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let behind_proxy = desk.rules().rates.behind_proxy;
    let told = || text(&FORWARDED_FOR)?.rsplit(',').next()?.trim().parse::<IpAddr>().ok();
    let ip = if behind_proxy { told() } else { None }.or(peer.map(|peer| peer.ip));
    let secured = match text(&FORWARDED_PROTO).filter(|_| behind_proxy) {
        Some(scheme) => scheme == "https",
        None => peer.is_some_and(|peer| peer.secured),
    };
    let base = match (&desk.setup().public_url, text(&header::HOST)) {
        (Some(url), _) => url.clone(),
        (None, Some(host)) if is_host(host) => {
            format!("http{}://{host}", if secured { "s" } else { "" })
        }
        // A link without a host still leads to us.
        _ => String::new(),
    };
    Visitor { address: ip.map(Visitor::address).unwrap_or_default(), base }
}

fn is_host(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'))
}

impl FromRequestParts<Arc<Desk>> for Asker {
    type Rejection = Envelope;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Desk>) -> Result<Self, Envelope> {
        let missing = || Code::AuthRequired.because("send your key as X-Api-Key").into();
        parts.extensions.get::<Self>().cloned().ok_or_else(missing)
    }
}

impl FromRequestParts<Arc<Desk>> for Visitor {
    type Rejection = Envelope;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Envelope> {
        let known = parts.extensions.get::<Self>().cloned();
        let peer = parts.extensions.get::<Peer>().copied();
        Ok(known.unwrap_or_else(|| visitor(desk, peer, &parts.headers)))
    }
}

/// The id in a call's path. Whatever is no id is no call either.
pub struct CallId(pub String);

impl FromRequestParts<Arc<Desk>> for CallId {
    type Rejection = Envelope;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Envelope> {
        let missing = |_| Envelope::from(Code::NotFound.because("there is no such call"));
        Path::<String>::from_request_parts(parts, desk)
            .await
            .map(|Path(id)| Self(id))
            .map_err(missing)
    }
}

/// A request's whole body. Of one that is too large the rest is read and dropped, up to a bound: who is
/// still sending would not read the answer.
pub(super) struct Whole(pub(super) Vec<u8>);

/// Most bytes of a body that is too large that are read, in bytes.
const DROPPED_MAX: usize = 64 * 1024 * 1024;

impl FromRequest<Arc<Desk>> for Whole {
    type Rejection = Envelope;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Envelope> {
        let max = desk.exchange().limits().body_bytes_max;
        let mut parts = request.into_body().into_data_stream();
        let (mut whole, mut length) = (Vec::new(), 0);
        while let Some(part) = parts.next().await {
            let broke =
                |_| Envelope::new(StatusCode::BAD_REQUEST, "bad_request", "the body broke off");
            let part = part.map_err(broke)?;
            length += part.len();
            if length <= max {
                whole.extend_from_slice(&part);
            } else if length > DROPPED_MAX {
                break;
            }
        }
        if length > max {
            let message = format!("the body is larger than {max} bytes");
            return Err(Envelope::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message));
        }
        Ok(Self(whole))
    }
}

/// Who asks, if anybody does: the first call has no key.
pub(super) type MaybeAsker = Option<Extension<Asker>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_a_host_becomes_part_of_a_link() {
        for good in ["127.0.0.1:8080", "api.example.org", "[::1]:8080"] {
            assert!(is_host(good), "{good}");
        }
        for bad in ["", "a/b", "a b", "evil\"><script>", "x@y", "a?b"] {
            assert!(!is_host(bad), "{bad}");
        }
    }

    #[test]
    fn one_person_has_one_address() {
        let of = |text: &str| Visitor::address(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::9"));
        assert_ne!(of("2001:db8:1:2::9"), of("2001:db8:1:3::9"));
        assert_eq!(of("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
