//! Frames that leave the forwarder by themselves, not as the verdict on a frame.

use std::collections::VecDeque;
use std::net::IpAddr;

use crate::addr::{Mac, PortId};
use crate::packet::Packet;

use super::Origin;

/// A frame to be sent: a segment or fragment, a packet that waited for a neighbour's MAC, an ARP request or
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

/// The emissions that wait to be taken, and the buffers for more. A buffer is made when it is first
/// needed and then used again and again.
#[derive(Debug)]
pub(super) struct Emissions {
    queue: VecDeque<Emission>,
    /// Most emissions that may wait.
    limit: usize,
    buffers: Vec<Packet>,
    /// Most idle buffers worth keeping.
    buffer_limit: usize,
}

impl Emissions {
    pub(super) fn new(limit: usize, buffer_limit: usize) -> Self {
        Self { queue: VecDeque::new(), limit, buffers: Vec::new(), buffer_limit }
    }

    /// True if none waits.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many more may wait.
    pub(super) fn room(&self) -> usize {
        self.limit.saturating_sub(self.queue.len())
    }

    /// A buffer with any contents.
    pub(super) fn buffer(&mut self) -> Packet {
        self.buffers.pop().unwrap_or_default()
    }

    pub(super) fn recycle(&mut self, packet: Packet) {
        if self.buffers.len() < self.buffer_limit {
            self.buffers.push(packet);
        }
    }

    pub(super) fn push(&mut self, port: PortId, origin: Origin, packet: Packet) {
        self.queue.push_back(Emission { port, origin, packet });
    }

    pub(super) fn take(&mut self) -> Option<Emission> {
        self.queue.pop_front()
    }

    /// Takes back what was to leave by a port.
    pub(super) fn purge(&mut self, port: PortId) -> Vec<Emission> {
        let mut purged = Vec::new();
        for _ in 0..self.queue.len() {
            let Some(emission) = self.queue.pop_front() else { break };
            if emission.port == port {
                purged.push(emission);
            } else {
                self.queue.push_back(emission);
            }
        }
        purged
    }

    /// Takes what came in by a port off its account.
    pub(super) fn disown(&mut self, port: PortId) {
        for emission in &mut self.queue {
            if emission.origin == Origin::Transit(port) {
                emission.origin = Origin::Own;
            }
        }
    }
}
