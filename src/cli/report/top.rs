//! What interfaces do in a second.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::render::per_second;
use super::{Counters, Status};

/// What interfaces did during a time.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Top {
    /// The time, milliseconds.
    pub over_ms: u64,
    /// What they are sorted by: `packets`, `bytes`, `drops` or `name`.
    pub sort: &'static str,
    /// Gateways' taps and guests' ports.
    pub interfaces: Vec<Busy>,
}

/// What an interface did in a second, on average.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Busy {
    /// The interface.
    pub interface: String,
    /// `gateway` or `guest`.
    pub role: &'static str,
    /// Its routing instance.
    pub instance: String,
    /// Packets received: of a guest's port, what the guest has sent.
    pub received: u64,
    /// Bytes of those.
    pub received_bytes: u64,
    /// Packets sent.
    pub transmitted: u64,
    /// Bytes of those.
    pub transmitted_bytes: u64,
    /// Received packets that were dropped.
    pub drops: u64,
}

impl Top {
    /// What came between two looks that are `over_ms` apart, unsorted.
    #[must_use]
    pub fn between(before: &Status, after: &Status, over_ms: u64) -> Self {
        let counted: BTreeMap<&str, &Counters> =
            interfaces(before).map(|(interface, _, _, counters)| (interface, counters)).collect();
        let busy = interfaces(after).map(|(interface, role, instance, counters)| {
            let before = counted.get(interface).copied();
            // One that began anew has counted all it has in that time.
            let before = before.filter(|before| before.received <= counters.received);
            let more = |count: fn(&Counters) -> u64| {
                per_second(count(counters).saturating_sub(before.map_or(0, count)), over_ms)
            };
            Busy {
                interface: interface.to_owned(),
                role,
                instance: instance.to_owned(),
                received: more(|counters| counters.received),
                received_bytes: more(|counters| counters.received_bytes),
                transmitted: more(|counters| counters.transmitted),
                transmitted_bytes: more(|counters| counters.transmitted_bytes),
                drops: more(|counters| counters.dropped.values().sum()),
            }
        });
        Self { over_ms, sort: "name", interfaces: busy.collect() }
    }
}

/// Name, role, instance and counters of each.
fn interfaces(status: &Status) -> impl Iterator<Item = (&str, &'static str, &str, &Counters)> {
    let gateways = status.gateways.iter().map(|it| (&*it.interface, "gateway", &*it.instance, &it.counters));
    gateways.chain(status.ports.iter().map(|it| (&*it.interface, "guest", &*it.instance, &it.counters)))
}
