//! A token bucket.

use crate::clock::Moment;

use super::Rate;

const SECOND: u64 = 1_000_000_000;

/// Lets events pass at a rate, with a burst after a pause. Starts full.
#[derive(Debug, Clone)]
pub(super) struct TokenBucket {
    /// Nanoseconds that one event costs; `None` if no event may pass.
    cost: Option<u64>,
    capacity: u64,
    /// Nanoseconds saved up to `updated`.
    credit: u64,
    updated: Moment,
}

impl TokenBucket {
    pub(super) fn new(rate: Rate) -> Self {
        let cost = SECOND.checked_div(u64::from(rate.per_second));
        let capacity = cost.unwrap_or(0) * u64::from(rate.burst);
        Self { cost, capacity, credit: capacity, updated: Moment::ORIGIN }
    }

    /// Takes a token; false if there is none.
    pub(super) fn take(&mut self, now: Moment) -> bool {
        let Some(cost) = self.cost else { return false };
        let passed = now.as_nanos().saturating_sub(self.updated.as_nanos());
        self.updated = self.updated.max(now);
        self.credit = self.credit.saturating_add(passed).min(self.capacity);
        match self.credit.checked_sub(cost) {
            Some(rest) => {
                self.credit = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_then_the_rate() {
        let mut bucket = TokenBucket::new(Rate { per_second: 100, burst: 5 });
        let mut passed = |now| (0..1000).filter(|_| bucket.take(now)).count();
        let start = Moment::from_nanos(7 * SECOND);
        assert_eq!(passed(start), 5);
        assert_eq!(passed(start + Duration::from_millis(20)), 2);
        assert_eq!(passed(start + Duration::from_millis(10)), 0, "time does not run backwards");
        assert_eq!(passed(start + Duration::from_secs(3600)), 5, "no more than the burst is saved");
    }

    #[test]
    fn a_rate_of_zero_lets_nothing_pass() {
        assert!(!TokenBucket::new(Rate { per_second: 0, burst: 5 }).take(Moment::from_nanos(SECOND)));
    }
}
