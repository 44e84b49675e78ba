//! Host state: links, addresses, routes, rules and per-interface settings as ordered sets.
//!
//! The sets are persistent: a copy is one pointer, and two copies that have diverged are compared by
//! what has changed since. That is what makes a change cost what it changes.

use std::collections::BTreeSet;
use std::net::IpAddr;

use imbl::{OrdMap, OrdSet};

use crate::addr::{InterfaceAddress, InterfaceName, Mac, Prefix, Weight};

use super::sharing::{sharing, sharing_set};

/// Everything of ours in the kernel, or everything that should be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostState {
    /// The gateways' taps.
    pub links: OrdMap<InterfaceName, HostLink>,
    /// Addresses on our taps: only the link-local one that IPv6 neighbour discovery needs.
    pub addresses: OrdSet<(InterfaceName, InterfaceAddress)>,
    /// Routes in the main table and in the uplinks' tables.
    pub routes: OrdMap<RouteKey, HostRoute>,
    /// Source rules.
    pub rules: OrdSet<Rule>,
    /// Per-interface settings that must be on, on our links and on the uplinks' devices.
    pub settings: OrdSet<Setting>,
    /// Networks whose packets leave the host under another address. No two of them overlap.
    pub masquerades: OrdSet<Masquerade>,
}

impl HostState {
    /// The same state, held in the trees of `model` as far as both agree: their difference is then
    /// found without visiting what is equal.
    #[must_use]
    pub(super) fn sharing(&self, model: &Self) -> Self {
        Self {
            links: sharing(&self.links, &model.links),
            addresses: sharing_set(&self.addresses, &model.addresses),
            routes: sharing(&self.routes, &model.routes),
            rules: sharing_set(&self.rules, &model.rules),
            settings: sharing_set(&self.settings, &model.settings),
            masquerades: sharing_set(&self.masquerades, &model.masquerades),
        }
    }
}

/// A gateway's tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostLink {
    /// Its MAC address.
    pub mac: Mac,
    /// Largest IP packet, bytes.
    pub mtu: u32,
    /// Administratively up. Wanted: always; a link is brought up after everything else of it stands.
    pub up: bool,
    /// What all taps of ours have alike: our device group, the mark by which the next daemon would know it; a queue
    /// as long as configured; and no bridge, bond or VRF that it belongs to, which would have its packets. Wanted:
    /// always.
    pub in_order: bool,
}

/// A route's identity in the kernel (policy-routing: protocol, scope and next hops are not part).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteKey {
    /// The routing table; 254 is main.
    pub table: u32,
    /// The destination.
    pub prefix: Prefix,
    /// The kernel's metric (`RTA_PRIORITY`); smaller wins. The kernel stores 1024 for an IPv6 route without one.
    pub metric: u32,
}

impl RouteKey {
    /// The main table's number (`RT_TABLE_MAIN`).
    pub const MAIN: u32 = 254;
}

/// One way of a host route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostHop {
    /// The device the packet leaves by.
    pub device: InterfaceName,
    /// The router on that link; `None` if the destination is on the link.
    pub via: Option<IpAddr>,
    /// Its share of the flows beside the other ways; 1 if there is no other.
    pub weight: Weight,
}

/// Where a host route leads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostRoute {
    /// The ways out, several for a multipath route. Empty means `unreachable`.
    pub hops: BTreeSet<HostHop>,
    /// Preferred source address (`RTA_PREFSRC`).
    pub source: Option<IpAddr>,
}

/// A source rule: what becomes of the lookups for packets from `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule {
    /// Smaller is asked first; of equal ones, the one that was added first.
    pub priority: u32,
    /// The source network.
    pub from: Prefix,
    /// What it does.
    pub action: RuleAction,
}

impl Rule {
    /// The table that it looks up, if it does.
    #[must_use]
    pub fn table(&self) -> Option<u32> {
        match self.action {
            RuleAction::Lookup(table) => Some(table),
            RuleAction::Goto(_) | RuleAction::Nop => None,
        }
    }
}

/// What a rule does (`FR_ACT_*`, include/uapi/linux/fib_rules.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleAction {
    /// Looks up this table; the next rule is asked if that has no route.
    Lookup(u32),
    /// Goes on with the first rule of this priority, which must be greater than its own. As long as
    /// there is none, the next rule is asked.
    Goto(u32),
    /// Nothing: something for others to go to.
    Nop,
}

/// A per-interface switch of the kernel that must be on for packets to pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Setting {
    /// The interface.
    pub interface: InterfaceName,
    /// Which switch.
    pub kind: SettingKind,
}

/// The switches we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SettingKind {
    /// `net.ipv4.conf.IF.forwarding`, set by `IFLA_INET_CONF`: packets that come in there may be
    /// forwarded. The global `ip_forward` is not needed and not touched.
    ForwardV4,
    /// IPv6 forwarding of packets that come in there: `net.ipv6.conf.IF.force_forwarding` where the
    /// kernel has it (6.17), otherwise the global `net.ipv6.conf.all.forwarding`.
    ForwardV6,
}

/// A network whose packets leave the host under another address (source NAT). What goes to another
/// link of ours keeps its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Masquerade {
    /// The network.
    pub subnet: Prefix,
    /// The other address.
    pub to: Translation,
}

/// Under which address packets leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Translation {
    /// That of the device they leave by, whichever it is.
    Device,
    /// This one, if they leave by this device; by others they keep their source.
    Uplink(InterfaceName, IpAddr),
}

/// Packets and their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Packets.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
}
