//! The routes of the routing instances.

use std::collections::BTreeSet;

use imbl::OrdMap;

use crate::addr::{InstanceName, InterfaceName, Prefix};
use crate::gateway::offers::{of_gateway, of_port};
use crate::gateway::registry::Changes;
use crate::gateway::sharing::insert_shared;
use crate::gateway::{FABRIC, Registry};
use crate::routing::{Hop, NextHop};

use super::{InstanceWant, Origin, RouteWant};

/// Makes of the former instances those that `registry` calls for.
pub(super) fn follow(
    instances: &mut OrdMap<InstanceName, InstanceWant>,
    (before, registry): (&Registry, &Registry),
    changes: &Changes<'_>,
) {
    for (instance, prefix) in
        concerned_prefixes(registry, changes).into_iter().chain(of_fabric(before, registry, changes))
    {
        let wanted = route(registry, &instance, prefix);
        let present = instances.get(&instance).and_then(|instance| instance.routes.get(&prefix));
        if present.map(|present| &**present) == wanted.as_ref() {
            continue;
        }
        let entry = instances.entry(instance.clone()).or_default();
        match wanted {
            Some(wanted) => drop(insert_shared(&mut entry.routes, prefix, wanted)),
            None => drop(entry.routes.remove(&prefix)),
        }
        if entry.routes.is_empty() {
            instances.remove(&instance);
        }
    }
}

/// The prefixes that may lead elsewhere now: those that changed gateways and ports offer, changed
/// static routes, and static routes by ports that came or went.
fn concerned_prefixes(registry: &Registry, changes: &Changes<'_>) -> BTreeSet<(InstanceName, Prefix)> {
    let mut concerned: BTreeSet<_> = changes.routes.iter().map(|key| (*key).clone()).collect();
    let mut hops: BTreeSet<(&InstanceName, InterfaceName)> = BTreeSet::new();
    for spec in changes.gateways.iter().flat_map(|(before, after)| [*before, *after]).flatten() {
        concerned.extend(of_gateway(spec).map(|(prefix, _)| (spec.instance.clone(), prefix)));
        hops.insert((&spec.instance, spec.interface));
    }
    for spec in changes.ports.iter().flat_map(|(before, after)| [*before, *after]).flatten() {
        concerned.extend(of_port(spec).map(|(prefix, _)| (spec.instance.clone(), prefix)));
        hops.insert((&spec.instance, spec.name));
    }
    for instance in hops.iter().map(|(instance, _)| *instance).collect::<BTreeSet<_>>() {
        let by_these = registry.routes_of(instance).filter(|(_, route)| match &route.next_hop {
            NextHop::Forward(ways) => ways.iter().any(|way| hops.contains(&(instance, way.port))),
            _ => false,
        });
        concerned.extend(by_these.map(|(prefix, _)| (instance.clone(), prefix)));
    }
    concerned
}

/// What may lead elsewhere now in the fabric's instance: changed subnets, or all if the fabric itself has
/// changed.
fn of_fabric(before: &Registry, after: &Registry, changes: &Changes<'_>) -> BTreeSet<(InstanceName, Prefix)> {
    let fabrics = [before.fabric(), after.fabric()];
    let (true, Ok(instance)) = (fabrics != [None, None], InstanceName::new(FABRIC)) else { return BTreeSet::new() };
    let specs = changes.gateways.iter().flat_map(|(before, after)| [*before, *after]).flatten();
    let mut prefixes: BTreeSet<Prefix> = specs.flat_map(|spec| &spec.subnets).copied().collect();
    if before.fabric() != after.fabric() {
        prefixes.extend(fabrics.into_iter().flatten().flat_map(|fabric| fabric.prefixes()));
        prefixes.extend([before, after].into_iter().flat_map(Registry::announced).map(|(subnet, _)| subnet));
    }
    prefixes.into_iter().map(|prefix| (instance.clone(), prefix)).collect()
}

/// Where a prefix leads, if anybody wants it: the greatest origin decides.
fn route(registry: &Registry, instance: &InstanceName, prefix: Prefix) -> Option<RouteWant> {
    if instance.as_str() == FABRIC {
        return registry.fabric_route(prefix);
    }
    if let Some(route) = registry.route(instance, prefix) {
        let stands = |port: &InterfaceName| registry.instance_of(port) == Some(instance);
        return Some(RouteWant { next_hop: route.next_hop.by(stands), origin: Origin::Static });
    }
    let offers = registry.offers(instance, prefix)?;
    let origin = offers.get_max()?.0;
    let next_hop = match origin {
        Origin::Subnet => NextHop::Unreachable,
        Origin::Local => NextHop::Local,
        // Several gateways, or several ports, share the traffic.
        Origin::Gateway | Origin::Port | Origin::Static | Origin::Fabric => {
            let best = offers.iter().filter(|(of, _)| *of == origin);
            NextHop::group(best.map(|(_, port)| Hop { port: *port, gateway: None, weight: registry.weight_of(port) }))
        }
    };
    Some(RouteWant { next_hop, origin })
}
