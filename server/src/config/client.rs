//! `[client]` and `[mcp]`: the commands that talk to a running server, and what agents may do through one of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Which server the commands `call`, `status`, … and `mcp` talk to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Client {
    /// Its URL; the one that `listen` would give when absent.
    pub server: Option<String>,
    /// The key; the one in this user's key file when absent.
    #[serde(serialize_with = "super::hidden")]
    pub key: Option<SecretString>,
}

/// What agents may do through `trunkline mcp`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mcp {
    /// Whom they may call or join: numbers, or beginnings of numbers with a `*`. Empty: whomever the server lets be
    /// called.
    pub destinations: Destinations,
    /// Minutes that all calls placed by one run may take together.
    pub minutes_max: u32,
    /// Minutes that one call may take; then it is hung up.
    pub call_minutes_max: u32,
    /// Longest wait for a call to end, in s.
    pub wait_seconds_max: u32,
}

impl Default for Mcp {
    fn default() -> Self {
        Self {
            destinations: Destinations::default(),
            minutes_max: 60,
            call_minutes_max: 15,
            wait_seconds_max: 240,
        }
    }
}

/// Numbers and beginnings of numbers, as text: `+12125550142, +1646*`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Destinations(Vec<String>);

/// A destination that is neither a number nor the beginning of one.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no destination; write numbers like +12125550142, or beginnings like +1212*")]
pub struct NotADestination(String);

impl TryFrom<String> for Destinations {
    type Error = NotADestination;

    fn try_from(text: String) -> Result<Self, NotADestination> {
        let words = text.split([',', ' ', '\n']).filter(|word| !word.is_empty());
        let checked = words.map(|word| {
            let digits = word.strip_suffix('*').unwrap_or(word).strip_prefix('+');
            match digits {
                Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                    Ok(word.to_owned())
                }
                _ => Err(NotADestination(word.to_owned())),
            }
        });
        Ok(Self(checked.collect::<Result<_, _>>()?))
    }
}

impl From<Destinations> for String {
    fn from(destinations: Destinations) -> Self {
        destinations.0.join(", ")
    }
}

impl Destinations {
    /// Whether this number may be called.
    pub fn allow(&self, number: &str) -> bool {
        self.0.is_empty()
            || self.0.iter().any(|destination| match destination.strip_suffix('*') {
                Some(beginning) => number.starts_with(beginning),
                None => number == destination,
            })
    }
}

/// Where a client on this machine reaches who listens on this address.
pub fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destinations(text: &str) -> Result<Destinations, NotADestination> {
        text.to_owned().try_into()
    }

    #[test]
    fn only_what_is_named_may_be_called() {
        let some = destinations("+12125550142, +1646*").expect("destinations");
        for (number, allowed) in [
            ("+12125550142", true),
            ("+121255501420", false),
            ("+1212555014", false),
            ("+16465550100", true),
            ("+19005550100", false),
            ("+1646", true),
            ("", false),
        ] {
            assert_eq!(some.allow(number), allowed, "{number}");
        }
        assert!(Destinations::default().allow("+19005550100"));
        assert_eq!(String::from(some), "+12125550142, +1646*");
        for bad in ["12125550142", "+1212-555", "*", "+1*2", "any"] {
            assert!(destinations(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_client_does_not_call_nowhere() {
        for (listen, reached) in
            [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("10.0.0.1:8", "10.0.0.1:8")]
        {
            assert_eq!(reachable(listen.parse().expect("an address")).to_string(), reached);
        }
    }
}
