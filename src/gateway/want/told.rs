//! The networks that guests are told they are in.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use crate::addr::{InstanceName, InterfaceName, Prefix};
use crate::gateway::registry::Changes;
use crate::gateway::{GatewaySpec, PortSpec, Registry};

use super::{Origin, PortWant};

/// The subnets of its instance that a port's guest is told of; none where it is told nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ToldNetworks {
    /// The subnet of the address that the guest gets by DHCP.
    pub v4: Option<Prefix>,
    /// The subnet that router advertisements name.
    pub v6: Option<Prefix>,
}

/// What is wanted of a guest's port.
pub(super) fn of_guest(registry: &Registry, spec: &Arc<PortSpec>) -> PortWant {
    let subnet = |address| subnet_of(registry, &spec.instance, address);
    let told = ToldNetworks {
        v4: spec.lent_address().map(IpAddr::from).and_then(subnet),
        v6: spec.advertised_address().and_then(subnet),
    };
    PortWant::Guest(Arc::clone(spec), told)
}

/// The ports that are told of subnets which have come or gone.
pub(super) fn concerned(registry: &Registry, changes: &Changes<'_>) -> BTreeSet<InterfaceName> {
    let mut subnets: BTreeSet<(&InstanceName, Prefix)> = BTreeSet::new();
    for (before, after) in &changes.gateways {
        // A gateway of the same name may be in another instance now.
        let of = |side: Option<&'_ GatewaySpec>, spec: &GatewaySpec, subnet: &Prefix| {
            side.is_some_and(|side| side.instance == spec.instance && side.subnets.contains(subnet))
        };
        for spec in before.iter().chain(after.iter()) {
            let moved = |subnet: &&Prefix| of(*before, spec, subnet) != of(*after, spec, subnet);
            subnets.extend(spec.subnets.iter().filter(moved).map(|subnet| (&spec.instance, *subnet)));
        }
    }
    let ports = subnets.into_iter().flat_map(|(instance, subnet)| registry.ports_in(instance, subnet));
    let is_told = |name: &InterfaceName| {
        registry.port(name).is_some_and(|port| {
            let spec = &port.spec;
            spec.dhcp.is_some() || spec.router_advertisements.is_some()
        })
    };
    ports.filter(is_told).collect()
}

/// The narrowest subnet of an instance's gateways that has an address.
fn subnet_of(registry: &Registry, instance: &InstanceName, address: IpAddr) -> Option<Prefix> {
    let longest = Prefix::host(address).length();
    let mut prefixes = (1..=longest).rev().filter_map(|length| Prefix::new(address, length).ok());
    prefixes.find(|prefix| {
        let offers = registry.offers(instance, *prefix);
        offers.is_some_and(|offers| offers.iter().any(|(origin, _)| *origin == Origin::Subnet))
    })
}
