//! The real clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

use crate::clock::{Clock, Moment};

/// `CLOCK_MONOTONIC`: neither the wall clock nor NTP steps move it; it stands still while the
/// machine is suspended, and so do the audit windows.
#[derive(Debug, Clone, Copy, Default)]
pub struct MonotonicClock;

impl Clock for MonotonicClock {
    fn now(&self) -> Moment {
        let time = clock_gettime(ClockId::Monotonic);
        // Both fields are positive on this clock.
        let nanos = time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs();
        Moment::from_nanos(nanos)
    }

    fn time_of_day(&self) -> SystemTime {
        let time = clock_gettime(ClockId::Realtime);
        // A host whose clock stands before 1970 has no time of day to tell.
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_nanos(time.tv_nsec.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_not_run_backwards() {
        let first = MonotonicClock.now();
        assert!(first > Moment::ORIGIN);
        assert!(MonotonicClock.now() >= first);
    }
}
