//! The forwarder: what a worker drives.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use crate::addr::{InstanceId, Mac, PortId};
use crate::clock::Moment;
use crate::packet::{Checksum, Content, Frame, Packet, ReceiveError, nd};
use crate::routing::Instance;

use super::bucket::TokenBucket;
use super::drops::DropLog;
use super::emission::{Emission, Emissions, Learned, NeighbourView};
use super::instances::Instances;
use super::ports::{Port, Ports};
use super::refusal::Refusal;
use super::trace::{Service, steps};
use super::watch::Watches;
use super::{DropReason, Limits, Origin, PortConfig, PortCounters, Recorder, Silent, Step, Verdict};

/// One worker's packet path: its ports with their counters and neighbours, and the routing
/// instances as published. Owned by one thread; nothing in it locks or waits.
///
/// After [`Forwarder::process`] the worker sends what [`Verdict::outgoing`] names and tells the
/// outcome by [`Forwarder::sent`] or [`Forwarder::undelivered`]; the same for every emission.
///
/// `R` takes note of the packets' steps; see [`Forwarder::trace`].
#[derive(Debug)]
pub struct Forwarder<R: Recorder = Silent> {
    pub(super) limits: Limits,
    pub(super) ports: Ports,
    pub(super) instances: Instances,
    pub(super) emissions: Emissions,
    pub(super) learned: VecDeque<Learned>,
    pub(super) drops: DropLog,
    pub(super) watches: Watches,
    /// Packets that wait for neighbours, of all ports.
    pub(super) held: usize,
    /// When `tick` has something to do, or earlier.
    pub(super) deadline: Option<Moment>,
    /// Bounds the ICMP errors to all ports.
    pub(super) icmp: TokenBucket,
    /// Sends router advertisements unasked.
    pub(super) announces: bool,
    pub(super) recorder: R,
}

impl Forwarder {
    /// A forwarder without ports and instances.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            ports: Ports::default(),
            instances: Instances::default(),
            emissions: Emissions::new(limits.emissions, limits.emissions + limits.held),
            learned: VecDeque::new(),
            drops: DropLog::new(),
            watches: Watches::default(),
            held: 0,
            deadline: None,
            icmp: TokenBucket::new(limits.icmp_total),
            announces: false,
            recorder: Silent,
            limits,
        }
    }
}

impl<R: Recorder> Forwarder<R> {
    /// Adds a port or changes its configuration. Counters stay; so do neighbours, unless the port
    /// changes its routing instance or its neighbour's MAC is configured from now on.
    ///
    /// The ports of [`PortId`]s are kept in an array: ids are expected to be small.
    pub fn set_port(&mut self, config: PortConfig) {
        let (id, instance) = (config.id, config.instance);
        if config.advertisement.is_none() {
            self.take_leave(id);
        }
        match self.ports.get_mut(id) {
            Some(port) => {
                let before = port.config.instance;
                let has_moved = before != instance;
                let is_fixed = config.peer_mac.is_some() && port.config.peer_mac != config.peer_mac;
                port.configure(config);
                if has_moved || is_fixed {
                    self.purge(id);
                }
                if has_moved {
                    self.instances.leave(before, id, &self.ports);
                }
            }
            None => self.ports.insert(Port::new(config, &self.limits)),
        }
        self.instances.join(instance, id, &self.ports);
        if self.announces
            && let Some(port) = self.ports.get_mut(id).filter(|port| port.config.advertisement.is_some())
        {
            // At once: it may be news.
            port.advertise_at = Some(Moment::ORIGIN);
            self.wake_by(Moment::ORIGIN);
        }
    }

    /// Removes a port with its counters. Packets that wait to leave by it are dropped; those that
    /// came in by it and wait elsewhere are forgotten. Every verdict on a packet of the port has
    /// been settled before.
    pub fn remove_port(&mut self, id: PortId) {
        self.purge(id);
        let Some(port) = self.ports.remove(id) else { return };
        self.instances.leave(port.config.instance, id, &self.ports);
        self.disown(id);
    }

    /// Makes a routing instance's new state the one that lookups see.
    pub fn publish(&mut self, instance: Arc<Instance>) {
        self.instances.publish(instance);
    }

    /// Forgets a routing instance: its ports' packets find no route.
    pub fn withdraw(&mut self, instance: InstanceId) {
        self.instances.withdraw(instance);
    }

    /// Decides on a packet that came in by a port and edits it accordingly. A packet of a port that
    /// is not there is dropped, and counted nowhere.
    #[must_use]
    pub fn process(&mut self, ingress: PortId, packet: &mut Packet, now: Moment) -> Verdict {
        let Some(port) = self.ports.get_mut(ingress) else { return Verdict::Drop(DropReason::DevReady) };
        port.counters.receive(packet.length());
        self.recorder.note(|| steps::received(&port.config, packet));
        let verdict = self.judge(ingress, packet, now).unwrap_or_else(|reason| {
            self.note_refused(ingress, reason, packet.frame(), now);
            Verdict::Drop(reason)
        });
        if let Some(port) = self.ports.get_mut(ingress) {
            port.counters.decided(verdict);
        }
        verdict
    }

    /// Counts a packet whose offload header was not usable.
    pub fn malformed(&mut self, ingress: PortId, packet: &Packet, error: ReceiveError) {
        if let Some(port) = self.ports.get_mut(ingress) {
            port.counters.receive(packet.length());
            port.counters.drop_one(error.into());
        }
        self.note_drop(ingress, error.into(), packet.frame());
    }

    /// A frame of so many bytes went out by a port.
    pub fn sent(&mut self, origin: Origin, egress: PortId, bytes: usize) {
        match origin {
            Origin::Transit(ingress) => self.settle(ingress, |counters| counters.sent += 1),
            Origin::Answer(ingress) => self.settle(ingress, |counters| counters.answered += 1),
            Origin::Own => {}
        }
        if let Some(port) = self.ports.get_mut(egress) {
            port.counters.transmit(bytes);
        }
    }

    /// A frame could not be sent.
    pub fn undelivered(&mut self, origin: Origin, reason: DropReason, packet: &Packet) {
        match origin {
            Origin::Transit(ingress) | Origin::Answer(ingress) => {
                self.drop_settled(ingress, reason, packet);
            }
            Origin::Own => {}
        }
    }

    /// True if there is something to be sent by itself.
    #[inline]
    #[must_use]
    pub fn has_emissions(&self) -> bool {
        !self.emissions.is_empty()
    }

    /// The next frame to be sent by itself.
    pub fn take_emission(&mut self) -> Option<Emission> {
        self.emissions.take()
    }

    /// Takes the buffer of an emission back.
    pub fn recycle(&mut self, packet: Packet) {
        self.emissions.recycle(packet);
    }

    /// The next neighbour that the other workers should know.
    pub fn take_learned(&mut self) -> Option<Learned> {
        self.learned.pop_front()
    }

    /// A port's counters.
    #[must_use]
    pub fn counters(&self, port: PortId) -> Option<&PortCounters> {
        self.ports.get(port).map(|port| &port.counters)
    }

    /// A port's neighbours, by address.
    pub fn neighbours(&self, port: PortId) -> impl Iterator<Item = NeighbourView> {
        self.ports.get(port).into_iter().flat_map(|port| port.neighbours.views())
    }

    fn judge(&mut self, ingress: PortId, packet: &mut Packet, now: Moment) -> Result<Verdict, DropReason> {
        let port = self.ports.get(ingress).ok_or(DropReason::DevReady)?;
        if port.is_fabric() {
            return self.cross(ingress, packet);
        }
        let frame = Frame::parse(packet.frame())?;
        let port = self.ports.get(ingress).ok_or(DropReason::DevReady)?;
        port.admit(&frame.stations)?;
        let ip = match &frame.content {
            Content::Arp => {
                self.recorder.note(|| Step::Asks(Service::Arp));
                return self.answer_arp(ingress, packet, &frame.stations, now);
            }
            Content::Ip(ip) => ip,
        };
        self.recorder.note(|| steps::ip_packet(ip));
        // What is behind the IP packet is padding.
        packet.set_length(ip.end);
        if port.is_guest() && packet.offload.checksum == Checksum::Unnecessary {
            // A guest's word is not passed on as ours.
            packet.offload.checksum = Checksum::None;
        }
        if !packet.offload.fits(ip, packet.frame()) {
            return Err(DropReason::OffloadMismatch);
        }
        if nd::is_neighbour_discovery(packet.frame(), ip) {
            self.recorder.note(|| Step::Asks(Service::NeighbourDiscovery));
            return self.answer_neighbour_discovery(ingress, packet, &frame.stations, ip, now);
        }
        let port = self.ports.get(ingress).filter(|port| port.is_guest());
        if let Some(decided) = port.and_then(|port| self.answer_dhcp(port, packet, &frame.stations, ip)) {
            self.recorder.note(|| Step::Asks(Service::Dhcp));
            return decided;
        }
        match self.route(ingress, packet, &frame.stations, ip, now) {
            Ok(verdict) => Ok(verdict),
            Err(Refusal::Silent(reason)) => Err(reason),
            Err(Refusal::Told(reason, problem)) => {
                self.note_refused(ingress, reason, packet.frame(), now);
                let is_told = self.write_problem(ingress, packet, ip, problem, now);
                Ok(if is_told { Verdict::Reject(reason) } else { Verdict::Drop(reason) })
            }
        }
    }

    /// Counts what has become of a packet that was in our hands.
    pub(super) fn settle(&mut self, ingress: PortId, count: impl FnOnce(&mut PortCounters)) {
        if let Some(port) = self.ports.get_mut(ingress) {
            port.counters.settle();
            count(&mut port.counters);
        }
    }

    /// Drops a packet that was in our hands.
    pub(super) fn drop_settled(&mut self, ingress: PortId, reason: DropReason, packet: &Packet) {
        self.settle(ingress, |counters| counters.drop_one(reason));
        self.note_drop(ingress, reason, packet.frame());
    }

    /// Drops what waits to leave by a port, and its neighbours.
    fn purge(&mut self, id: PortId) {
        for Emission { origin, packet, .. } in self.emissions.purge(id) {
            self.undelivered(origin, DropReason::QueuePurge, &packet);
            self.emissions.recycle(packet);
        }
        let held = self.ports.get_mut(id).map(|port| port.neighbours.clear()).unwrap_or_default();
        for held in held {
            self.drop_held(held, DropReason::QueuePurge);
        }
    }

    /// Forgets packets that a removed port received: there is no account left to settle.
    fn disown(&mut self, id: PortId) {
        self.emissions.disown(id);
        for waiting in self.ports.iter_mut().flat_map(|port| port.neighbours.held_mut()) {
            while let Some(at) = waiting.iter().position(|held| held.ingress == id) {
                self.emissions.recycle(waiting.remove(at).packet);
                self.held -= 1;
            }
        }
    }

    /// Tells the other workers of a neighbour, as far as they keep up.
    pub(super) fn share(&mut self, port: PortId, address: IpAddr, mac: Mac) {
        if self.learned.len() >= self.limits.neighbours {
            self.learned.pop_front();
        }
        self.learned.push_back(Learned { port, address, mac });
    }
}
