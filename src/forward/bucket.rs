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

    /// The same rule told otherwise: the generic cell rate algorithm (ITU-T I.371, annex A), which keeps the time
    /// at which the next event would be due if they came evenly.
    struct Oracle {
        cost: u64,
        burst: u64,
        due: u64,
        last: u64,
    }

    impl Oracle {
        fn take(&mut self, now: u64) -> bool {
            self.last = self.last.max(now);
            let due = self.due.max(self.last);
            let passes = due + self.cost <= self.last + self.burst * self.cost;
            if passes {
                self.due = due + self.cost;
            }
            passes
        }
    }

    /// All sequences of so many events, with all steps of time around the edges in between, also backwards.
    #[test]
    fn every_short_history_passes_what_the_oracle_passes() {
        const EVENTS: u32 = 5;
        for (per_second, burst) in [(1, 1), (1, 2), (2, 3), (3, 0), (3, 1), (7, 2), (1000, 4), (1_000_000_000, 2)] {
            let cost = SECOND / u64::from(per_second);
            let whole = i64::try_from(cost).unwrap();
            let steps = [0, 1, whole - 1, whole, whole + 1, whole * i64::from(burst), -whole];
            for history in 0..steps.len().pow(EVENTS) {
                let mut bucket = TokenBucket::new(Rate { per_second, burst });
                let mut oracle = Oracle { cost, burst: burst.into(), due: 0, last: 0 };
                let start = 100 * SECOND;
                let (mut now, mut rest, mut passed, mut latest) = (start, history, 0, start);
                // The first event may be earlier, by one step back.
                let first = start.saturating_add_signed(steps[history % steps.len()]).min(start);
                for _ in 0..EVENTS {
                    now = now.checked_add_signed(steps[rest % steps.len()]).unwrap();
                    rest /= steps.len();
                    latest = latest.max(now);
                    let passes = bucket.take(Moment::from_nanos(now));
                    assert_eq!(passes, oracle.take(now), "{per_second} a second, {burst} at once, history {history}");
                    passed += u64::from(passes);
                }
                assert!(passed <= u64::from(burst) + (latest - first) / cost, "more than was promised");
            }
        }
    }

    #[test]
    fn a_rate_of_zero_lets_nothing_pass() {
        assert!(!TokenBucket::new(Rate { per_second: 0, burst: 5 }).take(Moment::from_nanos(SECOND)));
    }
}
