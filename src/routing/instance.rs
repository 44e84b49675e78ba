//! Routing instances, as packets see them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::addr::{Family, InstanceId, InstanceName, PortId, Prefix};
use crate::table::PrefixTable;

use super::NextHop;
use super::next_hops::NextHops;

/// A routing instance: a named table that always answers. It never changes;
/// [`Rib::publish`](super::Rib::publish) makes another, which shares all that is the same.
#[derive(Debug)]
pub struct Instance {
    /// Its index in every worker.
    pub id: InstanceId,
    /// Its name, for people.
    pub name: InstanceName,
    table: PrefixTable,
    next_hops: NextHops,
}

impl Instance {
    pub(super) fn new(id: InstanceId, name: InstanceName, table: PrefixTable, next_hops: NextHops) -> Self {
        Self { id, name, table, next_hops }
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
    #[inline]
    #[must_use]
    pub fn lookup_v4(&self, destination: Ipv4Addr) -> &NextHop<PortId> {
        let index = self.table.lookup_v4(destination);
        index.and_then(|index| self.next_hops.get(index)).unwrap_or(&NextHop::NoRoute)
    }

    /// Where an IPv6 address leads.
    #[inline]
    #[must_use]
    pub fn lookup_v6(&self, destination: Ipv6Addr) -> &NextHop<PortId> {
        let index = self.table.lookup_v6(destination);
        index.and_then(|index| self.next_hops.get(index)).unwrap_or(&NextHop::NoRoute)
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
