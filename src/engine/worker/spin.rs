//! Looking again before sleeping.

use std::time::Duration;

use crate::clock::Moment;

/// Waking a thread takes longer than forwarding a packet: while packets come one after the other, a
/// worker that looks again for a moment finds the next one sooner. While they come seldom, or a little
/// too late each time, it sleeps at once, so that the processor is not taken for nothing.
#[derive(Debug)]
pub(super) struct Spin {
    /// How long to look again; zero is never.
    limit: Duration,
    /// When there was something to do last.
    busy: Moment,
    /// How often in a row the next packet came later than that.
    misses: u32,
    /// Whether to look again this time.
    is_worth_it: bool,
}

/// Gaps of up to so many limits promise that looking again finds something: part of a gap is the time
/// that waking up takes, which it saves.
const PROMISING: u32 = 5;

/// Misses in a row after which packets come too late.
const PATIENCE: u32 = 8;

/// Packets that come too late change their rhythm some time: every so often it is tried again.
const RETRY: u32 = 256;

impl Spin {
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, busy: Moment::ORIGIN, misses: 0, is_worth_it: false }
    }

    /// There was something to do now.
    pub(super) fn busy(&mut self, now: Moment) {
        let gap = now.since(self.busy);
        self.misses = if gap <= self.limit { 0 } else { self.misses.wrapping_add(1) };
        let is_in_time = self.misses < PATIENCE || self.misses.is_multiple_of(RETRY);
        self.is_worth_it = gap <= self.limit * PROMISING && is_in_time;
        self.busy = now;
    }

    /// Whether to look again instead of sleeping.
    pub(super) fn go_on(&self, now: Moment) -> bool {
        self.is_worth_it && now.since(self.busy) < self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Moment {
        Moment::from_nanos(micros * 1000)
    }

    #[test]
    fn it_spins_only_while_packets_follow_each_other() {
        let mut spin = Spin::new(Duration::from_micros(20));
        spin.busy(at(1000));
        assert!(!spin.go_on(at(1001)), "one packet alone");
        spin.busy(at(1100));
        assert!(spin.go_on(at(1119)), "the next came within 100 µs");
        assert!(!spin.go_on(at(1120)), "20 µs are over");
        spin.busy(at(1201));
        assert!(!spin.go_on(at(1202)), "the next took longer");
    }

    #[test]
    fn it_gives_up_on_packets_that_come_too_late() {
        let mut spin = Spin::new(Duration::from_micros(20));
        let mut tried = 0;
        for number in 1..=RETRY {
            spin.busy(at(u64::from(number) * 40));
            tried += u32::from(spin.go_on(at(u64::from(number) * 40 + 1)));
        }
        assert_eq!(tried, PATIENCE, "seven times at first, and once more later");
        let soon = u64::from(RETRY) * 40 + 15;
        spin.busy(at(soon));
        assert!(spin.go_on(at(soon + 1)), "one that comes in time is reason enough");
    }

    #[test]
    fn it_never_spins_without_a_limit() {
        let mut spin = Spin::new(Duration::ZERO);
        spin.busy(at(1));
        spin.busy(at(1));
        assert!(!spin.go_on(at(1)));
    }
}
