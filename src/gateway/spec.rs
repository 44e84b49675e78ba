//! Requests that have been checked. A value of these types is complete and makes sense by itself;
//! whether it fits beside the others is the registry's judgement.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use crate::addr::{Family, InstanceName, InterfaceAddress, InterfaceName, Mac, NameError, Prefix, Uuid, Weight};
use crate::routing::NextHop;

use super::lease::{Attachment, LeaseName};
use super::service::{AdvertisementSpec, DhcpSpec, DomainName};

/// A virtual gateway: a vgw tap through which a routing instance reaches the host's IP stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewaySpec {
    /// The tap's name, the gateway's identity.
    pub interface: InterfaceName,
    /// The routing instance it belongs to.
    pub instance: InstanceName,
    /// The network's subnets: the host gets a route to each over the tap. Never empty.
    pub subnets: BTreeSet<Prefix>,
    /// What the instance reaches through the gateway. Empty means the default route of each family
    /// that `subnets` has.
    pub routes: BTreeSet<Prefix>,
    /// The uplink that the network's traffic leaves by; `None` leaves it to the host's main table.
    pub uplink: Option<UplinkName>,
    /// Packets of the subnets leave the host under the address of the uplink, or of whatever device
    /// they leave by that is no gateway's.
    pub masquerade: bool,
    /// Its share of the flows where several gateways have a subnet, or lead to the same destination.
    pub weight: Weight,
}

impl GatewaySpec {
    /// What the instance reaches through the gateway, the implied default routes included.
    #[must_use]
    pub fn effective_routes(&self) -> BTreeSet<Prefix> {
        if !self.routes.is_empty() {
            return self.routes.clone();
        }
        let defaults = [Prefix::DEFAULT_V4, Prefix::DEFAULT_V6];
        defaults.into_iter().filter(|default| self.has(default.family())).collect()
    }

    /// True if one of the subnets is of this family.
    #[must_use]
    pub fn has(&self, family: Family) -> bool {
        self.subnets.iter().any(|subnet| subnet.family() == family)
    }

    /// The families that the subnets have.
    pub fn families(&self) -> impl Iterator<Item = Family> {
        [Family::V4, Family::V6].into_iter().filter(|family| self.has(*family))
    }
}

/// A guest's port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortSpec {
    /// The interface's name on the host side, the port's identity.
    pub name: InterfaceName,
    /// The routing instance it belongs to.
    pub instance: InstanceName,
    /// Tap or attached interface.
    pub kind: PortKind,
    /// What is behind the port: its addresses become routes of the instance, and nothing else may
    /// be a source there. Never empty.
    pub addresses: BTreeSet<Prefix>,
    /// The guest's MAC; learned if absent.
    pub mac: Option<Mac>,
    /// The addresses by which the guest knows its gateway; ours to answer.
    pub gateways: BTreeSet<IpAddr>,
    /// Largest IP packet, bytes; `None` is 1500 for a tap and the interface's own when attached.
    pub mtu: Option<u32>,
    /// Its share of the flows where several ports have an address.
    pub weight: Weight,
    /// The guest gets its address from us.
    pub dhcp: Option<DhcpSpec>,
    /// The guest's own name, told by DHCP.
    pub host_name: Option<DomainName>,
    /// The guest learns its IPv6 router from us.
    pub router_advertisements: Option<AdvertisementSpec>,
}

impl PortSpec {
    /// MTUs that the kernel gives a tap: from IPv4's smallest (RFC 791) to 65,535 bytes with the
    /// Ethernet header.
    pub const MTU: RangeInclusive<u32> = 68..=65_521;
}

/// A guest's port as a compute service describes it: an interface that exists already, or will soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComputePort {
    /// Its identity.
    pub id: Uuid,
    /// Its network, which says what its instance is.
    pub network: Uuid,
    /// The interface that the hypervisor makes for the guest.
    pub interface: InterfaceName,
    /// The guest's addresses. Never empty.
    pub addresses: BTreeSet<Prefix>,
    /// The guest's MAC; learned if absent.
    pub mac: Option<Mac>,
    /// The guest's own name.
    pub host_name: Option<DomainName>,
    /// It belongs to a service in a network namespace, which does not replay it: no audit deletes it.
    pub is_exempt: bool,
}

/// What a compute service's network is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkSpec {
    /// The network's identity.
    pub id: Uuid,
    /// The routing instance that its ports belong to.
    pub instance: InstanceName,
    /// The addresses by which its guests know their gateway.
    pub gateways: BTreeSet<IpAddr>,
    /// Its guests get their addresses from us: those whose port has exactly one of IPv4.
    pub dhcp: Option<DhcpSpec>,
    /// Its guests learn their IPv6 router from us: those whose port has an IPv6 address.
    pub router_advertisements: Option<AdvertisementSpec>,
}

/// How a port meets its guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortKind {
    /// A tap that we make; optionally placed in a guest's namespace.
    Tap(Option<GuestSpec>),
    /// An interface that exists already, served by a packet socket.
    Attach,
}

/// A tap placed and configured in a network namespace, where it plays the guest's own interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestSpec {
    /// A name under `/run/netns`, or a path to a namespace file.
    pub namespace: PathBuf,
    /// The interface's name in there.
    pub name: InterfaceName,
    /// Addresses it gets in there.
    pub addresses: BTreeSet<InterfaceAddress>,
}

/// An uplink: a device of the host with its address and its router, with a routing table of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UplinkSpec {
    /// Its name.
    pub name: UplinkName,
    /// The host's device.
    pub device: InterfaceName,
    /// Where its address and its router come from.
    pub addressing: Addressing,
    /// The routing table; `None` takes a free one of our block.
    pub table: Option<u32>,
}

/// Where an uplink's address and its router come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressing {
    /// They are given.
    Fixed(Attachment),
    /// A DHCP client leases them; without a lease the uplink leads nowhere.
    Leased(Family),
}

impl UplinkSpec {
    /// The one family that the uplink carries, its address's.
    #[must_use]
    pub fn family(&self) -> Family {
        match self.addressing {
            Addressing::Fixed(Attachment { address, .. }) => Family::of(address.address),
            Addressing::Leased(family) => family,
        }
    }

    /// The lease that it waits for, if its address is leased.
    #[must_use]
    pub fn lease(&self) -> Option<LeaseName> {
        match self.addressing {
            Addressing::Fixed(_) => None,
            Addressing::Leased(family) => Some(LeaseName { device: self.device, family }),
        }
    }
}

/// A static route of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticRoute {
    /// The instance.
    pub instance: InstanceName,
    /// The destination.
    pub prefix: Prefix,
    /// Where it leads; `Local` is not for users.
    pub next_hop: NextHop<InterfaceName>,
}

/// An uplink's name: 1 to 32 of letters, digits, `-`, `_` and `.`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UplinkName(Arc<str>);

impl UplinkName {
    /// Checks and keeps a name.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn new(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > 32 {
            return Err(NameError::TooLong { length: text.len(), limit: 32 });
        }
        match text.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.')) {
            Some(bad) => Err(NameError::Character(bad)),
            None => Ok(Self(text.into())),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UplinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for UplinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl FromStr for UplinkName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}
