//! From the shapes of a file to checked specifications.

use crate::gateway::{
    Addressing, AdvertisementSpec, Attachment, DhcpSpec, GatewaySpec, GuestSpec, LeaseTime, NetworkSpec, PortKind,
    PortSpec, StaticRoute, UplinkSpec,
};
use crate::routing::{Hop, NextHop};

use super::shape;
use super::value::{Namespace, Network, Text};

/// What is wrong between the keys of one element.
pub(super) struct Fault {
    pub(super) key: &'static str,
    pub(super) reason: &'static str,
}

/// An element that stands in a list of tables.
pub(super) trait Element {
    /// What it specifies.
    type Spec;
    /// The list's name.
    const SECTION: &'static str;

    /// Its networks, each with its key, to warn of host bits.
    fn networks(&self) -> Vec<(&'static str, &Network)>;

    /// The specification.
    fn spec(self) -> Result<Self::Spec, Fault>;
}

/// The specifications' own view: what tells two of them apart in a configuration.
pub(super) trait Identity {
    /// The key that holds the name, and the name as people write it.
    fn identity(&self) -> (&'static str, String);
}

impl Element for shape::Gateway {
    type Spec = GatewaySpec;
    const SECTION: &'static str = "gateway";

    fn networks(&self) -> Vec<(&'static str, &Network)> {
        let subnets = self.subnets.0.iter().map(|subnet| ("subnets", &subnet.0));
        subnets.chain(self.routes.iter().map(|route| ("routes", &route.0))).collect()
    }

    fn spec(self) -> Result<GatewaySpec, Fault> {
        Ok(GatewaySpec {
            interface: self.interface.0,
            instance: self.routing_instance.0,
            subnets: self.subnets.0.iter().map(|subnet| subnet.0.prefix()).collect(),
            routes: self.routes.iter().map(|route| route.0.prefix()).collect(),
            uplink: self.uplink.map(|uplink| uplink.0),
            masquerade: self.masquerade,
            weight: self.weight.0,
        })
    }
}

impl Element for shape::Port {
    type Spec = PortSpec;
    const SECTION: &'static str = "port";

    fn networks(&self) -> Vec<(&'static str, &Network)> {
        self.addresses.0.iter().map(|address| ("addresses", &address.0)).collect()
    }

    fn spec(self) -> Result<PortSpec, Fault> {
        let kind = match (self.attach, self.netns) {
            (true, Some(_)) => {
                return Err(Fault { key: "netns", reason: "only a tap of ours can be placed in a namespace" });
            }
            (false, Some(Text(Namespace(namespace)))) => PortKind::Tap(Some(GuestSpec {
                namespace,
                name: self.guest_name.map_or(self.name.0, |name| name.0),
                addresses: self.guest_addresses.iter().map(|address| address.0).collect(),
            })),
            (_, None) if self.guest_name.is_some() => return Err(without_namespace("guest_name")),
            (_, None) if !self.guest_addresses.is_empty() => return Err(without_namespace("guest_addresses")),
            (true, None) => PortKind::Attach,
            (false, None) => PortKind::Tap(None),
        };
        Ok(PortSpec {
            name: self.name.0,
            instance: self.routing_instance.0,
            kind,
            addresses: self.addresses.0.iter().map(|address| address.0.prefix()).collect(),
            mac: self.mac.map(|mac| mac.0.0),
            gateways: self.gateways.iter().map(|gateway| gateway.0).collect(),
            mtu: self.mtu.map(|mtu| mtu.0),
            weight: self.weight.0,
            host_name: self.dhcp.as_ref().and_then(|dhcp| dhcp.host_name.clone()).map(|name| name.0),
            dhcp: self.dhcp.map(shape::Dhcp::spec),
            router_advertisements: self.router_advertisements.map(shape::RouterAdvertisements::spec),
        })
    }
}

impl shape::Dhcp {
    fn spec(self) -> DhcpSpec {
        DhcpSpec {
            // A length of at most 32.
            prefix_length: self.prefix_length.and_then(|length| u8::try_from(length.0).ok()),
            dns: self.dns.into_iter().map(|address| address.0).collect(),
            domain: self.domain.map(|name| name.0),
            lease_time: self.lease_time.map_or_else(LeaseTime::default, |time| LeaseTime(time.0)),
        }
    }
}

impl shape::RouterAdvertisements {
    fn spec(self) -> AdvertisementSpec {
        AdvertisementSpec { dns: self.dns.into_iter().map(|address| address.0).collect() }
    }
}

fn without_namespace(key: &'static str) -> Fault {
    Fault { key, reason: "netns is missing: the port is not placed in a namespace" }
}

impl Element for shape::Uplink {
    type Spec = UplinkSpec;
    const SECTION: &'static str = "uplink";

    fn networks(&self) -> Vec<(&'static str, &Network)> {
        Vec::new()
    }

    fn spec(self) -> Result<UplinkSpec, Fault> {
        let addressing = match (self.lease, self.address, self.via) {
            (Some(lease), None, None) => Addressing::Leased(lease.0),
            (None, Some(address), Some(via)) => Addressing::Fixed(Attachment { address: address.0, via: via.0 }),
            (None, Some(_), None) => return Err(Fault { key: "via", reason: "via is missing beside address" }),
            (None, None, Some(_)) => return Err(Fault { key: "address", reason: "address is missing beside via" }),
            (None, None, None) => {
                return Err(Fault { key: "address", reason: "an uplink needs address and via, or lease" });
            }
            (Some(_), ..) => {
                return Err(Fault { key: "lease", reason: "an uplink has either lease or address and via" });
            }
        };
        Ok(UplinkSpec { name: self.name.0, device: self.device.0, addressing, table: self.table.map(|table| table.0) })
    }
}

impl Element for shape::Route {
    type Spec = StaticRoute;
    const SECTION: &'static str = "route";

    fn networks(&self) -> Vec<(&'static str, &Network)> {
        vec![("prefix", &self.prefix.0)]
    }

    fn spec(self) -> Result<StaticRoute, Fault> {
        let hops = self.via.iter().map(|hop| Hop {
            port: hop.port.0,
            gateway: hop.gateway.as_ref().map(|via| via.0),
            weight: hop.weight.0,
        });
        let next_hop = match (self.action, self.via.is_empty()) {
            (None, false) => NextHop::group(hops),
            (Some(shape::Action::Discard), true) => NextHop::Discard,
            (Some(shape::Action::Unreachable), true) => NextHop::Unreachable,
            (Some(_), false) => return Err(Fault { key: "action", reason: "a route has either via or action" }),
            (None, true) => return Err(Fault { key: "via", reason: "a route needs via or action" }),
        };
        Ok(StaticRoute { instance: self.routing_instance.0, prefix: self.prefix.0.prefix(), next_hop })
    }
}

impl Element for shape::NetworkOfPorts {
    type Spec = NetworkSpec;
    const SECTION: &'static str = "network";

    fn networks(&self) -> Vec<(&'static str, &Network)> {
        Vec::new()
    }

    fn spec(self) -> Result<NetworkSpec, Fault> {
        if self.dhcp.as_ref().is_some_and(|dhcp| dhcp.host_name.is_some()) {
            return Err(Fault { key: "dhcp", reason: "host_name is for a port: each guest has a name of its own" });
        }
        Ok(NetworkSpec {
            id: self.id.0,
            instance: self.routing_instance.0,
            gateways: self.gateways.iter().map(|gateway| gateway.0).collect(),
            dhcp: self.dhcp.map(shape::Dhcp::spec),
            router_advertisements: self.router_advertisements.map(shape::RouterAdvertisements::spec),
        })
    }
}

impl Identity for NetworkSpec {
    fn identity(&self) -> (&'static str, String) {
        ("id", format!("network {}", self.id))
    }
}

impl Identity for GatewaySpec {
    fn identity(&self) -> (&'static str, String) {
        ("interface", format!("gateway {}", self.interface))
    }
}

impl Identity for PortSpec {
    fn identity(&self) -> (&'static str, String) {
        ("name", format!("port {}", self.name))
    }
}

impl Identity for UplinkSpec {
    fn identity(&self) -> (&'static str, String) {
        ("name", format!("uplink {}", self.name))
    }
}

impl Identity for StaticRoute {
    fn identity(&self) -> (&'static str, String) {
        ("prefix", format!("route {} of {}", self.prefix, self.instance))
    }
}
