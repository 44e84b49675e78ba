//! How much traffic there has been of late.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::addr::InterfaceName;
use crate::clock::Moment;
use crate::forward::PortCounters;

/// What was counted in a shorter time says little; who asks again within it is told the same.
const LEAST: Duration = Duration::from_secs(1);

/// What all ports took in during a time.
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
}

/// What was counted when somebody last asked. Nothing is counted for nobody.
#[derive(Debug, Default)]
pub(super) struct Sample {
    taken: Option<Moment>,
    ports: BTreeMap<InterfaceName, Sum>,
    rates: Rates,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    packets: u64,
    bytes: u64,
    drops: u64,
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
        let over = self.taken.map_or(uptime, |taken| now - taken);
        if self.taken.is_some() && over < LEAST {
            return self.rates;
        }
        let sum = |counters: &PortCounters| Sum {
            packets: counters.received,
            bytes: counters.received_bytes,
            drops: counters.drops().map(|(_, count)| count).sum(),
        };
        let ports: BTreeMap<InterfaceName, Sum> = ports.map(|(name, counters)| (name, sum(counters))).collect();
        let mut rates = Rates { over, ..Rates::default() };
        for (name, sum) in &ports {
            // A port that was deleted and added again has begun anew.
            let before = self.ports.get(name).copied().filter(|before| before.packets <= sum.packets);
            let before = before.unwrap_or_default();
            rates.packets += sum.packets - before.packets;
            rates.bytes += sum.bytes.saturating_sub(before.bytes);
            rates.drops += sum.drops.saturating_sub(before.drops);
        }
        *self = Self { taken: Some(now), ports, rates };
        rates
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
        let Rates { over, packets, bytes, drops: _ } = sample.rates(ports, uptime, now);
        (packets, bytes, over)
    }

    #[test]
    fn rates_are_of_the_time_since_somebody_asked() {
        let mut sample = Sample::default();
        let millis = Duration::from_millis;
        assert_eq!(ask(&mut sample, 10_000, &[("a", 30)]), (30, 3000, millis(10_000)), "since the start");
        assert_eq!(ask(&mut sample, 10_500, &[("a", 40)]), (30, 3000, millis(10_000)), "too soon");
        assert_eq!(ask(&mut sample, 12_000, &[("a", 50), ("b", 7)]), (27, 2700, millis(2000)));
        assert_eq!(ask(&mut sample, 13_000, &[("a", 4), ("b", 7)]), (4, 400, millis(1000)), "a has begun anew");
    }
}
