//! Somebody calls a reserved number: whether the call is answered, and how, before any sound flows.

use agent::brief::Brief;
use platform::{Account, Profile};
use sha2::{Digest as _, Sha256};
use telephony::{Direction, E164, token};

use super::{Desk, placing::begin};
use crate::{
    clock::{unix_seconds, wall_now},
    exchange::Placement,
    store::{NewCall, StoreError},
};

/// How long the carrier may take to open the stream, in s.
const STREAM_SECONDS: u64 = 60;

/// What the carrier is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ring {
    /// Turn the caller away; `busy` when they may try again.
    Reject {
        /// The line is in use, or we are.
        busy: bool,
        /// For the log.
        why: &'static str,
    },
    /// Open a stream with this token.
    Stream {
        /// Signed, for this call.
        token: String,
    },
}

const fn never(why: &'static str) -> Ring {
    Ring::Reject { busy: false, why }
}

const fn not_now(why: &'static str) -> Ring {
    Ring::Reject { busy: true, why }
}

/// Our id for a carrier's call: the same each time the carrier tells of it.
fn call_id(carrier_id: &str) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(carrier_id)[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

impl Desk {
    /// A call comes in. The carrier may tell of it twice: it is one call.
    pub async fn ring(&self, carrier_id: &str, to: &E164, from: Option<&E164>) -> Ring {
        let id = call_id(carrier_id);
        let _one_at_a_time = self.placing.lock().await;
        if self.exchange.find(&id).is_some() {
            return self.stream(&id);
        }
        let (account, profile) = match self.profile_behind(to).await {
            Ok(Some(found)) => found,
            Ok(None) => return never("nobody has this number, or wants calls to it"),
            Err(_) => return not_now("the store is not available"),
        };
        if !account.inbound || !profile.admits(from) {
            return never("the account's policy does not let this caller in");
        }
        if self.exchange.numbers_in_use().contains_key(to) {
            return not_now("reserved_number_busy");
        }
        let links = self.links("", "");
        if self.rules().trial.admits(&account, &links, false).is_err() {
            return not_now("the account has nothing left to talk with");
        }
        let Ok(slot) = self.exchange.slot() else { return not_now("all lines are in use") };
        let call = NewCall {
            id: id.clone(),
            account: account.id.clone(),
            key: None,
            direction: Direction::Inbound,
            queued_at: wall_now(),
            repeat: None,
        };
        let placement = Placement {
            id: id.clone(),
            direction: Direction::Inbound,
            to: Some(to.clone()),
            from: from.cloned(),
            brief: self.brief(profile),
            account: Some(account.id),
            duration_ms_max: None,
        };
        match begin(self.ledger().clone(), slot, call, placement).await {
            Ok(_) => {}
            // It has been here before; the carrier tells of it late.
            Err(_) if self.is_kept(&id).await => return never("this call is over"),
            Err(_) => return not_now("the call cannot be kept"),
        }
        self.stream(&id)
    }

    async fn is_kept(&self, id: &str) -> bool {
        let id = id.to_owned();
        matches!(self.ledger().ask(move |store| store.call(&id)).await, Ok(Some(_)))
    }

    fn stream(&self, id: &str) -> Ring {
        let secret = &self.exchange.shared().stream_secret;
        Ring::Stream { token: token::mint(secret, id, unix_seconds() + STREAM_SECONDS) }
    }

    async fn profile_behind(&self, to: &E164) -> Result<Option<(Account, Profile)>, StoreError> {
        let number = to.as_str().to_owned();
        let find = move |store: &mut crate::store::Store| {
            let Some(account) = store.owner_of(&number)? else { return Ok(None) };
            let kept = store.preferences(&account.id)?;
            Ok(kept.profile.map(|profile| (account, profile)))
        };
        self.ledger().ask(find).await
    }

    /// What the agent is told: kept for this call, whatever becomes of the profile.
    fn brief(&self, profile: Profile) -> Brief {
        Brief {
            task: profile.instructions,
            disclosure: self.disclosure(),
            greeting: Some(profile.greeting),
            bridge_number: profile.handoff_number,
            ..Brief::default()
        }
    }
}
