//! Who asks: keys as text, and the accounts behind them.

use serde::{Deserialize, Serialize};

/// What every key begins with.
pub const KEY_PREFIX: &str = "clawcall_sk_";
/// Longest key looked at, in bytes.
pub const KEY_BYTES_MAX: usize = 128;

/// Whether a text has the form of a key. It need not exist.
pub fn is_key(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    text.len() <= KEY_BYTES_MAX
        && text
            .strip_prefix(KEY_PREFIX)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_plain))
}

/// How an account pays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// With its free calls.
    #[default]
    Trial,
    /// From a balance.
    Paid,
}

impl Tier {
    /// As the API shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trial => "trial",
            Self::Paid => "paid",
        }
    }

    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Trial, Self::Paid].into_iter().find(|tier| tier.name() == name)
    }
}

/// The account behind one or more keys. A new key has an account of its own, without an address: it
/// is unlinked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Stable id.
    pub id: String,
    /// The address it is linked to.
    pub email: Option<String>,
    /// How it pays.
    pub tier: Tier,
    /// What is left of a paid balance, in s; may be below 0 when calls ran over.
    pub balance_seconds: i64,
    /// Talked in all calls, in s.
    pub talk_seconds: u64,
    /// Calls that count for the free ones.
    pub calls_counted: u64,
    /// Whether its plan has incoming calls.
    pub inbound: bool,
}

impl Account {
    /// Whether its keys are linked to a person.
    pub fn is_linked(&self) -> bool {
        self.email.is_some()
    }
}

/// An address as it is compared and kept; `None` when it is none. The check is shallow on purpose: what
/// counts is that the code arrives.
pub fn email(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let (name, host) = text.split_once('@')?;
    let fits = !name.is_empty()
        && text.len() <= 254
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c));
    (fits && !host.contains('@')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_form_of_a_key_passes() {
        assert!(is_key("clawcall_sk_A-z_09"));
        let long = format!("{KEY_PREFIX}{}", "a".repeat(KEY_BYTES_MAX));
        for bad in ["", "clawcall_sk_", "sk_abc", "clawcall_sk_a b", "clawcall_sk_ä", &long] {
            assert!(!is_key(bad), "{bad}");
        }
    }

    #[test]
    fn addresses_are_compared_in_one_form() {
        assert_eq!(email(" Ann@Example.ORG ").as_deref(), Some("ann@example.org"));
        for bad in ["", "ann", "@example.org", "ann@", "ann@org", "a b@c.de", "a@b@c.de", "a@.de"] {
            assert_eq!(email(bad), None, "{bad}");
        }
    }
}
