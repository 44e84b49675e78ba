//! What the daemon shows of itself: values, filled by the conductor, printed elsewhere.

mod object;

use std::net::IpAddr;
use std::time::Duration;

use crate::addr::{Family, InstanceName, InterfaceName, Mac, Prefix, Uuid, Weight};
use crate::forward::DropReason;
use crate::gateway::{AdvertisementSpec, Attachment, DhcpSpec, UplinkName};
use crate::host::{self, Kind, Occasion};
use crate::packet::dhcp::Lease;
use crate::packet::nd::RouterAdvertisement;
use crate::routing::NextHop;

use super::problem::Problem;
use super::rates::{Rates, Traffic};
use super::sandbox::Sandbox;

pub use object::{ComparisonView, ImportView, ObjectState, ObjectView, RehearsalView, StepView};

/// One consistent picture of everything, made between two commands.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusView {
    /// The daemon's version.
    pub version: String,
    /// Time since it started.
    pub uptime: Duration,
    /// Number of workers.
    pub workers: usize,
    /// The gateways, by name.
    pub gateways: Vec<GatewayView>,
    /// The guests' ports, by name.
    pub ports: Vec<PortView>,
    /// The uplinks, by name.
    pub uplinks: Vec<UplinkView>,
    /// The networks of compute services, by identity.
    pub networks: Vec<NetworkView>,
    /// The routing instances, by name.
    pub instances: Vec<InstanceView>,
    /// The audit.
    pub audit: AuditView,
    /// What others have undone and was put right.
    pub repairs: RepairsView,
    /// Time until the configuration on trial is taken back.
    pub trial: Option<Duration>,
    /// What is wrong and needs somebody's eye.
    pub problems: Vec<Problem>,
    /// The traffic of late.
    pub rates: Rates,
    /// What all interfaces have counted, those included that are gone.
    pub traffic: Traffic,
    /// How often notices of the kernel's were lost.
    pub overruns: u64,
    /// How far the daemon is held to what it needs.
    pub sandbox: Sandbox,
}

/// A gateway.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayView {
    /// Its tap.
    pub interface: InterfaceName,
    /// Its routing instance.
    pub instance: InstanceName,
    /// Subnets announced to the host.
    pub subnets: Vec<Prefix>,
    /// What the instance reaches through it, the implied default included.
    pub routes: Vec<Prefix>,
    /// The uplink its traffic leaves by.
    pub uplink: Option<UplinkName>,
    /// Its packets leave the host under another address.
    pub masquerade: bool,
    /// Those that did, of all gateways that share one of its subnets; `None` if nothing is
    /// masqueraded, or the host cannot say.
    pub masqueraded: Option<host::Traffic>,
    /// Its share of the flows beside others.
    pub weight: Weight,
    /// Defined in the configuration file: exempt from audit and API.
    pub is_static: bool,
    /// The connect version it was last confirmed in; 0 if it is static.
    pub version: u32,
    /// Time until a running audit deletes it unless it is added again.
    pub deleted_in: Option<Duration>,
    /// Traffic of its tap, as seen from the forwarder: received is what the host sent.
    pub counters: Counters,
    /// The same of late; `None` if it has come since.
    pub rates: Option<Rates>,
}

/// A guest's port.
#[derive(Debug, Clone, PartialEq)]
pub struct PortView {
    /// Its interface.
    pub name: InterfaceName,
    /// Its routing instance.
    pub instance: InstanceName,
    /// True for an attached interface, false for a tap of ours.
    pub attached: bool,
    /// Where the tap was placed: namespace and name in there.
    pub guest: Option<(String, InterfaceName)>,
    /// Its addresses.
    pub addresses: Vec<Prefix>,
    /// Our addresses on it.
    pub gateways: Vec<IpAddr>,
    /// The guest's MAC, configured or learned.
    pub mac: Option<Mac>,
    /// Largest IP packet, bytes.
    pub mtu: u32,
    /// Its share of the flows beside others.
    pub weight: Weight,
    /// What the guest is told by DHCP.
    pub lease: Option<Lease>,
    /// What the guest is told by router advertisements.
    pub advertisement: Option<RouterAdvertisement>,
    /// Defined in the configuration file.
    pub is_static: bool,
    /// What the compute service that added it says of it.
    pub compute: Option<ComputeView>,
    /// Its traffic: received is what the guest sent.
    pub counters: Counters,
    /// The same of late; `None` if it has come since.
    pub rates: Option<Rates>,
}

/// A port as its compute service knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComputeView {
    /// Its identity there.
    pub id: Uuid,
    /// Its network.
    pub network: Uuid,
    /// Time until a running audit deletes it unless it is added again.
    pub deleted_in: Option<Duration>,
}

/// A network of compute services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkView {
    /// Its identity.
    pub id: Uuid,
    /// The routing instance of its ports.
    pub instance: InstanceName,
    /// The addresses by which its guests know their gateway.
    pub gateways: Vec<IpAddr>,
    /// What its guests are told by DHCP.
    pub dhcp: Option<DhcpSpec>,
    /// What its guests are told by router advertisements.
    pub router_advertisements: Option<AdvertisementSpec>,
    /// Defined in the configuration file.
    pub is_static: bool,
}

/// Counters of a port, summed over the workers. Always:
/// `received = sent + answered + held + sum(dropped)`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Counters {
    /// Packets that came in by the port; a super-packet is one.
    pub received: u64,
    /// Bytes of those frames.
    pub received_bytes: u64,
    /// Of the received: went out by some port.
    pub sent: u64,
    /// Of the received: were for us and answered (ARP, ND, echo), or taken in (replies to us).
    pub answered: u64,
    /// Of the received: wait for a neighbour's MAC right now.
    pub held: u64,
    /// Of the received: dropped, by reason; only reasons that occurred.
    pub dropped: Vec<(DropReason, u64)>,
    /// Frames that went out by this port, wherever they came from.
    pub transmitted: u64,
    /// Bytes of those frames.
    pub transmitted_bytes: u64,
}

/// An uplink.
#[derive(Debug, Clone, PartialEq)]
pub struct UplinkView {
    /// Its name.
    pub name: UplinkName,
    /// The host's device.
    pub device: InterfaceName,
    /// The host's address and the router; `None` without a lease.
    pub attachment: Option<Attachment>,
    /// The family of the lease that they come from, if they do.
    pub lease: Option<Family>,
    /// Its routing table.
    pub table: u32,
    /// Gateways that use it.
    pub gateways: Vec<InterfaceName>,
    /// Defined in the configuration file.
    pub is_static: bool,
}

/// A routing instance.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceView {
    /// Its name.
    pub name: InstanceName,
    /// Number of IPv4 routes.
    pub routes_v4: usize,
    /// Number of IPv6 routes.
    pub routes_v6: usize,
    /// Its gateways.
    pub gateways: Vec<InterfaceName>,
    /// Its ports.
    pub ports: Vec<InterfaceName>,
}

/// The audit.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditView {
    /// The connect version: how often a controller has connected.
    pub version: u32,
    /// What the next connect's timer will be; `None` if audits are switched off.
    pub timeout: Option<Duration>,
    /// Running audits, soonest first: time left and the gateways that it would delete now.
    pub running: Vec<(Duration, Vec<InterfaceName>)>,
}

/// What was put right since the daemon has started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RepairsView {
    /// How many, by kind and occasion.
    pub counts: Vec<RepairCount>,
    /// Time since the last one.
    pub last: Option<Duration>,
}

/// Repairs of one kind on one occasion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepairCount {
    /// What was repaired.
    pub kind: Kind,
    /// What led to it.
    pub occasion: Occasion,
    /// How many.
    pub count: u64,
}

/// A route of an instance.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteView {
    /// The destination.
    pub prefix: Prefix,
    /// Where it leads.
    pub next_hop: NextHop<InterfaceName>,
    /// What put it there: `gateway`, `port`, `subnet`, `static`, `local`.
    pub origin: &'static str,
}

/// The answer to "where does this address go".
#[derive(Debug, Clone, PartialEq)]
pub struct LookupView {
    /// The route that matched; `None` if only the implicit unreachable default did.
    pub matched: Option<Prefix>,
    /// Where it leads.
    pub next_hop: NextHop<InterfaceName>,
}

/// What the process takes of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ProcessUse {
    /// Time of processors, all threads together.
    pub cpu: Duration,
    /// Memory that is in use, bytes.
    pub resident: u64,
    /// Descriptors that are open.
    pub descriptors: u64,
}
