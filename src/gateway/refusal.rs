//! Why a request was not carried out.

use std::net::IpAddr;

use crate::addr::{InstanceName, InterfaceName, Prefix, Uuid};

use super::lease::LeaseName;
use super::registry::Owner;
use super::spec::UplinkName;

/// Why a checked request does not fit beside what stands. [`Refusal::field`] names the field of the
/// request that is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The gateway or port stands in another routing instance.
    #[error("{interface} belongs to routing instance {instance}; delete it there first")]
    OtherInstance {
        /// The gateway or port.
        interface: InterfaceName,
        /// Its instance.
        instance: InstanceName,
    },
    /// The fabric's routing instance is nobody else's.
    #[error("FABRIC is the routing instance of the host's own network; choose another")]
    FabricInstance,
    /// It is defined in the configuration file, which alone may change it.
    #[error("{0} is defined in the configuration file and changes only there")]
    Static(String),
    /// The port is somebody else's.
    #[error("{port} is {owner}; delete it there first")]
    OtherOwner {
        /// The port.
        port: InterfaceName,
        /// Whose it is.
        owner: Owner,
    },
    /// A compute service's network that nobody has said anything of.
    #[error(
        "there is no network {0}: say which routing instance it is by 'vgw network add {0} --instance FQN' or by a \
         [[network]] of the configuration file"
    )]
    UnknownNetwork(Uuid),
    /// Ports of compute services are in it.
    #[error("network {network} has port {port} in routing instance {instance}; delete the port first")]
    NetworkInUse {
        /// The network.
        network: Uuid,
        /// One of its ports.
        port: InterfaceName,
        /// The port's instance.
        instance: InstanceName,
    },
    /// The name is taken by one of our own objects of another kind.
    #[error("{name} is already a {kind}")]
    NameTaken {
        /// The name.
        name: InterfaceName,
        /// What it is.
        kind: &'static str,
    },
    /// `all` and `default`: `/proc/sys/net/*/conf` has folders of these names that are no interfaces.
    #[error("the kernel keeps the name {0} for its settings of all interfaces")]
    ReservedName(InterfaceName),
    /// Another instance's gateway announces an equal or overlapping subnet to the host.
    #[error(
        "subnet {subnet} overlaps {other}, which gateway {gateway} of routing instance {instance} announces to the host"
    )]
    SubnetTaken {
        /// The subnet asked for.
        subnet: Prefix,
        /// The subnet that stands.
        other: Prefix,
        /// Whose it is.
        gateway: InterfaceName,
        /// Its instance.
        instance: InstanceName,
    },
    /// The host has a route of somebody else to exactly this subnet.
    #[error("the host already has a route to {0} that is not ours")]
    ForeignRoute(Prefix),
    /// A subnet that would take all of the host's traffic, or that no host may route.
    #[error("subnet {subnet} {why}")]
    UnusableSubnet {
        /// The subnet.
        subnet: Prefix,
        /// Why it is not usable, to follow the subnet in a sentence.
        why: &'static str,
    },
    /// Gateways that share a subnet leave by one uplink. A request that names one moves those that
    /// stand, but none moves them to table main, nor one that the configuration file defines.
    #[error("subnet {subnet} is also that of gateway {gateway}, which has another uplink")]
    UplinkDiffers {
        /// The subnet.
        subnet: Prefix,
        /// Whose it is too.
        gateway: InterfaceName,
    },
    /// Overlapping subnets of one instance, of which only one is masqueraded: a packet tells by its
    /// source alone what becomes of that source.
    #[error("subnet {subnet} overlaps {other} of gateway {gateway}: both are masqueraded or neither is")]
    MasqueradeDiffers {
        /// The subnet asked for.
        subnet: Prefix,
        /// The subnet that stands.
        other: Prefix,
        /// Whose it is.
        gateway: InterfaceName,
    },
    /// An address, or network, that no guest and no gateway can own.
    #[error("address {address} {why}")]
    UnusableAddress {
        /// The address.
        address: Prefix,
        /// Why it is not usable, to follow the address in a sentence.
        why: &'static str,
    },
    /// A port cannot tell its guest what it shall.
    #[error("{field}: {why}")]
    UnusableService {
        /// `dhcp` or `router_advertisements`.
        field: &'static str,
        /// What is wrong, a sentence without a full stop.
        why: &'static str,
    },
    /// Another uplink has the address; packets from it leave by one uplink only.
    #[error("address {address} is that of uplink {uplink}")]
    AddressTaken {
        /// The address.
        address: IpAddr,
        /// Whose it is.
        uplink: UplinkName,
    },
    /// Another uplink waits for the same lease.
    #[error("the lease {lease} is that of uplink {uplink}")]
    LeaseTaken {
        /// The lease.
        lease: LeaseName,
        /// Whose it is.
        uplink: UplinkName,
    },
    /// No such uplink.
    #[error("there is no uplink {0}")]
    UnknownUplink(UplinkName),
    /// Gateways still use it.
    #[error("uplink {uplink} is used by gateway {gateway}")]
    UplinkInUse {
        /// The uplink.
        uplink: UplinkName,
        /// One of its users.
        gateway: InterfaceName,
    },
    /// No such port, or not in that instance.
    #[error("there is no port {port} in routing instance {instance}")]
    UnknownPort {
        /// The name asked for.
        port: InterfaceName,
        /// The instance.
        instance: InstanceName,
    },
    /// No such routing instance.
    #[error("there is no routing instance {0}")]
    UnknownInstance(InstanceName),
    /// Nothing of that name.
    #[error("there is no {kind} {name}")]
    NotFound {
        /// What was looked for: `port`, `uplink`, `route`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// The routing table is in use by somebody else, or by another uplink.
    #[error("routing table {table} is used by {user}")]
    TableTaken {
        /// The table.
        table: u32,
        /// An uplink's name, or "the host".
        user: String,
    },
    /// A next hop's gateway is of another family than the route.
    #[error("gateway {gateway} is of another address family than {prefix}")]
    FamilyMismatch {
        /// The gateway.
        gateway: IpAddr,
        /// The destination.
        prefix: Prefix,
    },
    /// A limit of the configuration.
    #[error("the limit of {limit} {what} is reached")]
    Limit {
        /// What is limited.
        what: &'static str,
        /// How many are allowed.
        limit: usize,
    },
}

impl Refusal {
    /// True if it depends on what the host has, not only on the registry.
    #[must_use]
    pub fn is_of_host(&self) -> bool {
        matches!(self, Self::ForeignRoute(_) | Self::TableTaken { .. })
    }

    /// The request's field that is at fault, in the wire's spelling.
    #[must_use]
    pub fn field(&self) -> &'static str {
        match self {
            Self::OtherInstance { .. }
            | Self::FabricInstance
            | Self::UnknownInstance(_)
            | Self::NetworkInUse { .. } => "routing_instance",
            Self::UnknownNetwork(_) => "network",
            Self::Static(_)
            | Self::OtherOwner { .. }
            | Self::NameTaken { .. }
            | Self::ReservedName(_)
            | Self::NotFound { .. }
            | Self::Limit { .. } => "interface",
            Self::SubnetTaken { .. } | Self::ForeignRoute(_) | Self::UnusableSubnet { .. } => "subnets",
            Self::UnknownUplink(_) | Self::UplinkInUse { .. } | Self::UplinkDiffers { .. } => "uplink",
            Self::MasqueradeDiffers { .. } => "masquerade",
            Self::UnusableAddress { .. } => "addresses",
            Self::UnusableService { field, .. } => field,
            Self::AddressTaken { .. } => "address",
            Self::LeaseTaken { .. } => "lease",
            Self::UnknownPort { .. } => "port",
            Self::TableTaken { .. } => "table",
            Self::FamilyMismatch { .. } => "gateway",
        }
    }
}
