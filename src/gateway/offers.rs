//! What gateways and ports have to offer: to their instances' routing, and to the host's devices.

use imbl::{OrdMap, OrdSet};

use crate::addr::{Family, InstanceName, InterfaceName, Prefix};

use super::want::Origin;
use super::{GatewaySpec, PortSpec, UplinkName};

/// Who wants which prefix of an instance to lead where, by prefix, so that one prefix is answered
/// without asking everybody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Offers(OrdMap<(InstanceName, Prefix), OrdSet<(Origin, InterfaceName)>>);

impl Offers {
    /// Notes what a gateway offers.
    pub(super) fn insert_gateway(&mut self, gateway: &GatewaySpec) {
        of_gateway(gateway)
            .for_each(|(prefix, origin)| self.insert(&gateway.instance, prefix, origin, gateway.interface));
    }

    /// Forgets what a gateway offered.
    pub(super) fn remove_gateway(&mut self, gateway: &GatewaySpec) {
        of_gateway(gateway)
            .for_each(|(prefix, origin)| self.remove(&gateway.instance, prefix, origin, gateway.interface));
    }

    /// Notes what a port offers.
    pub(super) fn insert_port(&mut self, port: &PortSpec) {
        of_port(port).for_each(|(prefix, origin)| self.insert(&port.instance, prefix, origin, port.name));
    }

    /// Forgets what a port offered.
    pub(super) fn remove_port(&mut self, port: &PortSpec) {
        of_port(port).for_each(|(prefix, origin)| self.remove(&port.instance, prefix, origin, port.name));
    }

    /// The offers for a prefix, the greatest origin last; never empty.
    pub(super) fn get(&self, instance: &InstanceName, prefix: Prefix) -> Option<&OrdSet<(Origin, InterfaceName)>> {
        self.0.get(&(instance.clone(), prefix))
    }

    /// The instances in which anything is offered.
    pub(super) fn instances(&self) -> impl Iterator<Item = &InstanceName> {
        self.0.keys().map(|(instance, _)| instance)
    }

    /// The ports that have an address in a subnet.
    pub(super) fn ports_in<'a>(
        &'a self,
        instance: &'a InstanceName,
        subnet: Prefix,
    ) -> impl Iterator<Item = InterfaceName> + 'a {
        let inside = self.0.range((instance.clone(), subnet)..);
        let inside = inside.take_while(move |((of, prefix), _)| of == instance && subnet.contains(prefix.address()));
        let by_ports = |(_, offers): (_, &OrdSet<(Origin, InterfaceName)>)| {
            let ports = offers.iter().filter(|(origin, _)| *origin == Origin::Port);
            ports.map(|(_, name)| *name).collect::<Vec<_>>()
        };
        inside.flat_map(by_ports)
    }

    fn insert(&mut self, instance: &InstanceName, prefix: Prefix, origin: Origin, by: InterfaceName) {
        self.0.entry((instance.clone(), prefix)).or_default().insert((origin, by));
    }

    fn remove(&mut self, instance: &InstanceName, prefix: Prefix, origin: Origin, by: InterfaceName) {
        let key = (instance.clone(), prefix);
        if let Some(offers) = self.0.get_mut(&key) {
            offers.remove(&(origin, by));
            if offers.is_empty() {
                self.0.remove(&key);
            }
        }
    }
}

/// The prefixes that a gateway offers in its instance.
pub(super) fn of_gateway(gateway: &GatewaySpec) -> impl Iterator<Item = (Prefix, Origin)> {
    let subnets = gateway.subnets.iter().map(|subnet| (*subnet, Origin::Subnet));
    subnets.chain(gateway.effective_routes().into_iter().map(|route| (route, Origin::Gateway)))
}

/// The prefixes that a port offers in its instance.
pub(super) fn of_port(port: &PortSpec) -> impl Iterator<Item = (Prefix, Origin)> {
    let addresses = port.addresses.iter().map(|address| (*address, Origin::Port));
    addresses.chain(port.gateways.iter().map(|gateway| (Prefix::host(*gateway), Origin::Local)))
}

/// How many gateways send traffic of a family out by an uplink, or by the main table (`None`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Exits(OrdMap<(Option<UplinkName>, Family), usize>);

impl Exits {
    /// Notes a gateway's ways out.
    pub(super) fn insert(&mut self, gateway: &GatewaySpec) {
        for family in gateway.families() {
            *self.0.entry((gateway.uplink.clone(), family)).or_default() += 1;
        }
    }

    /// Forgets a gateway's ways out.
    pub(super) fn remove(&mut self, gateway: &GatewaySpec) {
        for family in gateway.families() {
            let key = (gateway.uplink.clone(), family);
            match self.0.get_mut(&key) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(self.0.remove(&key)),
            }
        }
    }

    /// The ways out that some gateway uses.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Option<&UplinkName>, Family)> {
        self.0.keys().map(|(uplink, family)| (uplink.as_ref(), *family))
    }
}
