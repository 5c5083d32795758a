//! Who asks: the key of a request, looked up, and how often it may come.

use std::net::IpAddr;

use platform::{Account, Buckets, Code, Fault, Rules, is_key};

use super::{Desk, RateBooks};
use crate::{clock::wall_now, store};

/// Where a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// The address it is counted by.
    pub address: String,
    /// What it calls us: `http://127.0.0.1:8080`.
    pub base: String,
}

impl Visitor {
    /// An address as it is counted: of IPv6 the network, as one person has all of it.
    pub fn address(ip: IpAddr) -> String {
        match ip.to_canonical() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => {
                let [a, b, c, d, ..] = ip.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        }
    }
}

/// Who asks: a key that is good, and the account behind it.
#[derive(Clone, PartialEq, Eq)]
pub struct Asker {
    /// Behind the key.
    pub account: Account,
    /// The key itself: links carry it.
    pub key: String,
    /// What the store knows it by.
    pub hash: String,
}

impl std::fmt::Debug for Asker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Asker({})", self.account.id)
    }
}

impl Asker {
    /// Only keys that are linked to a person go on.
    pub fn linked(&self, desk: &Desk, base: &str) -> Result<(), Fault> {
        if self.account.is_linked() {
            return Ok(());
        }
        let action = desk.links(base, &self.key).link();
        Err(Code::AuthRequired.because("link this key to an account first").with_action(action))
    }

    /// Seconds the account may still talk.
    pub fn balance_seconds(&self, rules: &Rules) -> u64 {
        rules.trial.remaining_seconds(&self.account)
    }
}

impl Desk {
    /// Looks a key up. How often it comes is counted by [`Desk::count_key`].
    ///
    /// # Errors
    /// `invalid_api_key`.
    pub async fn asker(&self, key: &str) -> Result<Asker, Fault> {
        let unknown = || Code::InvalidApiKey.because("this key is not known here");
        if !is_key(key) {
            return Err(unknown());
        }
        let hash = store::hash(key);
        let asked = hash.clone();
        let owner = self.setup.ledger.ask(move |store| store.key(&asked)).await?;
        let owner = owner.ok_or_else(unknown)?;
        if owner.expires_at.is_some_and(|end| end <= wall_now()) {
            return Err(Code::InvalidApiKey.because("this key has expired"));
        }
        Ok(Asker { account: owner.account, key: key.to_owned(), hash })
    }

    /// Counts a request with a key.
    ///
    /// # Errors
    /// `rate_limited`.
    pub fn count_key(&self, asker: &Asker) -> Result<(), Fault> {
        self.limit(|books| (&mut books.key, &asker.account.id), "requests with this key")
    }

    /// Counts a request of an address.
    pub fn count(&self, visitor: &Visitor) -> Result<(), Fault> {
        self.limit(|books| (&mut books.address, &visitor.address), "requests from this address")
    }

    pub(super) fn limit<'a>(
        &self,
        of: impl FnOnce(&mut RateBooks) -> (&mut Buckets, &'a str),
        what: &str,
    ) -> Result<(), Fault> {
        let mut books = self.rates.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (buckets, name) = of(&mut books);
        buckets.take(self.exchange.clock().now(), name).map_err(|wait_s| {
            Code::RateLimited.because(format!("too many {what}; wait {wait_s} s")).after_s(wait_s)
        })
    }
}
