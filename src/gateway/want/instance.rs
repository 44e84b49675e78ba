//! The routes of the routing instances.

use std::collections::BTreeMap;

use crate::addr::{InstanceName, InterfaceName, Prefix};
use crate::gateway::Registry;
use crate::routing::{Hop, NextHop};

use super::{InstanceWant, Origin, RouteWant};

/// The hops that several gateways, or several ports, of an instance offer for a prefix.
type Groups<'a> = BTreeMap<(&'a InstanceName, Prefix), Vec<Hop<InterfaceName>>>;

pub(super) fn instances(registry: &Registry) -> BTreeMap<InstanceName, InstanceWant> {
    let mut instances: BTreeMap<_, InstanceWant> =
        registry.instances().into_iter().map(|name| (name, InstanceWant::default())).collect();
    // Least origin first: a later route replaces an earlier one to the same prefix.
    let mut put = |instance: &InstanceName, prefix, next_hop, origin| {
        if let Some(want) = instances.get_mut(instance) {
            want.routes.insert(prefix, RouteWant { next_hop, origin });
        }
    };

    for spec in registry.gateways().map(|gateway| &gateway.spec) {
        for subnet in &spec.subnets {
            put(&spec.instance, *subnet, NextHop::Unreachable, Origin::Subnet);
        }
    }
    for ((instance, prefix), hops) in gateway_groups(registry) {
        put(instance, prefix, NextHop::group(hops), Origin::Gateway);
    }
    for ((instance, prefix), hops) in port_groups(registry) {
        put(instance, prefix, NextHop::group(hops), Origin::Port);
    }
    for spec in registry.ports().map(|port| &port.spec) {
        for gateway in &spec.gateways {
            put(&spec.instance, Prefix::host(*gateway), NextHop::Local, Origin::Local);
        }
    }
    for spec in registry.routes().map(|route| &route.spec) {
        let stands = |port| (registry.instance_of(&port) == Some(&spec.instance)).then_some(port);
        put(&spec.instance, spec.prefix, spec.next_hop.resolve(stands), Origin::Static);
    }
    instances
}

fn gateway_groups(registry: &Registry) -> Groups<'_> {
    let mut groups = Groups::new();
    for spec in registry.gateways().map(|gateway| &gateway.spec) {
        for prefix in spec.effective_routes() {
            groups.entry((&spec.instance, prefix)).or_default().push(Hop { port: spec.interface, gateway: None });
        }
    }
    groups
}

fn port_groups(registry: &Registry) -> Groups<'_> {
    let mut groups = Groups::new();
    for spec in registry.ports().map(|port| &port.spec) {
        for prefix in &spec.addresses {
            groups.entry((&spec.instance, *prefix)).or_default().push(Hop { port: spec.name, gateway: None });
        }
    }
    groups
}
