//! Looking again before sleeping.

use std::time::Duration;

use crate::clock::Moment;

/// Waking a thread takes longer than forwarding a packet: while packets come one after the other, a
/// worker that looks again for a moment finds the next one sooner. While they come seldom it sleeps
/// at once, so an idle worker costs nothing.
#[derive(Debug)]
pub(super) struct Spin {
    /// How long to look again; zero is never.
    limit: Duration,
    /// When there was something to do last.
    busy: Moment,
    /// True if what came last came soon after what came before.
    is_worth_it: bool,
}

/// Gaps of up to so many limits promise that spinning finds something: part of a gap is the time
/// that waking up takes, which spinning saves.
const PROMISING: u32 = 5;

impl Spin {
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, busy: Moment::ORIGIN, is_worth_it: false }
    }

    /// There was something to do now.
    pub(super) fn busy(&mut self, now: Moment) {
        self.is_worth_it = now.since(self.busy) <= self.limit * PROMISING;
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
    fn it_never_spins_without_a_limit() {
        let mut spin = Spin::new(Duration::ZERO);
        spin.busy(at(1));
        spin.busy(at(1));
        assert!(!spin.go_on(at(1)));
    }
}
