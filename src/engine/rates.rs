//! How much traffic there has been of late.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::addr::InterfaceName;
use crate::clock::Moment;
use crate::forward::{DropReason, PortCounters};

/// What was counted in a shorter time says little; who asks again within it is told the same.
const LEAST: Duration = Duration::from_secs(1);

/// Traffic during a time, of all interfaces or of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rates {
    /// The time up to when it was counted.
    pub over: Duration,
    /// Packets received; a super-packet is one.
    pub packets: u64,
    /// Bytes of those.
    pub bytes: u64,
    /// Of the packets: dropped.
    pub drops: u64,
    /// Packets sent.
    pub transmitted: u64,
    /// Bytes of those.
    pub transmitted_bytes: u64,
}

/// What all interfaces have counted since the daemon has started. It never goes down: what an interface
/// counted that is gone stays in it, up to when somebody last asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Packets received.
    pub received: u64,
    /// Bytes of those.
    pub received_bytes: u64,
    /// Packets sent.
    pub transmitted: u64,
    /// Bytes of those.
    pub transmitted_bytes: u64,
    /// Received packets that were dropped, by reason; only reasons that occurred.
    pub dropped: Vec<(DropReason, u64)>,
}

/// What was counted when somebody last asked. Nothing is counted for nobody.
#[derive(Debug, Default)]
pub(super) struct Sample {
    ports: BTreeMap<InterfaceName, PortCounters>,
    traffic: Traffic,
    /// Since when the next rates are, and what each interface had counted then.
    since: Option<(Moment, Traffic, BTreeMap<InterfaceName, Sums>)>,
    rates: Rates,
    by_interface: BTreeMap<InterfaceName, Rates>,
}

/// An interface's counters without the reasons.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    received: u64,
    received_bytes: u64,
    dropped: u64,
    transmitted: u64,
    transmitted_bytes: u64,
}

impl Sample {
    /// The traffic since this was last called, [`LEAST`] ago or more; since the daemon has started, which
    /// is `uptime` ago, if it never was.
    pub(super) fn rates<'a>(
        &mut self,
        ports: impl Iterator<Item = (InterfaceName, &'a PortCounters)>,
        uptime: Duration,
        now: Moment,
    ) -> Rates {
        self.count(ports.map(|(name, counters)| (name, counters.clone())).collect());
        let over = self.since.as_ref().map_or(uptime, |(since, ..)| now - *since);
        if self.since.is_some() && over < LEAST {
            return self.rates;
        }
        let sums: BTreeMap<_, _> = self.ports.iter().map(|(name, counters)| (*name, Sums::of(counters))).collect();
        let (before, sums_before) = match self.since.replace((now, self.traffic.clone(), sums.clone())) {
            Some((_, traffic, sums)) => (traffic, sums),
            None => Default::default(),
        };
        self.rates = Rates {
            over,
            packets: self.traffic.received - before.received,
            bytes: self.traffic.received_bytes - before.received_bytes,
            drops: self.traffic.drops() - before.drops(),
            transmitted: self.traffic.transmitted - before.transmitted,
            transmitted_bytes: self.traffic.transmitted_bytes - before.transmitted_bytes,
        };
        let of_late = |(name, sums): (InterfaceName, Sums)| {
            (name, sums.since(sums_before.get(&name).copied().unwrap_or_default(), over))
        };
        self.by_interface = sums.into_iter().map(of_late).collect();
        self.rates
    }

    /// The traffic of one interface in the time that the last call of [`Sample::rates`] told of; `None` if it has
    /// come since.
    pub(super) fn of_interface(&self, name: &InterfaceName) -> Option<Rates> {
        self.by_interface.get(name).copied()
    }

    /// What has been counted up to the last call of [`Sample::rates`].
    pub(super) fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Takes in what was counted since the last time.
    fn count(&mut self, ports: BTreeMap<InterfaceName, PortCounters>) {
        let mut drops: BTreeMap<DropReason, u64> = self.traffic.dropped.drain(..).collect();
        for (name, counters) in &ports {
            // A port that was deleted and added again has begun anew.
            let before = self.ports.get(name).filter(|before| before.received <= counters.received);
            let of_before = |count: fn(&PortCounters) -> u64| before.map_or(0, count);
            let more = |count: fn(&PortCounters) -> u64| count(counters).saturating_sub(of_before(count));
            self.traffic.received += more(|counters| counters.received);
            self.traffic.received_bytes += more(|counters| counters.received_bytes);
            self.traffic.transmitted += more(|counters| counters.transmitted);
            self.traffic.transmitted_bytes += more(|counters| counters.transmitted_bytes);
            for (reason, count) in counters.drops() {
                let before = before.map_or(0, |before| before.dropped(reason));
                *drops.entry(reason).or_default() += count.saturating_sub(before);
            }
        }
        self.traffic.dropped = drops.into_iter().collect();
        self.ports = ports;
    }
}

impl Sums {
    fn of(counters: &PortCounters) -> Self {
        Self {
            received: counters.received,
            received_bytes: counters.received_bytes,
            dropped: counters.drops().map(|(_, count)| count).sum(),
            transmitted: counters.transmitted,
            transmitted_bytes: counters.transmitted_bytes,
        }
    }

    /// What was counted in a time; all of it if the port was deleted and added again since.
    fn since(self, before: Self, over: Duration) -> Rates {
        let is_same = before.received <= self.received && before.transmitted <= self.transmitted;
        let before = if is_same { before } else { Self::default() };
        Rates {
            over,
            packets: self.received - before.received,
            bytes: self.received_bytes.saturating_sub(before.received_bytes),
            drops: self.dropped.saturating_sub(before.dropped),
            transmitted: self.transmitted - before.transmitted,
            transmitted_bytes: self.transmitted_bytes.saturating_sub(before.transmitted_bytes),
        }
    }
}

impl Traffic {
    fn drops(&self) -> u64 {
        self.dropped.iter().map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(sample: &mut Sample, at: u64, ports: &[(&str, u64)]) -> (u64, u64, Duration) {
        let ports: Vec<_> = ports
            .iter()
            .map(|(name, packets)| {
                let mut counters = PortCounters::default();
                (counters.received, counters.received_bytes) = (*packets, packets * 100);
                (name.parse().unwrap(), counters)
            })
            .collect();
        let now = Moment::ORIGIN + Duration::from_millis(at);
        let uptime = now - Moment::ORIGIN;
        let ports = ports.iter().map(|(name, counters)| (*name, counters));
        let Rates { over, packets, bytes, .. } = sample.rates(ports, uptime, now);
        (packets, bytes, over)
    }

    #[test]
    fn rates_are_of_the_time_since_somebody_asked() {
        let mut sample = Sample::default();
        let millis = Duration::from_millis;
        assert_eq!(ask(&mut sample, 10_000, &[("a", 30)]), (30, 3000, millis(10_000)), "since the start");
        assert_eq!(ask(&mut sample, 10_500, &[("a", 40)]), (30, 3000, millis(10_000)), "too soon");
        let of = |sample: &Sample, name: &str| sample.of_interface(&name.parse().unwrap()).map(|rates| rates.packets);
        assert_eq!(ask(&mut sample, 10_600, &[("a", 40), ("b", 2)]).0, 30);
        assert_eq!([of(&sample, "a"), of(&sample, "b")], [Some(30), None], "b has come since");
        assert_eq!(ask(&mut sample, 12_000, &[("a", 50), ("b", 7)]), (27, 2700, millis(2000)));
        assert_eq!([of(&sample, "a"), of(&sample, "b")], [Some(20), Some(7)]);
        assert_eq!(ask(&mut sample, 13_000, &[("a", 4), ("b", 7)]), (4, 400, millis(1000)), "a has begun anew");
        assert_eq!([of(&sample, "a"), of(&sample, "b")], [Some(4), Some(0)]);
        assert_eq!(ask(&mut sample, 14_000, &[("b", 7)]).0, 0);
        assert_eq!(sample.traffic().received, 30 + 10 + 10 + 7 + 4, "what is gone stays counted");
    }
}
