//! The checks by their stable names.

use std::fmt;
use std::str::FromStr;

/// A check. Its name is a promise: scripts and monitors look for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// Nobody answers at the daemon's socket.
    DaemonUnreachable,
    /// The daemon itself names a problem.
    DaemonProblem,
    /// The doctor may not look at everything.
    Rights,
    /// The daemon's threads may do more than they need.
    Sandbox,
    /// Taps cannot be made.
    Tun,
    /// A gateway's tap is not in this network namespace.
    TapMissing,
    /// An interface does not pass on what comes in by it.
    ForwardingOff,
    /// The kernel refuses packets since it would answer them by another way.
    ReversePath,
    /// Packets are routed, and the packet filter drops them.
    ForwardBlocked,
    /// Packets are lost before they are routed.
    PacketsLost,
    /// Bridged packets meet a packet filter that drops.
    BridgeFilter,
    /// An uplink's device is not there, down or without a carrier.
    UplinkDown,
    /// The host has no way to where guests send.
    NoRoute,
    /// Somebody else's rule leads a network's packets away.
    RuleFirst,
    /// Somebody else's rule stands between ours.
    RuleInBlock,
    /// A router does not answer on its link.
    RouterUnreachable,
    /// Packets that guests may send do not fit further on.
    Mtu,
    /// An address of the host's lies in a gateway's subnet.
    AddressInSubnet,
    /// A route leads a part of a gateway's subnet away.
    RouteInSubnet,
    /// systemd-networkd deletes what is not its own.
    Networkd,
    /// NetworkManager takes the taps for its own.
    NetworkManager,
    /// The table of connections is full, or nearly.
    Conntrack,
    /// A tap's queue is shorter than the kernel makes it.
    QueueShort,
    /// Packets were dropped since a queue was full.
    QueueFull,
    /// The host forwards IPv6 and ignores the router that gave it its default route.
    RouterIgnored,
    /// Nothing comes back: the outside has no route to the network.
    FabricRoute,
}

/// No check has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no check of that name; docs/doctor.md and 'vgw doctor -v' have them all")]
pub struct UnknownCheck;

impl Check {
    /// All of them, in the order in which they are told: causes before what follows from them.
    pub const ALL: [Self; 26] = [
        Self::DaemonUnreachable,
        Self::DaemonProblem,
        Self::Rights,
        Self::Sandbox,
        Self::Tun,
        Self::TapMissing,
        Self::UplinkDown,
        Self::RouterUnreachable,
        Self::NoRoute,
        Self::RuleFirst,
        Self::RuleInBlock,
        Self::ForwardingOff,
        Self::ReversePath,
        Self::ForwardBlocked,
        Self::PacketsLost,
        Self::BridgeFilter,
        Self::AddressInSubnet,
        Self::RouteInSubnet,
        Self::Mtu,
        Self::Networkd,
        Self::NetworkManager,
        Self::Conntrack,
        Self::QueueShort,
        Self::QueueFull,
        Self::RouterIgnored,
        Self::FabricRoute,
    ];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DaemonUnreachable => "daemon-unreachable",
            Self::DaemonProblem => "daemon-problem",
            Self::Rights => "rights",
            Self::Sandbox => "sandbox",
            Self::Tun => "tun",
            Self::TapMissing => "tap-missing",
            Self::ForwardingOff => "forwarding-off",
            Self::ReversePath => "rp-filter",
            Self::ForwardBlocked => "forward-blocked",
            Self::PacketsLost => "packets-lost",
            Self::BridgeFilter => "bridge-filter",
            Self::UplinkDown => "uplink-down",
            Self::NoRoute => "no-route",
            Self::RuleFirst => "rule-first",
            Self::RuleInBlock => "rule-in-block",
            Self::RouterUnreachable => "router-unreachable",
            Self::Mtu => "mtu",
            Self::AddressInSubnet => "address-in-subnet",
            Self::RouteInSubnet => "route-in-subnet",
            Self::Networkd => "networkd",
            Self::NetworkManager => "network-manager",
            Self::Conntrack => "conntrack",
            Self::QueueShort => "queue-short",
            Self::QueueFull => "queue-full",
            Self::RouterIgnored => "router-ignored",
            Self::FabricRoute => "fabric-route",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Check {
    type Err = UnknownCheck;

    fn from_str(text: &str) -> Result<Self, UnknownCheck> {
        Self::ALL.into_iter().find(|check| check.as_str() == text).ok_or(UnknownCheck)
    }
}
