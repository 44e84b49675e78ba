//! Frames that leave the forwarder by themselves, not as the verdict on a frame.

use std::net::IpAddr;

use crate::addr::{Mac, PortId};
use crate::packet::Packet;

use super::Origin;

/// A frame to be sent: a fragment, a packet that waited for a neighbour's MAC, an ARP request or
/// neighbour solicitation, an ICMP error about a packet that waited in vain.
#[derive(Debug)]
pub struct Emission {
    /// The port to send it by.
    pub port: PortId,
    /// Whose account it is on.
    pub origin: Origin,
    /// The frame. The buffer goes back by [`super::Forwarder::recycle`].
    pub packet: Packet,
}

/// A neighbour's MAC that this worker has learned and the others should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Learned {
    /// The port it is behind.
    pub port: PortId,
    /// Its address.
    pub address: IpAddr,
    /// Its MAC.
    pub mac: Mac,
}

/// A neighbour as views show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeighbourView {
    /// Its address.
    pub address: IpAddr,
    /// Its MAC; `None` while it is being resolved.
    pub mac: Option<Mac>,
    /// Packets that wait for it.
    pub held: usize,
}
