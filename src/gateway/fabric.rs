//! The fabric: the network that the compute node itself is connected to, when vgwd stands between
//! the host and its device there.
//!
//! What the peer calls the fabric VRF is the routing instance [`FABRIC`]. It says what the node stands
//! for on the fabric: the host's own addresses and the gateways' subnets are behind the host's
//! interface, everything else is out on the wire.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::addr::{InterfaceName, Mac, Prefix, Weight};
use crate::routing::{Hop, NextHop};

/// The routing instance of the fabric. Nobody else's gateways, ports and routes can be in it.
pub const FABRIC: &str = "FABRIC";

/// The fabric's device, taken in front of the host, and what the host had on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fabric {
    /// The device on the wire: `eth0`.
    pub wire: InterfaceName,
    /// The tap that the host has in its place: `vhost0`.
    pub host: InterfaceName,
    /// The MAC address of both.
    pub mac: Mac,
    /// The host's addresses.
    pub addresses: BTreeSet<IpAddr>,
    /// The networks that the host reaches without a router.
    pub connected: BTreeSet<Prefix>,
    /// The host's default routers.
    pub routers: BTreeSet<IpAddr>,
}

/// The interfaces that are the fabric's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FabricNames {
    /// The device on the wire.
    pub wire: InterfaceName,
    /// The tap that the host has in its place.
    pub host: InterfaceName,
}

/// An end of the fabric's crossing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FabricEnd {
    /// The device on the wire.
    Wire,
    /// The host's interface.
    Host,
}

impl Fabric {
    /// The interface at an end.
    #[must_use]
    pub fn interface(&self, end: FabricEnd) -> InterfaceName {
        match end {
            FabricEnd::Wire => self.wire,
            FabricEnd::Host => self.host,
        }
    }

    /// Its interfaces.
    #[must_use]
    pub fn names(&self) -> FabricNames {
        FabricNames { wire: self.wire, host: self.host }
    }

    /// Everything that the fabric itself has a route to.
    pub(super) fn prefixes(&self) -> impl Iterator<Item = Prefix> {
        let addresses = self.addresses.iter().copied().map(Prefix::host);
        addresses.chain(self.connected.iter().copied()).chain(self.routers.iter().map(|router| default_of(*router)))
    }

    /// Where the fabric's own route to a prefix leads: its own addresses to the host, what is connected
    /// and the rest to the wire.
    pub(super) fn next_hop(&self, prefix: Prefix) -> Option<NextHop<InterfaceName>> {
        let hop = |port, gateway| Hop { port, gateway, weight: Weight::ONE };
        if self.addresses.iter().any(|address| Prefix::host(*address) == prefix) {
            return Some(NextHop::group([hop(self.host, None)]));
        }
        if self.connected.contains(&prefix) {
            return Some(NextHop::group([hop(self.wire, None)]));
        }
        let routers: Vec<_> = self.routers.iter().filter(|router| default_of(**router) == prefix).collect();
        let hops = routers.iter().map(|router| hop(self.wire, Some(**router)));
        (!routers.is_empty()).then(|| NextHop::group(hops))
    }
}

/// The default route of an address's family.
fn default_of(address: IpAddr) -> Prefix {
    match address {
        IpAddr::V4(_) => Prefix::DEFAULT_V4,
        IpAddr::V6(_) => Prefix::DEFAULT_V6,
    }
}
