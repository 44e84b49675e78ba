//! What was seen on the host.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::addr::{InterfaceAddress, InterfaceName, Mac, Prefix};
use crate::host::{ForeignRule, Mark};

use super::filter::Filter;
use super::question::Question;
use super::told::Told;

/// A machine that can be looked at.
pub trait Host {
    /// Looks at it. What cannot be seen is named in [`Facts::unseen`].
    fn look(&mut self, order: &Order) -> Facts;
}

/// What is looked for.
#[derive(Debug, Clone)]
pub struct Order {
    /// What the daemon tells, or why it does not.
    pub told: Result<Told, String>,
    /// How our things in the kernel are known.
    pub mark: Mark,
    /// Packets may be sent.
    pub probe: bool,
    /// A station outside that is to answer guests.
    pub peer: Option<IpAddr>,
}

/// What was seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What the daemon tells, or why it does not.
    pub told: Result<Told, String>,
    /// How our things in the kernel are known.
    pub mark: Mark,
    /// Rights that the doctor lacks.
    pub missing_rights: Vec<&'static str>,
    /// Why taps cannot be made.
    pub tun: Option<String>,
    /// The links of this network namespace.
    pub links: BTreeMap<InterfaceName, Link>,
    /// `net.ipv4.conf.all.rp_filter`.
    pub reverse_path_all: u8,
    /// `net.ipv6.conf.all.forwarding`.
    pub forwards_v6: bool,
    /// Addresses of links.
    pub addresses: BTreeSet<(InterfaceName, InterfaceAddress)>,
    /// Others' routes of table main.
    pub routes: Vec<Route>,
    /// Others' rules, in the order in which they are asked.
    pub rules: Vec<ForeignRule>,
    /// Where packets of gateways go.
    pub ways: Vec<Way>,
    /// Whether routers have answered on their links.
    pub routers: BTreeMap<(InterfaceName, IpAddr), bool>,
    /// The packet filters.
    pub filter: Filter,
    /// `net.bridge.bridge-nf-call-iptables` or `-ip6tables`, by name, that are on.
    pub bridge_filters: Vec<&'static str>,
    /// Connections and the most there may be.
    pub conntrack: Option<(u64, u64)>,
    /// How systemd-networkd is configured, if it runs here.
    pub networkd: Option<Networkd>,
    /// What NetworkManager leaves alone, as patterns of names, if it runs here.
    pub network_manager: Option<Vec<String>>,
    /// The station outside that was asked for.
    pub peer: Option<IpAddr>,
    /// What could not be seen, and why, one sentence each.
    pub unseen: Vec<String>,
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Link {
    /// Its index.
    pub index: u32,
    /// Its MAC; `None` for links that have none.
    pub mac: Option<Mac>,
    /// Largest packet, bytes.
    pub mtu: u32,
    /// Administratively up.
    pub up: bool,
    /// Has a carrier.
    pub carrier: bool,
    /// Length of the transmit queue, packets.
    pub queue_length: u32,
    /// The bridge that it is a port of.
    pub bridge: Option<u32>,
    /// Packets sent.
    pub sent: u64,
    /// Packets that the queue had no room for.
    pub dropped: u64,
    /// Its switches.
    pub switches: Switches,
}

/// Switches of a link in `/proc/sys/net`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Switches {
    /// `net.ipv4.conf.IF.forwarding`.
    pub forwarding_v4: bool,
    /// `net.ipv4.conf.IF.rp_filter`: 0 off, 1 strict, 2 loose.
    pub reverse_path: u8,
    /// `net.ipv6.conf.IF.force_forwarding`; `None` before Linux 6.17, and without IPv6.
    pub force_forwarding_v6: Option<bool>,
    /// `net.ipv6.conf.IF.forwarding`.
    pub forwarding_v6: bool,
    /// `net.ipv6.conf.IF.accept_ra`.
    pub accept_ra: u8,
}

/// Somebody's route of table main.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its destination.
    pub prefix: Prefix,
    /// Its metric.
    pub metric: u32,
    /// Who made it (`rtm_protocol`).
    pub protocol: u8,
    /// The device of its first way; `None` if it leads nowhere.
    pub device: Option<InterfaceName>,
    /// The router of its first way.
    pub via: Option<IpAddr>,
}

/// Where packets of a gateway go, by the kernel's own word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// What was asked.
    pub question: Question,
    /// Where a packet goes that comes in by the tap.
    pub out: Result<Leads, Refusal>,
    /// Where its answer goes that comes in by the device that it left by.
    pub back: Option<Result<Leads, Refusal>>,
    /// What became of packets that were sent.
    pub probed: Option<Probed>,
    /// Whether the station outside has answered; `None` if it was not asked.
    pub answered: Option<bool>,
}

/// Where a lookup leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leads {
    /// The device.
    pub device: InterfaceName,
    /// The router.
    pub via: Option<IpAddr>,
    /// The table that had the route.
    pub table: u32,
}

/// Why the kernel would not pass a packet on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It came by another way than its answer would go (`EXDEV`).
    ReversePath,
    /// No route, or one that leads nowhere, or forwarding is off (`ENETUNREACH`, `EHOSTUNREACH`, `EACCES`).
    Unreachable,
    /// Something else, in the system's words.
    Other(String),
}

/// What became of packets that were put in at a gateway's tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probed {
    /// From the tap to the outside.
    pub there: Leg,
    /// Their answer, from the outside to the tap; `None` if there was nothing to answer.
    pub back: Option<Leg>,
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leg {
    /// It came out.
    Passed,
    /// It did not come out, but its twin that could go no further was answered "time exceeded", which
    /// the kernel does behind the routing and before the hook FORWARD (`ip_forward`).
    Blocked,
    /// Neither came out nor was answered.
    Lost,
}

/// How systemd-networkd treats what is not its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Networkd {
    /// `ManageForeignRoutes=`.
    pub routes: bool,
    /// `ManageForeignRoutingPolicyRules=`.
    pub rules: bool,
}
