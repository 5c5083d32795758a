//! Token buckets: a burst at once, then a steady rate, for each of many names.

use std::collections::BTreeMap;

use media::Mono;
use serde::{Deserialize, Serialize};

/// How often something may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// At once.
    pub burst: u32,
    /// From then on.
    pub per_minute: u32,
}

/// Names remembered. When there are more, those that have waited longest are forgotten: their bucket
/// is the fullest.
const NAMES_MAX: usize = 10_000;
const MINUTE_US: u64 = 60_000_000;

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// In millionths of a token.
    level: u64,
    at: Mono,
}

/// One bucket a name.
#[derive(Clone, Debug)]
pub struct Buckets {
    rate: Rate,
    buckets: BTreeMap<String, Bucket>,
}

impl Buckets {
    /// All full.
    pub fn new(rate: Rate) -> Self {
        Self { rate, buckets: BTreeMap::new() }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// When there is none: how long until there is, in s, at least 1.
    pub fn take(&mut self, now: Mono, name: &str) -> Result<(), u32> {
        let (full, per_minute) = (u64::from(self.rate.burst) * 1_000_000, self.rate.per_minute);
        if !self.buckets.contains_key(name) && self.buckets.len() >= NAMES_MAX {
            self.forget_half();
        }
        let bucket = self.buckets.entry(name.to_owned()).or_insert(Bucket { level: full, at: now });
        let waited_us = u64::try_from(now.since(bucket.at).as_micros()).unwrap_or(u64::MAX);
        let gained = waited_us.saturating_mul(u64::from(per_minute)) / 60;
        bucket.level = bucket.level.saturating_add(gained).min(full);
        bucket.at = now;
        if let Some(level) = bucket.level.checked_sub(1_000_000) {
            bucket.level = level;
            return Ok(());
        }
        let missing = 1_000_000 - bucket.level;
        let wait_us = (missing * 60).checked_div(u64::from(per_minute)).unwrap_or(MINUTE_US * 60);
        Err(u32::try_from(wait_us.div_ceil(1_000_000)).unwrap_or(u32::MAX).max(1))
    }

    fn forget_half(&mut self) {
        let mut times: Vec<Mono> = self.buckets.values().map(|bucket| bucket.at).collect();
        times.sort_unstable();
        let Some(&middle) = times.get(times.len() / 2) else { return };
        self.buckets.retain(|_, bucket| bucket.at > middle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_a_steady_rate_for_each_name() {
        let mut buckets = Buckets::new(Rate { burst: 3, per_minute: 60 });
        let at = Mono::from_millis;
        for _ in 0..3 {
            assert_eq!(buckets.take(at(0), "a"), Ok(()));
        }
        assert_eq!(buckets.take(at(0), "a"), Err(1));
        assert_eq!(buckets.take(at(0), "b"), Ok(()), "others have their own");
        assert_eq!(buckets.take(at(999), "a"), Err(1));
        assert_eq!(buckets.take(at(1_000), "a"), Ok(()));
        assert_eq!(buckets.take(at(1_001), "a"), Err(1));
        for _ in 0..3 {
            assert_eq!(buckets.take(at(3_600_000), "a"), Ok(()), "never more than the burst");
        }
        assert_eq!(buckets.take(at(3_600_000), "a"), Err(1));
    }

    #[test]
    fn a_rate_of_nothing_refuses_and_memory_has_an_end() {
        let mut never = Buckets::new(Rate { burst: 0, per_minute: 0 });
        assert_eq!(never.take(Mono::ZERO, "a"), Err(3_600));
        let mut many = Buckets::new(Rate { burst: 1, per_minute: 1 });
        for name in 0..3 * NAMES_MAX {
            let now = Mono::from_millis(name as u64);
            assert_eq!(many.take(now, &name.to_string()), Ok(()));
            assert!(many.buckets.len() <= NAMES_MAX);
        }
    }
}
