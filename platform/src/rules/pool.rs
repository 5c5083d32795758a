//! The numbers that callees see, and how many calls each may be in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use telephony::E164;

use crate::fault::{Code, Fault};

/// Our own numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Numbers {
    /// Shared by all accounts that have none of their own. Without any the installation's one number
    /// is shown in all calls.
    pub pool: Vec<E164>,
    /// Calls at a time from one of them.
    pub calls_at_once_max: u32,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { pool: Vec::new(), calls_at_once_max: 1 }
    }
}

/// Calls under way by our number in them.
pub type NumbersInUse = BTreeMap<E164, u32>;

impl Numbers {
    /// The number of the pool that is least in use; `None` when there is no pool.
    ///
    /// # Errors
    /// `number_pool_exhausted`.
    pub fn choose(&self, in_use: &NumbersInUse) -> Result<Option<&E164>, Fault> {
        let calls = |number: &E164| in_use.get(number).copied().unwrap_or(0);
        match self.pool.iter().min_by_key(|number| calls(number)) {
            None => Ok(None),
            Some(least) if calls(least) < self.calls_at_once_max => Ok(Some(least)),
            Some(_) => Err(Code::NumberPoolExhausted
                .because("all numbers to call from are in use; try again in a moment")
                .after_s(15)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_used_number_is_shown_until_all_are_in_use() {
        let number = |text: &str| text.parse::<E164>().expect("a number");
        let (a, b) = (number("+12125550100"), number("+12125550101"));
        let numbers = Numbers { pool: vec![a.clone(), b.clone()], calls_at_once_max: 2 };
        let mut in_use = NumbersInUse::new();
        let mut shown = Vec::new();
        while let Ok(Some(next)) = numbers.choose(&in_use) {
            shown.push(next.clone());
            *in_use.entry(next.clone()).or_default() += 1;
        }
        assert_eq!(shown, [a.clone(), b.clone(), a.clone(), b]);
        let fault = numbers.choose(&in_use).expect_err("all in use");
        assert_eq!((fault.code, fault.retry_after_s), (Code::NumberPoolExhausted, Some(15)));
        in_use.insert(a.clone(), 1);
        assert_eq!(numbers.choose(&in_use), Ok(Some(&a)));
        assert_eq!(Numbers::default().choose(&in_use), Ok(None));
    }
}
