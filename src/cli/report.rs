//! What `vgw` tells, as plain values: the JSON is made from them by their field names, which are a
//! promise (a change that breaks a reader raises the schema's number), and the tables by
//! [`super::render`].

use std::collections::BTreeMap;

use serde::Serialize;

use crate::gateway::LeaseName;

use super::render::Style;

/// Something that `vgw` tells.
pub trait Report: Serialize {
    /// The versioned name of its JSON form.
    const SCHEMA: &'static str;

    /// The form for people, lines ended.
    fn render(&self, style: Style) -> String;
}

/// The JSON form of a report on one line.
///
/// # Errors
/// A value that JSON cannot hold; none of ours.
pub fn to_json<R: Report>(report: &R) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Document<'a, R> {
        schema: &'static str,
        #[serde(flatten)]
        report: &'a R,
    }
    serde_json::to_string(&Document { schema: R::SCHEMA, report })
}

/// Everything at a glance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// The daemon's version.
    pub version: String,
    /// Time since it started, milliseconds.
    pub uptime_ms: u64,
    /// Number of threads that forward.
    pub workers: u64,
    /// The gateways, by interface.
    pub gateways: Vec<Gateway>,
    /// The guests' ports, by interface.
    pub ports: Vec<Port>,
    /// The uplinks, by name.
    pub uplinks: Vec<Uplink>,
    /// The routing instances, by name.
    pub instances: Vec<Instance>,
    /// The audit.
    pub audit: Audit,
    /// What others have undone and was put right; absent if the daemon does not tell.
    pub repairs: Option<Repairs>,
    /// What needs somebody's eye, one sentence each.
    pub problems: Vec<String>,
}

/// What was put right since the daemon has started.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Repairs {
    /// How many, by kind and occasion.
    pub counts: Vec<RepairCount>,
    /// Time since the last one, milliseconds.
    pub last_ms: Option<u64>,
}

/// Repairs of one kind on one occasion.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RepairCount {
    /// `link`, `address`, `route`, `rule` or `setting`.
    pub kind: String,
    /// `notice`, `check` or `request`.
    pub occasion: String,
    /// How many.
    pub count: u64,
}

/// The gateways.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gateways {
    /// By interface.
    pub gateways: Vec<Gateway>,
}

/// A gateway.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gateway {
    /// Its tap.
    pub interface: String,
    /// Its routing instance.
    pub instance: String,
    /// Subnets announced to the host.
    pub subnets: Vec<String>,
    /// What the instance reaches through it.
    pub routes: Vec<String>,
    /// The uplink its traffic leaves by.
    pub uplink: Option<String>,
    /// Its packets leave the host under another address.
    pub masquerade: bool,
    /// Those that did; none if the host cannot say.
    pub masqueraded: Option<Traffic>,
    /// Its share of the flows beside others.
    pub weight: u64,
    /// From the configuration file.
    pub is_static: bool,
    /// The connect version that confirmed it.
    pub version: u64,
    /// Time until a running audit deletes it, milliseconds.
    pub deleted_in_ms: Option<u64>,
    /// Its tap's traffic; received is what the host sent.
    pub counters: Counters,
}

/// Packets and their bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Traffic {
    /// Packets.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// The ports.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ports {
    /// By interface.
    pub ports: Vec<Port>,
}

/// A guest's port.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Port {
    /// Its interface.
    pub interface: String,
    /// Its routing instance.
    pub instance: String,
    /// An interface that existed already.
    pub attached: bool,
    /// Where its tap was placed.
    pub guest: Option<Guest>,
    /// What is behind it.
    pub addresses: Vec<String>,
    /// The addresses by which the guest knows its gateway.
    pub gateways: Vec<String>,
    /// The guest's MAC.
    pub mac: Option<String>,
    /// The largest IP packet, bytes.
    pub mtu: u64,
    /// Its share of the flows beside others.
    pub weight: u64,
    /// What the guest is told by DHCP.
    pub dhcp: Option<Dhcp>,
    /// What the guest is told by router advertisements.
    pub router_advertisements: Option<RouterAdvertisements>,
    /// From the configuration file.
    pub is_static: bool,
    /// The UUID by which the compute service that added it knows it.
    pub compute_id: Option<String>,
    /// The compute service's network.
    pub network: Option<String>,
    /// Time until a running audit of ports deletes it, milliseconds.
    pub deleted_in_ms: Option<u64>,
    /// Its traffic; received is what the guest sent.
    pub counters: Counters,
}

/// What a guest is told by DHCP.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dhcp {
    /// Its address with the length of its network.
    pub address: String,
    /// Its router.
    pub router: String,
    /// Name servers.
    pub dns: Vec<String>,
    /// Its own name.
    pub host_name: Option<String>,
    /// The domain that it looks names up in.
    pub domain: Option<String>,
    /// How long the address is lent, seconds.
    pub lease_time: u64,
}

/// What a guest is told by router advertisements.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RouterAdvertisements {
    /// The network on the link.
    pub network: Option<String>,
    /// The guest may form addresses in it.
    pub autonomous: bool,
    /// Name servers.
    pub dns: Vec<String>,
}

/// A place in a guest's namespace.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Guest {
    /// The namespace.
    pub netns: String,
    /// The interface's name in there.
    pub name: String,
}

/// Counters of a port; always `received = sent + answered + held + sum(dropped)`.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Counters {
    /// Packets that came in.
    pub received: u64,
    /// Their bytes.
    pub received_bytes: u64,
    /// Of the received: went out by some port.
    pub sent: u64,
    /// Of the received: were for the gateway itself.
    pub answered: u64,
    /// Of the received: wait for a MAC right now.
    pub held: u64,
    /// Of the received: dropped, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Packets that went out by this port.
    pub transmitted: u64,
    /// Their bytes.
    pub transmitted_bytes: u64,
}

impl Counters {
    /// Dropped for whatever reason.
    #[must_use]
    pub fn drops(&self) -> u64 {
        self.dropped.values().sum()
    }
}

/// The networks of compute services.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Networks {
    /// By UUID.
    pub networks: Vec<Network>,
}

/// A network of compute services.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Network {
    /// Its UUID.
    pub id: String,
    /// The routing instance of its ports.
    pub instance: String,
    /// The addresses by which its guests know their gateway.
    pub gateways: Vec<String>,
    /// What those guests are told by DHCP whose port has exactly one IPv4 address.
    pub dhcp: Option<NetworkDhcp>,
    /// What those guests are told by router advertisements whose port has an IPv6 address.
    pub router_advertisements: Option<NetworkAdvertisements>,
    /// From the configuration file.
    pub is_static: bool,
}

/// What the guests of a network are told by DHCP, beside what their port has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NetworkDhcp {
    /// The length of the network; that of the instance's subnet if absent.
    pub prefix_length: Option<u64>,
    /// Name servers.
    pub dns: Vec<String>,
    /// The domain that names are looked up in.
    pub domain: Option<String>,
    /// How long an address is lent, seconds.
    pub lease_time: u64,
}

/// What the guests of a network are told by router advertisements, beside what their port has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NetworkAdvertisements {
    /// Name servers.
    pub dns: Vec<String>,
}

/// The uplinks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Uplinks {
    /// By name.
    pub uplinks: Vec<Uplink>,
}

/// An uplink.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Uplink {
    /// Its name.
    pub name: String,
    /// The host's device.
    pub device: String,
    /// The host's address on it; `null` without a lease.
    pub address: Option<String>,
    /// The router; `null` without a lease.
    pub via: Option<String>,
    /// `ipv4` or `ipv6`, if a DHCP client leases address and router.
    pub lease: Option<String>,
    /// Its routing table.
    pub table: u64,
    /// Gateways that use it.
    pub gateways: Vec<String>,
    /// From the configuration file.
    pub is_static: bool,
}

/// The routing instances.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Instances {
    /// By name.
    pub instances: Vec<Instance>,
}

/// A routing instance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Instance {
    /// Its name.
    pub name: String,
    /// Number of IPv4 routes.
    pub routes_v4: u64,
    /// Number of IPv6 routes.
    pub routes_v6: u64,
    /// Its gateways.
    pub gateways: Vec<String>,
    /// Its ports.
    pub ports: Vec<String>,
}

/// The routes of an instance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Routes {
    /// The instance.
    pub instance: String,
    /// By prefix.
    pub routes: Vec<Route>,
}

/// A route of an instance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Route {
    /// The destination.
    pub prefix: String,
    /// Where it leads.
    pub next_hop: NextHop,
    /// What put it there.
    pub origin: String,
}

/// What happens to a packet.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NextHop {
    /// Out by one of these.
    Forward {
        /// Several share the flows.
        hops: Vec<Hop>,
    },
    /// To the gateway itself.
    Local,
    /// Dropped in silence.
    Discard,
    /// Dropped, the sender is told.
    Unreachable,
    /// Nothing matched: dropped, the sender is told.
    NoRoute,
    /// Something that a later daemon knows.
    Unknown,
}

/// One way out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hop {
    /// A port or a gateway's tap.
    pub port: String,
    /// The neighbour that takes the packet on.
    pub gateway: Option<String>,
    /// Its share of the flows beside the others'.
    pub weight: u64,
}

/// Where an address goes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lookup {
    /// The instance that was asked.
    pub instance: String,
    /// The address that was asked for.
    pub address: String,
    /// The route that matched.
    pub matched: Option<String>,
    /// Where it leads.
    pub next_hop: NextHop,
}

/// The audit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Audit {
    /// How often a controller has connected.
    pub version: u64,
    /// The time that the next audit leaves for replay, milliseconds; none if audits are off.
    pub timeout_ms: Option<u64>,
    /// Soonest first.
    pub running: Vec<RunningAudit>,
}

/// A running audit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunningAudit {
    /// Time left, milliseconds.
    pub remaining_ms: u64,
    /// What it would delete if it ended now.
    pub gateways: Vec<String>,
}

/// What a request did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// `gateway`, `port`, `uplink`, `route` or `network`.
    pub object: &'static str,
    /// Its name.
    pub name: String,
    /// What became of it.
    pub outcome: Deed,
}

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// It is new.
    Added,
    /// It stood and was changed.
    Changed,
    /// It stood exactly so.
    Unchanged,
    /// It is gone.
    Deleted,
}

/// What of the kernel is the daemon's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HostObjects {
    /// In the order in which they are made.
    pub objects: Vec<HostObject>,
}

/// Something in the kernel, or that should be there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HostObject {
    /// What it is, as `ip` lists it.
    pub object: String,
    /// Why it is there.
    pub purpose: String,
    /// For whom.
    pub owners: Vec<String>,
    /// How it stands.
    pub state: ObjectState,
}

/// How an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectState {
    /// As it should.
    InPlace,
    /// It should be there, and is not.
    Missing,
    /// It is there, but not as it should be.
    Differs,
    /// It bears the daemon's mark, and nothing calls for it.
    LeftOver,
    /// Something that a later daemon knows.
    Unknown,
}

/// What is to be done so that the kernel is as it should be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HostDifference {
    /// In order.
    pub steps: Vec<Step>,
}

/// A change of the kernel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// The command that would do it, of `ip` without that word.
    pub command: String,
    /// For whom.
    pub owners: Vec<String>,
}

/// What a change would come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rehearsal {
    /// `gateway`, `port`, `uplink`, `route` or `network`.
    pub object: &'static str,
    /// Its name.
    pub name: String,
    /// What would become of it.
    pub outcome: Deed,
    /// What would be done, in order.
    pub steps: Vec<Step>,
}

/// What became of leases.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Leases {
    /// By family.
    pub leases: Vec<Lease>,
}

/// A lease that was recorded, or whose record was removed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lease {
    /// The device.
    pub device: String,
    /// `ipv4` or `ipv6`.
    pub family: String,
    /// What became of it.
    pub outcome: LeaseOutcome,
}

impl Lease {
    /// The lease of that name.
    #[must_use]
    pub fn of(name: LeaseName, outcome: LeaseOutcome) -> Self {
        Self { device: name.device.to_string(), family: name.family.to_string(), outcome }
    }
}

/// What became of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaseOutcome {
    /// The daemon did not know of it.
    Added,
    /// It was another.
    Changed,
    /// The daemon knew it, and touched nothing.
    Unchanged,
    /// It has ended.
    Deleted,
    /// There was none.
    Absent,
    /// No daemon answers: it will find what was recorded when it starts.
    Recorded,
}

/// Uplinks that somebody else has set up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Import {
    /// Nothing was done.
    pub dry_run: bool,
    /// By table.
    pub uplinks: Vec<ForeignUplink>,
}

/// An uplink that somebody else has set up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ForeignUplink {
    /// How.
    pub layout: String,
    /// The name that it gets.
    pub name: String,
    /// The host's device.
    pub device: String,
    /// The host's address on it.
    pub address: String,
    /// The router.
    pub via: String,
    /// The table that it has, or had.
    pub foreign_table: u64,
    /// What was done, or would be.
    pub steps: Vec<Step>,
    /// Why it was not, or cannot be taken over.
    pub hindrance: Option<String>,
}
