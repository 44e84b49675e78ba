//! The routing instances as published, and the addresses that speak for each.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use crate::addr::{Family, InstanceId, PortId};
use crate::routing::Instance;

use super::ports::Ports;

/// All instances, by index.
#[derive(Debug, Default)]
pub(super) struct Instances(Vec<Slot>);

#[derive(Debug, Clone, Default)]
struct Slot {
    routes: Option<Arc<Instance>>,
    ports: BTreeSet<PortId>,
    v4: Option<Ipv4Addr>,
    v6: Option<Ipv6Addr>,
}

impl Instances {
    /// The routes of an instance; `None` if it is not published.
    #[inline]
    pub(super) fn routes(&self, id: InstanceId) -> Option<&Instance> {
        self.0.get(id.index())?.routes.as_deref()
    }

    /// An address of our own on some port of the instance.
    pub(super) fn own_address(&self, id: InstanceId, family: Family) -> Option<IpAddr> {
        let slot = self.0.get(id.index())?;
        match family {
            Family::V4 => slot.v4.map(IpAddr::from),
            Family::V6 => slot.v6.map(IpAddr::from),
        }
    }

    /// A copy of one instance and of its ports, to try packets on.
    pub(super) fn only(&self, id: InstanceId, ports: &Ports) -> (Ports, Self) {
        let (mut only, mut its) = (Self::default(), Ports::default());
        if let Some(slot) = self.0.get(id.index()) {
            *only.slot(id) = slot.clone();
            slot.ports.iter().filter_map(|port| ports.get(*port)).for_each(|port| its.insert(port.shadow()));
        }
        (its, only)
    }

    pub(super) fn publish(&mut self, instance: Arc<Instance>) {
        let id = instance.id;
        self.slot(id).routes = Some(instance);
    }

    pub(super) fn withdraw(&mut self, id: InstanceId) {
        if let Some(slot) = self.0.get_mut(id.index()) {
            slot.routes = None;
        }
    }

    /// Takes note of a port that is new in an instance or has changed there.
    pub(super) fn join(&mut self, id: InstanceId, port: PortId, ports: &Ports) {
        self.slot(id).ports.insert(port);
        self.find_own_addresses(id, ports);
    }

    /// Takes note of a port that is not in an instance any more.
    pub(super) fn leave(&mut self, id: InstanceId, port: PortId, ports: &Ports) {
        self.slot(id).ports.remove(&port);
        self.find_own_addresses(id, ports);
    }

    fn find_own_addresses(&mut self, id: InstanceId, ports: &Ports) {
        let slot = self.slot(id);
        let (mut v4, mut v6) = (None, None);
        let of_instance = slot.ports.iter().filter_map(|port| ports.get(*port));
        for address in of_instance.flat_map(|port| &port.config.own_addresses) {
            match *address {
                IpAddr::V4(address) => v4 = v4.or(Some(address)),
                IpAddr::V6(address) if !address.is_unicast_link_local() => v6 = v6.or(Some(address)),
                IpAddr::V6(_) => {}
            }
        }
        (slot.v4, slot.v6) = (v4, v6);
    }

    fn slot(&mut self, id: InstanceId) -> &mut Slot {
        if self.0.len() <= id.index() {
            self.0.resize_with(id.index() + 1, Slot::default);
        }
        &mut self.0[id.index()]
    }
}
