//! The forwarder: what a worker drives.

use std::sync::Arc;

use std::net::IpAddr;

use crate::addr::{InstanceId, Mac, PortId};
use crate::clock::Moment;
use crate::packet::{Packet, ReceiveError};
use crate::routing::Instance;

use super::emission::{Emission, Learned, NeighbourView};
use super::{DropReason, Limits, Origin, PortConfig, PortCounters, Verdict};

/// One worker's packet path: its ports with their counters and neighbours, and the routing
/// instances as published. Owned by one thread; nothing in it locks or waits.
///
/// After [`Forwarder::process`] the worker sends what [`Verdict::outgoing`] names and tells the
/// outcome by [`Forwarder::sent`] or [`Forwarder::undelivered`]; the same for every emission.
#[derive(Debug)]
pub struct Forwarder {
    limits: Limits,
}

impl Forwarder {
    /// A forwarder without ports and instances.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits }
    }

    /// Adds a port or changes its configuration; counters and neighbours stay.
    pub fn set_port(&mut self, _config: PortConfig) {}

    /// Removes a port. Packets that wait to leave by it are dropped.
    pub fn remove_port(&mut self, _port: PortId) {}

    /// Makes a routing instance's new state the one that lookups see.
    pub fn publish(&mut self, _instance: Arc<Instance>) {}

    /// Forgets a routing instance: its ports' packets find no route.
    pub fn withdraw(&mut self, _instance: InstanceId) {}

    /// Decides on a packet that came in by a port and edits it accordingly.
    #[must_use]
    pub fn process(&mut self, _ingress: PortId, _packet: &mut Packet, _now: Moment) -> Verdict {
        Verdict::Drop(DropReason::DevReady)
    }

    /// Counts a packet of `length` bytes whose offload header was not usable.
    pub fn malformed(&mut self, _ingress: PortId, _length: usize, _error: ReceiveError) {}

    /// A frame went out by a port.
    pub fn sent(&mut self, _origin: Origin, _egress: PortId, _bytes: usize) {}

    /// A frame could not be sent.
    pub fn undelivered(&mut self, _origin: Origin, _reason: DropReason) {}

    /// The next frame to be sent by itself.
    pub fn take_emission(&mut self) -> Option<Emission> {
        None
    }

    /// Takes the buffer of an emission back.
    pub fn recycle(&mut self, _packet: Packet) {}

    /// The next neighbour that the other workers should know.
    pub fn take_learned(&mut self) -> Option<Learned> {
        None
    }

    /// Takes over a neighbour's MAC that another worker learned.
    pub fn learn(&mut self, _port: PortId, _address: IpAddr, _mac: Mac, _now: Moment) {}

    /// Does what time asks for: repeats requests, gives up on neighbours, forgets old ones.
    pub fn tick(&mut self, _now: Moment) {}

    /// When [`Forwarder::tick`] has something to do next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        None
    }

    /// A port's counters.
    #[must_use]
    pub fn counters(&self, _port: PortId) -> Option<&PortCounters> {
        None
    }

    /// A port's neighbours, by address.
    pub fn neighbours(&self, _port: PortId) -> impl Iterator<Item = NeighbourView> {
        std::iter::empty()
    }
}
