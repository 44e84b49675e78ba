//! What follows from what was asked for: the host's state, the instances' routes, the ports.
//!
//! A pure function of the registry, followed from one registry to the next: whatever changes — a
//! call, an expired audit, another file, a step back — what concerns it is asked anew, and the
//! difference to what is there is carried out.

mod host;
mod instance;
mod sources;
mod told;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use imbl::OrdMap;

use crate::addr::{Family, InstanceName, InterfaceName, Mac, Prefix};
use crate::host::{HostState, Surroundings};
use crate::routing::NextHop;

use super::{Fabric, FabricEnd, GatewaySpec, PortSpec, Registry};
use sources::Sources;

pub use told::ToldNetworks;

pub(super) use host::main_route;

/// Everything that a registry calls for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Want {
    /// What the host's kernel should have of ours.
    pub host: HostState,
    /// The routing instances; one that nothing names any more is not here.
    pub instances: OrdMap<InstanceName, InstanceWant>,
    /// The forwarder's ports, by interface: gateways' taps and guests' ports.
    pub ports: OrdMap<InterfaceName, PortWant>,
    /// What the rules of `host` follow from.
    sources: Sources,
}

/// A routing instance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InstanceWant {
    /// Its routes.
    pub routes: OrdMap<Prefix, Arc<RouteWant>>,
}

/// Where a route of an instance leads, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteWant {
    /// Where it leads.
    pub next_hop: NextHop<InterfaceName>,
    /// What put it there.
    pub origin: Origin,
}

/// What puts a route into an instance. Where several want the same prefix, the greatest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A gateway's subnet: unreachable as a whole, so that a packet to an address that no port has
    /// ends here and does not circle between instance and host.
    Subnet,
    /// A route of a gateway, the implied default included; several gateways share the traffic.
    Gateway,
    /// An address of a port; several ports share the traffic.
    Port,
    /// An address by which a guest knows its gateway.
    Local,
    /// A static route.
    Static,
    /// The host's own network, in the fabric's instance only.
    Fabric,
}

/// A port of the forwarder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortWant {
    /// A gateway's tap; the host's IP stack is behind it.
    Gateway {
        /// The instance that its packets are looked up in.
        instance: InstanceName,
        /// The forwarder's own addresses on the tap: the link-local router of the host's IPv6
        /// multipath routes, if there is an IPv6 subnet.
        own_addresses: BTreeSet<IpAddr>,
    },
    /// A guest's port.
    Guest(Arc<PortSpec>, ToldNetworks),
    /// An end of the fabric's crossing.
    Fabric(FabricEnd, Arc<Fabric>),
}

/// A registry and the host's surroundings: what [`Want`] depends on.
type Basis<'a> = (&'a Registry, &'a Surroundings);

impl Want {
    /// Makes of what `before` calls for what `after` calls for.
    pub(super) fn follow(&mut self, before: Basis<'_>, after: Basis<'_>) {
        let changes = before.0.changes(after.0);
        host::follow((&mut self.host, &mut self.sources), before, after, &changes);
        instance::follow(&mut self.instances, (before.0, after.0), &changes);
        // A name may pass from a gateway to a port: what is old goes first.
        let gone = changes.gateways.iter().filter_map(|change| change.0).map(|spec| spec.interface);
        let gone = gone.chain(changes.ports.iter().filter_map(|change| change.0).map(|spec| spec.name));
        gone.for_each(|name| drop(self.ports.remove(&name)));
        if before.0.fabric() != after.0.fabric() {
            let ends = [FabricEnd::Wire, FabricEnd::Host];
            let of = |fabric: Option<&Arc<Fabric>>| {
                let fabric = fabric.cloned().into_iter();
                fabric.flat_map(move |fabric| {
                    ends.map(|end| (fabric.interface(end), PortWant::Fabric(end, fabric.clone())))
                })
            };
            of(before.0.fabric()).for_each(|(name, _)| drop(self.ports.remove(&name)));
            self.ports.extend(of(after.0.fabric()));
        }
        let gateways = changes.gateways.iter().filter_map(|change| change.1);
        self.ports.extend(gateways.map(|spec| (spec.interface, PortWant::of_gateway(spec))));
        let changed = changes.ports.iter().filter_map(|change| Some(change.1?.name));
        let guests: BTreeSet<_> = changed.chain(told::concerned(after.0, &changes)).collect();
        let guests = guests.iter().filter_map(|name| after.0.port(name));
        self.ports.extend(guests.map(|port| (port.spec.name, told::of_guest(after.0, &port.spec))));
    }
}

impl PortWant {
    fn of_gateway(spec: &GatewaySpec) -> Self {
        let own_addresses = spec.has(Family::V6).then(|| Mac::GATEWAY.link_local().into()).into_iter().collect();
        Self::Gateway { instance: spec.instance.clone(), own_addresses }
    }
}

impl Origin {
    /// The name that users see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subnet => "subnet",
            Self::Gateway => "gateway",
            Self::Port => "port",
            Self::Local => "local",
            Self::Static => "static",
            Self::Fabric => "fabric",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
