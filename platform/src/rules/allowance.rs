//! Free calls and balances: may this account place one more call, and what is left?

use serde::{Deserialize, Serialize};

use crate::{
    account::{Account, Tier},
    fault::{Code, Fault, Links, Quota},
};

/// Whether free calls end with the first of the two limits, or with the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialRule {
    /// With the first.
    First,
    /// With the last.
    Last,
}

/// The free calls of every new key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trial {
    /// How many count.
    pub calls: u64,
    /// How long, together, in s.
    pub seconds: u64,
    /// A shorter talk does not count as a call, in s.
    pub talk_seconds_min: u64,
    /// Which of the two limits ends them.
    pub rule: TrialRule,
}

impl Default for Trial {
    fn default() -> Self {
        Self { calls: 10, seconds: 600, talk_seconds_min: 5, rule: TrialRule::Last }
    }
}

impl Trial {
    /// Seconds an account may still talk.
    pub fn remaining_seconds(&self, account: &Account) -> u64 {
        match account.tier {
            Tier::Trial => self.seconds.saturating_sub(account.talk_seconds),
            Tier::Paid => u64::try_from(account.balance_seconds).unwrap_or(0),
        }
    }

    fn is_used_up(&self, account: &Account) -> bool {
        let calls = account.calls_counted >= self.calls;
        let seconds = account.talk_seconds >= self.seconds;
        match self.rule {
            TrialRule::First => calls || seconds,
            TrialRule::Last => calls && seconds,
        }
    }

    /// Whether an account may place a call. The first generation of the API has one code for whoever
    /// has used their free calls.
    ///
    /// # Errors
    /// `balance_depleted`; `trial_exhausted`, or `plan_required` once linked, or `quota_exceeded` for
    /// the first generation.
    pub fn admits(
        &self,
        account: &Account,
        links: &Links<'_>,
        first_generation: bool,
    ) -> Result<(), Fault> {
        let remaining = self.remaining_seconds(account);
        let quota = |limit| Quota::of(account, limit, remaining);
        match account.tier {
            Tier::Paid if account.balance_seconds > 0 => Ok(()),
            Tier::Paid => Err(Code::BalanceDepleted
                .because("the balance is used up")
                .with_action(links.plan())
                .with_quota(quota(account.talk_seconds))),
            Tier::Trial if !self.is_used_up(account) => Ok(()),
            Tier::Trial => {
                let (code, action) = match (first_generation, account.is_linked()) {
                    (true, _) => (Code::QuotaExceeded, links.link()),
                    (false, false) => (Code::TrialExhausted, links.link()),
                    (false, true) => (Code::PlanRequired, links.plan()),
                };
                Err(code
                    .because("the free calls are used up")
                    .with_action(action)
                    .with_quota(quota(self.seconds)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINKS: Links<'static> = Links { frontend: "https://x", key: "clawcall_sk_k" };

    fn used(calls: u64, seconds: u64) -> Account {
        Account { calls_counted: calls, talk_seconds: seconds, ..Account::default() }
    }

    #[test]
    fn free_calls_end_with_the_limit_the_rule_names() {
        let (last, first) =
            (Trial::default(), Trial { rule: TrialRule::First, ..Trial::default() });
        for (calls, seconds, by_last, by_first) in [
            (0, 0, true, true),
            (9, 599, true, true),
            (10, 100, true, false),
            (3, 600, true, false),
            (10, 600, false, false),
        ] {
            let account = used(calls, seconds);
            assert_eq!(last.admits(&account, &LINKS, false).is_ok(), by_last, "{calls} {seconds}");
            assert_eq!(
                first.admits(&account, &LINKS, false).is_ok(),
                by_first,
                "{calls} {seconds}"
            );
        }
    }

    #[test]
    fn who_is_refused_learns_what_to_do() {
        let trial = Trial::default();
        let account = used(10, 700);
        let fault = trial.admits(&account, &LINKS, false).expect_err("used up");
        assert_eq!(fault.code, Code::TrialExhausted);
        let action = fault.action.expect("a way out");
        assert_eq!(action.url, "https://x/sign-up?token=clawcall_sk_k");
        assert_eq!(action.sign_in_url.as_deref(), Some("https://x/sign-in?token=clawcall_sk_k"));
        let quota = fault.quota.expect("figures");
        assert_eq!(
            (quota.used_seconds, quota.remaining_seconds, quota.limit_seconds),
            (700, 0, 600)
        );
        let code = |account: &Account, first| {
            trial.admits(account, &LINKS, first).expect_err("used up").code
        };
        assert_eq!(code(&account, true), Code::QuotaExceeded);
        let linked = Account { email: Some("a@b.c".into()), ..account };
        assert_eq!(code(&linked, false), Code::PlanRequired);
        let paid = Account { tier: Tier::Paid, balance_seconds: -3, ..linked };
        assert_eq!(code(&paid, false), Code::BalanceDepleted);
        assert_eq!(trial.remaining_seconds(&paid), 0);
        assert!(trial.admits(&Account { balance_seconds: 1, ..paid }, &LINKS, false).is_ok());
    }
}
