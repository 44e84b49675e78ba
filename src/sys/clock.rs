//! The real clock.

use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::clock::{Clock, Moment};

/// `CLOCK_MONOTONIC`: neither the wall clock nor NTP steps move it; it stands still while the
/// machine is suspended, and so do the audit windows.
#[derive(Debug, Clone, Copy, Default)]
pub struct MonotonicClock;

impl Clock for MonotonicClock {
    fn now(&self) -> Moment {
        Moment::ORIGIN + duration(clock_gettime(ClockId::Monotonic))
    }

    fn time_of_day(&self) -> Duration {
        duration(clock_gettime(ClockId::Realtime))
    }
}

/// Both fields are positive on these clocks.
fn duration(time: Timespec) -> Duration {
    Duration::from_secs(time.tv_sec.unsigned_abs()) + Duration::from_nanos(time.tv_nsec.unsigned_abs())
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
