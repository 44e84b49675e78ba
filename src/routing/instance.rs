//! Routing instances.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use crate::addr::{Family, InstanceId, InstanceName, PortId, Prefix};
use crate::table::{Interner, PrefixTable};

use super::NextHop;

/// A routing instance: a named table that always answers. Immutable once published to the workers;
/// a change is made on a clone, which shares all but the path that changes.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Its index in every worker.
    pub id: InstanceId,
    /// Its name, for people.
    pub name: InstanceName,
    table: PrefixTable<Arc<NextHop<PortId>>>,
    /// The values of the table, each used as often as a prefix leads to it.
    next_hops: Interner<NextHop<PortId>>,
}

impl Instance {
    /// An instance without routes.
    #[must_use]
    pub fn new(id: InstanceId, name: InstanceName) -> Self {
        Self { id, name, table: PrefixTable::new(), next_hops: Interner::new() }
    }

    /// Sets where a prefix leads.
    pub fn insert(&mut self, prefix: Prefix, next_hop: NextHop<PortId>) {
        let next_hop = self.next_hops.acquire(next_hop);
        if let Some(old) = self.table.insert(prefix, next_hop) {
            self.next_hops.release(&old);
        }
    }

    /// Removes a route.
    pub fn remove(&mut self, prefix: &Prefix) {
        if let Some(old) = self.table.remove(prefix) {
            self.next_hops.release(&old);
        }
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
        self.table.lookup_v4(destination).map_or(&NextHop::NoRoute, |next_hop| &**next_hop)
    }

    /// Where an IPv6 address leads.
    #[inline]
    #[must_use]
    pub fn lookup_v6(&self, destination: Ipv6Addr) -> &NextHop<PortId> {
        self.table.lookup_v6(destination).map_or(&NextHop::NoRoute, |next_hop| &**next_hop)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> Prefix {
        text.parse().unwrap()
    }

    fn instance() -> Instance {
        Instance::new(InstanceId(0), InstanceName::new("default-domain:admin:net1:net1").unwrap())
    }

    #[test]
    fn always_answers() {
        let mut instance = instance();
        let (v4, v6) = ([10, 0, 0, 1].into(), "2001:db8::1".parse().unwrap());
        assert_eq!((instance.lookup(v4), instance.lookup(v6)), (&NextHop::NoRoute, &NextHop::NoRoute));
        instance.insert(prefix("10.0.0.0/8"), NextHop::Discard);
        instance.insert(prefix("2001:db8::/32"), NextHop::port(PortId(3)));
        assert_eq!((instance.lookup(v4), instance.lookup(v6)), (&NextHop::Discard, &NextHop::port(PortId(3))));
        instance.remove(&prefix("10.0.0.0/8"));
        assert_eq!((instance.lookup(v4), instance.matched(v6)), (&NextHop::NoRoute, Some(prefix("2001:db8::/32"))));
    }

    #[test]
    fn next_hops_are_stored_once_and_not_for_ever() {
        let mut instance = instance();
        let next_hops = |instance: &Instance| format!("{:?}", instance.next_hops);
        for network in ["10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/16"] {
            instance.insert(prefix(network), NextHop::Local);
        }
        assert_eq!(next_hops(&instance), "{Local: 3}");
        instance.insert(prefix("10.1.0.0/16"), NextHop::Discard);
        instance.remove(&prefix("10.2.0.0/16"));
        instance.remove(&prefix("10.3.0.0/16"));
        instance.remove(&prefix("10.0.0.0/8"));
        assert_eq!(next_hops(&instance), "{Discard: 1}");
    }

    #[test]
    fn an_instance_without_routes_is_small() {
        // It has nothing on the heap but its name.
        assert!(size_of::<Instance>() <= 320, "{} bytes", size_of::<Instance>());
    }
}
