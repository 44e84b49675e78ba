//! What a packet meets in the forwarder.

use std::net::IpAddr;

use crate::addr::{InstanceName, InterfaceName, Mac, PortId, Prefix};
use crate::packet::Stations;
use crate::routing::NextHop;

/// One step of a packet's way, in the order in which they are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It came in by a port: its frame, its headers and its stations are checked.
    Received {
        /// The port.
        port: InterfaceName,
        /// Bytes of the frame.
        length: usize,
        /// The frame's stations, if there are any.
        stations: Option<Stations>,
    },
    /// It is an IP packet with sound headers: its addresses and its offloads are checked.
    Packet {
        /// Where it says it is from.
        source: IpAddr,
        /// Where it is to go.
        destination: IpAddr,
        /// Its transport protocol.
        protocol: u8,
        /// Bytes of the IP packet.
        length: usize,
    },
    /// It asks the gateway itself for something.
    Asks(Service),
    /// Its source address is checked against the port's.
    Source {
        /// The port.
        port: InterfaceName,
        /// The address.
        address: IpAddr,
        /// True if the port may send from there. Gateways always may.
        is_held: bool,
    },
    /// Its destination is one of our own addresses.
    Own(IpAddr),
    /// Its destination is looked up.
    Route {
        /// The routing instance; `None` if the port's is not published.
        instance: Option<InstanceName>,
        /// The route that matched; `None` if none did.
        matched: Option<Prefix>,
        /// Where that leads.
        next_hop: NextHop<PortId>,
    },
    /// It is to leave by this port, one of the route's.
    Hop {
        /// The port.
        port: InterfaceName,
        /// The neighbour that is to take it on: the route's gateway, or the destination.
        neighbour: IpAddr,
        /// Number of ways that the route has.
        ways: usize,
    },
    /// Its hop limit is about to be lowered.
    HopLimit(u8),
    /// Its size is compared with the port's MTU.
    Size {
        /// Bytes of the IP packet; of a super-packet, of its largest segment.
        length: usize,
        /// The port's MTU, bytes.
        mtu: u32,
        /// How it passes.
        passage: Passage,
    },
    /// The MAC of who takes it on is found out.
    Neighbour {
        /// The port.
        port: InterfaceName,
        /// The neighbour's address.
        address: IpAddr,
        /// What is known.
        known: Known,
    },
    /// It crosses between the fabric's device and the host as it is.
    Crosses {
        /// Out by this port.
        port: InterfaceName,
        /// The route of the fabric's instance that has an IP packet's destination.
        matched: Option<Prefix>,
    },
    /// It is edited for its next link and leaves.
    Leaves {
        /// The port.
        port: InterfaceName,
        /// The frame's stations from now on.
        stations: Stations,
        /// Its hop limit from now on.
        hop_limit: u8,
    },
}

/// What the gateway does for guests itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Address resolution for IPv4.
    Arp,
    /// Address resolution and router discovery for IPv6.
    NeighbourDiscovery,
    /// DHCP.
    Dhcp,
}

/// How a packet passes a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// As it is.
    Whole,
    /// Cut into segments or fragments.
    InPieces,
    /// Not at all: it must not be fragmented.
    TooBig,
}

/// What is known of a neighbour's MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It is configured, or the tap's own.
    Fixed(Mac),
    /// It was learned.
    Learned(Mac),
    /// Nothing: it is asked for while the packet waits.
    Nothing,
}

impl Step {
    /// The step's name for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Received { .. } => "received",
            Self::Packet { .. } => "packet",
            Self::Asks(_) => "service",
            Self::Source { .. } => "source",
            Self::Own(_) => "own",
            Self::Route { .. } => "route",
            Self::Hop { .. } => "next_hop",
            Self::HopLimit(_) => "hop_limit",
            Self::Size { .. } => "size",
            Self::Neighbour { .. } => "neighbour",
            Self::Crosses { .. } => "crosses",
            Self::Leaves { .. } => "leaves",
        }
    }
}

impl Service {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arp => "ARP",
            Self::NeighbourDiscovery => "neighbour discovery",
            Self::Dhcp => "DHCP",
        }
    }
}
