//! Every way the API says no (ClawCall API §2.12): a stable code, its status, words for people, and
//! what the user can do about it. The one table of codes.

use serde::Serialize;
use utoipa::ToSchema;

use crate::account::Account;

/// Stable codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// Something required is absent, empty, too long or of a wrong type.
    MissingFields,
    /// Not a number that can be called.
    InvalidPhone,
    /// An unknown voice, or a style that cannot be used.
    InvalidPreferences,
    /// An inbound profile without instructions or greeting.
    InvalidProfile,
    /// A hand-off to a number of our own.
    InvalidHandoffNumber,
    /// A query that cannot be read.
    InvalidQuery,
    /// A key, or a linked one, is needed.
    AuthRequired,
    /// The key is unknown or has expired.
    InvalidApiKey,
    /// A link's token or a one-time code is wrong or too old.
    InvalidToken,
    /// A key without account has used its free calls.
    TrialExhausted,
    /// An account without plan has used its free calls.
    PlanRequired,
    /// A reserved number is needed.
    ReservedNumberRequired,
    /// The plan has no incoming calls.
    InboundPlanRequired,
    /// The rules of this installation do not allow it.
    Forbidden,
    /// The key must be linked to an account first.
    AccountLinkRequired,
    /// No such thing, or somebody else's.
    NotFound,
    /// The call has no recording.
    RecordingNotAvailable,
    /// It does not fit with what was asked before.
    Conflict,
    /// The account's own number is in a call.
    ReservedNumberBusy,
    /// Minutes are not sold in packs any more.
    MinutePacksDiscontinued,
    /// More than is allowed at a time (first generation: the free calls are used up).
    QuotaExceeded,
    /// A paid balance is used up.
    BalanceDepleted,
    /// Too many requests in a short time.
    RateLimited,
    /// The call could not be handed to the telephone network.
    DialFailed,
    /// All caller numbers are in use.
    NumberPoolExhausted,
    /// Records cannot be written now.
    StorageUnavailable,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 26] = [
        Self::MissingFields,
        Self::InvalidPhone,
        Self::InvalidPreferences,
        Self::InvalidProfile,
        Self::InvalidHandoffNumber,
        Self::InvalidQuery,
        Self::AuthRequired,
        Self::InvalidApiKey,
        Self::InvalidToken,
        Self::TrialExhausted,
        Self::PlanRequired,
        Self::ReservedNumberRequired,
        Self::InboundPlanRequired,
        Self::Forbidden,
        Self::AccountLinkRequired,
        Self::NotFound,
        Self::RecordingNotAvailable,
        Self::Conflict,
        Self::ReservedNumberBusy,
        Self::MinutePacksDiscontinued,
        Self::QuotaExceeded,
        Self::BalanceDepleted,
        Self::RateLimited,
        Self::DialFailed,
        Self::NumberPoolExhausted,
        Self::StorageUnavailable,
    ];

    /// As it stands in the envelope, and the HTTP status that goes with it.
    pub fn row(self) -> (&'static str, u16) {
        match self {
            Self::MissingFields => ("missing_fields", 400),
            Self::InvalidPhone => ("invalid_phone", 400),
            Self::InvalidPreferences => ("invalid_preferences", 400),
            Self::InvalidProfile => ("invalid_profile", 400),
            Self::InvalidHandoffNumber => ("invalid_handoff_number", 400),
            Self::InvalidQuery => ("invalid_query", 400),
            Self::AuthRequired => ("auth_required", 401),
            Self::InvalidApiKey => ("invalid_api_key", 401),
            Self::InvalidToken => ("invalid_token", 401),
            Self::TrialExhausted => ("trial_exhausted", 402),
            Self::PlanRequired => ("plan_required", 402),
            Self::ReservedNumberRequired => ("reserved_number_required", 402),
            Self::InboundPlanRequired => ("inbound_plan_required", 403),
            Self::Forbidden => ("forbidden", 403),
            Self::AccountLinkRequired => ("account_link_required", 403),
            Self::NotFound => ("not_found", 404),
            Self::RecordingNotAvailable => ("recording_not_available", 404),
            Self::Conflict => ("conflict", 409),
            Self::ReservedNumberBusy => ("reserved_number_busy", 409),
            Self::MinutePacksDiscontinued => ("minute_packs_discontinued", 410),
            Self::QuotaExceeded => ("quota_exceeded", 429),
            Self::BalanceDepleted => ("balance_depleted", 429),
            Self::RateLimited => ("rate_limited", 429),
            Self::DialFailed => ("dial_failed", 502),
            Self::NumberPoolExhausted => ("number_pool_exhausted", 503),
            Self::StorageUnavailable => ("storage_unavailable", 503),
        }
    }

    /// With words for people.
    pub fn because(self, message: impl Into<String>) -> Fault {
        let message = message.into();
        Fault { code: self, message, action: None, quota: None, retry_after_s: None }
    }
}

/// What the user can do. Links are passed on byte for byte: they carry the key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Action {
    /// What kind of step it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it is taken.
    pub url: String,
    /// For a button.
    pub label: String,
    /// For who has an account already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_in_url: Option<String>,
}

/// How much was allowed and used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Quota {
    /// Talked, in s.
    pub used_seconds: u64,
    /// Left, in s.
    pub remaining_seconds: u64,
    /// Allowed, in s.
    pub limit_seconds: u64,
    /// Of which tier.
    pub tier: String,
}

/// A request that is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", code.row().0)]
pub struct Fault {
    /// Which.
    pub code: Code,
    /// For people.
    pub message: String,
    /// The way out, if there is one.
    pub action: Option<Box<Action>>,
    /// What was used, where that is why.
    pub quota: Option<Box<Quota>>,
    /// It may be tried again after this long, in s.
    pub retry_after_s: Option<u32>,
}

impl Fault {
    /// With a way out.
    pub fn with_action(self, action: Action) -> Self {
        Self { action: Some(Box::new(action)), ..self }
    }

    /// With what was used.
    pub fn with_quota(self, quota: Quota) -> Self {
        Self { quota: Some(Box::new(quota)), ..self }
    }

    /// It may be tried again after this long.
    pub fn after_s(self, retry_after_s: u32) -> Self {
        Self { retry_after_s: Some(retry_after_s), ..self }
    }
}

/// Pages of the website that goes with the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links<'a> {
    /// Its address, without a slash at the end.
    pub frontend: &'a str,
    /// The key that is linked there.
    pub key: &'a str,
}

impl Links<'_> {
    /// For who has an account.
    pub fn sign_in(&self) -> String {
        format!("{}/sign-in?token={}", self.frontend, self.key)
    }

    /// For who has none.
    pub fn sign_up(&self) -> String {
        format!("{}/sign-up?token={}", self.frontend, self.key)
    }

    /// The step that links the key to an account.
    pub fn link(&self) -> Action {
        Action {
            kind: "sign_up".to_owned(),
            url: self.sign_up(),
            label: "Create an account".to_owned(),
            sign_in_url: Some(self.sign_in()),
        }
    }

    /// The step that buys a plan, for an account that exists.
    pub fn plan(&self) -> Action {
        Action {
            kind: "plan".to_owned(),
            url: self.sign_in(),
            label: "See your account".to_owned(),
            sign_in_url: None,
        }
    }
}

impl Quota {
    /// Of an account, with what it may use in all, in s.
    pub fn of(account: &Account, limit_seconds: u64, remaining_seconds: u64) -> Self {
        let tier = account.tier.name().to_owned();
        Self { used_seconds: account.talk_seconds, remaining_seconds, limit_seconds, tier }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_have_an_error_status() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.row().0).collect();
        assert!(Code::ALL.iter().all(|code| (400..600).contains(&code.row().1)));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }

    #[test]
    fn links_carry_the_key_as_it_is() {
        let links = Links { frontend: "https://claw.example", key: "clawcall_sk_a-b_c" };
        assert_eq!(links.sign_in(), "https://claw.example/sign-in?token=clawcall_sk_a-b_c");
        assert_eq!(links.link().url, "https://claw.example/sign-up?token=clawcall_sk_a-b_c");
    }
}
