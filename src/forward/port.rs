//! What the forwarder knows of a port.

use std::net::IpAddr;
use std::sync::Arc;

use crate::addr::{InstanceId, InterfaceName, Mac, PortId, Prefix};
use crate::packet::SuperPackets;
use crate::packet::dhcp::Lease;
use crate::packet::nd::RouterAdvertisement;

/// Which side a port faces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortRole {
    /// A guest: its source addresses are checked, its MAC is learned or configured.
    Guest,
    /// The host's IP stack behind a vgw tap: whatever it sends is routed; frames to it carry the
    /// tap's own MAC as destination, or Linux drops them as for another host.
    Gateway,
    /// The fabric's device on the wire. What arrives there goes to the host's interface, this port.
    FabricWire(PortId),
    /// The host's interface in front of the fabric's device. What the host sends goes to that, this port.
    FabricHost(PortId),
}

/// A port as configured. Workers get it whole; a change replaces it and keeps counters and neighbours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortConfig {
    /// Its index in every worker.
    pub id: PortId,
    /// Its name, the interface's.
    pub name: InterfaceName,
    /// The routing instance that its packets are looked up in.
    pub instance: InstanceId,
    /// Which side it faces.
    pub role: PortRole,
    /// Our own address on this port, source of what we send and answer of proxy ARP/ND.
    pub mac: Mac,
    /// The MAC on the other side if it is known from configuration: a gateway's tap, a guest with
    /// `--mac`. Otherwise it is resolved and learned.
    pub peer_mac: Option<Mac>,
    /// The largest IP packet that the port takes, bytes.
    pub mtu: u32,
    /// The super-packets that the port takes whole; others are cut before.
    pub super_packets: SuperPackets,
    /// Guest ports: the only networks that packets may come from, and what lies behind the port.
    pub addresses: Vec<Prefix>,
    /// Our own addresses on this port (the guest's default gateway): answered by ARP/ND and echo,
    /// and the source of ICMP errors.
    pub own_addresses: Vec<IpAddr>,
    /// Guest ports: what the guest is told by DHCP; `None` leaves its requests unanswered.
    pub lease: Option<Arc<Lease>>,
    /// Guest ports: what the guest is told by router advertisements; `None` sends none.
    pub advertisement: Option<Arc<RouterAdvertisement>>,
}
