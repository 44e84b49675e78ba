//! Routing instances.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::addr::{Family, InstanceId, InstanceName, PortId, Prefix};
use crate::table::PrefixTable;

use super::NextHop;

/// A routing instance: a named table that always answers. Immutable once published to the workers;
/// a change is made on a clone, which shares all but the path that changes.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Its index in every worker.
    pub id: InstanceId,
    /// Its name, for people.
    pub name: InstanceName,
    table: PrefixTable<NextHop<PortId>>,
}

impl Instance {
    /// An instance without routes.
    #[must_use]
    pub fn new(id: InstanceId, name: InstanceName) -> Self {
        Self { id, name, table: PrefixTable::new() }
    }

    /// Sets where a prefix leads.
    pub fn insert(&mut self, prefix: Prefix, next_hop: NextHop<PortId>) {
        self.table.insert(prefix, next_hop);
    }

    /// Removes a route.
    pub fn remove(&mut self, prefix: &Prefix) {
        self.table.remove(prefix);
    }

    /// Where an address leads; [`NextHop::NoRoute`] if no route matches.
    #[must_use]
    pub fn lookup(&self, destination: IpAddr) -> &NextHop<PortId> {
        match destination {
            IpAddr::V4(address) => self.lookup_v4(address),
            IpAddr::V6(address) => self.lookup_v6(address),
        }
    }

    /// Where an IPv4 address leads.
    #[must_use]
    pub fn lookup_v4(&self, destination: Ipv4Addr) -> &NextHop<PortId> {
        self.table.lookup_v4(destination).unwrap_or(&NextHop::NoRoute)
    }

    /// Where an IPv6 address leads.
    #[must_use]
    pub fn lookup_v6(&self, destination: Ipv6Addr) -> &NextHop<PortId> {
        self.table.lookup_v6(destination).unwrap_or(&NextHop::NoRoute)
    }

    /// The route that an address matches.
    #[must_use]
    pub fn matched(&self, destination: IpAddr) -> Option<Prefix> {
        self.table.lookup(destination).map(|(prefix, _)| prefix)
    }

    /// Number of routes of a family.
    #[must_use]
    pub fn count(&self, family: Family) -> usize {
        self.table.count(family)
    }
}
