//! Moments and clocks.

use std::fmt;
use std::ops::{Add, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// A point in time on a monotonic clock (`CLOCK_MONOTONIC` in the daemon): nanoseconds since an
/// origin that means nothing outside this process. Setting the wall clock does not move it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(u64);

impl Moment {
    /// The clock's origin.
    pub const ORIGIN: Self = Self(0);

    /// A moment so many nanoseconds after the origin.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds after the origin.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Time passed since `earlier`; zero if that is not in the past.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    /// Saturates at the far end, some 584 years away.
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Sub for Moment {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", Duration::from_nanos(self.0))
    }
}

/// Where the shell takes `now` from.
pub trait Clock: Send + Sync {
    /// The present moment; never earlier than one returned before.
    fn now(&self) -> Moment;

    /// The wall clock: time since 1970-01-01 00:00 UTC. It may be set, back too: to be shown, not to be
    /// waited for.
    fn time_of_day(&self) -> Duration;
}

/// A clock that stands still until it is moved. Clones show the same time.
#[derive(Debug, Clone, Default)]
pub struct ManualClock {
    now: Arc<AtomicU64>,
    /// Seconds by which the wall clock was set.
    set_by: Arc<AtomicI64>,
}

impl ManualClock {
    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let later = self.now() + by;
        self.now.store(later.as_nanos(), Ordering::SeqCst);
    }

    /// Sets the wall clock forward or back; what has passed is the same.
    pub fn set_time_of_day_by(&self, seconds: i64) {
        self.set_by.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Moment {
        Moment(self.now.load(Ordering::SeqCst))
    }

    /// As if the origin had been on 2001-09-09 at 01:46:40 UTC.
    fn time_of_day(&self) -> Duration {
        let origin = 1_000_000_000_u64.saturating_add_signed(self.set_by.load(Ordering::SeqCst));
        Duration::from_secs(origin) + (self.now() - Moment::ORIGIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_a_manual_clock_move_together() {
        let clock = ManualClock::default();
        let other = clock.clone();
        clock.advance(Duration::from_secs(3));
        assert_eq!(other.now() - Moment::ORIGIN, Duration::from_secs(3));
    }

    #[test]
    fn the_wall_clock_moves_by_itself() {
        let clock = ManualClock::default();
        let before = clock.time_of_day();
        clock.set_time_of_day_by(-86_400);
        assert_eq!(before - clock.time_of_day(), Duration::from_secs(86_400));
        assert_eq!(clock.now(), Moment::ORIGIN);
    }

    #[test]
    fn moments_saturate() {
        assert_eq!(Moment::from_nanos(u64::MAX) + Duration::MAX, Moment::from_nanos(u64::MAX));
        assert_eq!(Moment::ORIGIN - Moment::from_nanos(5), Duration::ZERO);
    }
}
