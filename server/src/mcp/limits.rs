//! What agents may do: whom they may call, and for how long all calls together.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::config::{self, Destinations};

/// The limits of one run.
#[derive(Debug)]
pub(super) struct Limits {
    destinations: Destinations,
    call_seconds_max: u64,
    /// Longest wait, in s.
    pub(super) wait_seconds_max: u64,
    seconds_left: Mutex<u64>,
}

/// Why a call is not placed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Forbidden {
    /// The configuration does not name the number.
    #[error("{0} is not among the destinations that mcp.destinations allows")]
    Destination(String),
    /// Less than a minute is left.
    #[error("the calls of this run have taken all the minutes that mcp.minutes_max allows")]
    Minutes,
}

impl Forbidden {
    /// As an agent reads it.
    pub(super) fn body(&self) -> Value {
        let code = match self {
            Self::Destination(_) => "destination_not_allowed",
            Self::Minutes => "minutes_used_up",
        };
        let next_step = "this is the user's decision: ask them, and do not try another way";
        json!({ "error": {
            "code": code, "message": self.to_string(), "retryable": false, "next_step": next_step,
        }})
    }
}

impl Limits {
    pub(super) fn new(config: &config::Mcp) -> Self {
        Self {
            destinations: config.destinations.clone(),
            call_seconds_max: u64::from(config.call_minutes_max) * 60,
            wait_seconds_max: u64::from(config.wait_seconds_max),
            seconds_left: Mutex::new(u64::from(config.minutes_max) * 60),
        }
    }

    /// Sets time aside for one call, in s, or says why there may be none.
    pub(super) fn grant(&self, numbers: &[&str]) -> Result<u64, Forbidden> {
        if let Some(other) = numbers.iter().find(|number| !self.destinations.allow(number)) {
            return Err(Forbidden::Destination((*other).to_owned()));
        }
        let mut left = self.seconds_left.lock().unwrap_or_else(PoisonError::into_inner);
        let granted = self.call_seconds_max.min(*left);
        if granted < 60 {
            return Err(Forbidden::Minutes);
        }
        *left -= granted;
        Ok(granted)
    }

    /// Takes back what a call did not need, in s.
    pub(super) fn give_back(&self, seconds: u64) {
        *self.seconds_left.lock().unwrap_or_else(PoisonError::into_inner) += seconds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(destinations: &str, minutes_max: u32) -> Limits {
        Limits::new(&config::Mcp {
            destinations: destinations.to_owned().try_into().expect("destinations"),
            minutes_max,
            call_minutes_max: 2,
            wait_seconds_max: 240,
        })
    }

    #[test]
    fn minutes_are_set_aside_and_come_back() {
        let limits = limits("", 5);
        assert_eq!(limits.grant(&["+1"]), Ok(120));
        assert_eq!(limits.grant(&["+1"]), Ok(120));
        assert_eq!(limits.grant(&["+1"]), Ok(60), "what is left");
        assert_eq!(limits.grant(&["+1"]), Err(Forbidden::Minutes));
        limits.give_back(59);
        assert_eq!(limits.grant(&["+1"]), Err(Forbidden::Minutes));
        limits.give_back(41);
        assert_eq!(limits.grant(&["+1"]), Ok(100));
    }

    #[test]
    fn a_number_to_be_joined_is_a_destination_too() {
        let limits = limits("+1212*", 60);
        assert_eq!(limits.grant(&["+12125550142", "+12125550199"]), Ok(120));
        let refused = limits.grant(&["+12125550142", "+19005550100"]).expect_err("refused");
        assert_eq!(refused, Forbidden::Destination("+19005550100".to_owned()));
        assert_eq!(refused.body()["error"]["code"], "destination_not_allowed");
    }
}
