//! The real clock.

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
