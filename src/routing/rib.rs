//! The routes of an instance, to be changed.

use std::sync::Arc;

use crate::addr::{InstanceId, InstanceName, PortId, Prefix};
use crate::table::PrefixTable;

use super::next_hops::Interner;
use super::{Instance, NextHop};

/// Routing information base: the routes of an instance as their owner has them. The workers get
/// [`Rib::publish`].
#[derive(Debug)]
pub struct Rib {
    id: InstanceId,
    name: InstanceName,
    table: PrefixTable,
    next_hops: Interner,
}

impl Rib {
    /// An instance without routes.
    #[must_use]
    pub fn new(id: InstanceId, name: InstanceName) -> Self {
        Self { id, name, table: PrefixTable::new(), next_hops: Interner::default() }
    }

    /// Sets where a prefix leads.
    ///
    /// # Panics
    /// If the routes have more than 2^24 - 1 different next hops.
    pub fn insert(&mut self, prefix: Prefix, next_hop: NextHop<PortId>) {
        let index = self.next_hops.acquire(next_hop);
        if let Some(old) = self.table.insert(prefix, index) {
            self.next_hops.release(old);
        }
    }

    /// Removes a route.
    pub fn remove(&mut self, prefix: &Prefix) {
        if let Some(old) = self.table.remove(prefix) {
            self.next_hops.release(old);
        }
    }

    /// The instance as it is now. It is made in constant time and never changes: it shares what
    /// later changes leave as it is.
    #[must_use]
    pub fn publish(&self) -> Arc<Instance> {
        Arc::new(Instance::new(self.id, self.name.clone(), self.table.clone(), self.next_hops.next_hops().clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> Prefix {
        text.parse().unwrap()
    }

    fn rib() -> Rib {
        Rib::new(InstanceId(0), InstanceName::new("default-domain:admin:net1:net1").unwrap())
    }

    #[test]
    fn always_answers() {
        let mut rib = rib();
        let (v4, v6) = ([10, 0, 0, 1].into(), "2001:db8::1".parse().unwrap());
        let empty = rib.publish();
        assert_eq!((empty.lookup(v4), empty.lookup(v6)), (&NextHop::NoRoute, &NextHop::NoRoute));
        rib.insert(prefix("10.0.0.0/8"), NextHop::Discard);
        rib.insert(prefix("2001:db8::/32"), NextHop::port(PortId(3)));
        let both = rib.publish();
        assert_eq!((both.lookup(v4), both.lookup(v6)), (&NextHop::Discard, &NextHop::port(PortId(3))));
        rib.remove(&prefix("10.0.0.0/8"));
        let one = rib.publish();
        assert_eq!((one.lookup(v4), one.matched(v6)), (&NextHop::NoRoute, Some(prefix("2001:db8::/32"))));
        assert_eq!((empty.matched(v6), both.lookup(v4)), (None, &NextHop::Discard), "what was published stays");
    }

    #[test]
    fn a_route_is_replaced_and_the_next_hop_forgotten() {
        let mut rib = rib();
        for next_hop in [NextHop::Unreachable, NextHop::Local, NextHop::Discard] {
            rib.insert(prefix("10.1.0.0/16"), next_hop);
        }
        rib.remove(&prefix("10.2.0.0/16"));
        let host = [10, 1, 0, 1].into();
        assert_eq!((rib.publish().lookup(host), rib.next_hops.count()), (&NextHop::Discard, 1));
        rib.remove(&prefix("10.1.0.0/16"));
        assert_eq!((rib.publish().lookup(host), rib.next_hops.count()), (&NextHop::NoRoute, 0));
    }

    #[test]
    fn an_instance_without_routes_is_small() {
        // It has nothing on the heap but its name.
        let bytes = size_of::<Rib>() + size_of::<Instance>();
        assert!(bytes <= 512, "{bytes} bytes");
    }
}
