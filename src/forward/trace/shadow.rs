//! A copy of a forwarder, for packets that are only imagined.

use std::collections::VecDeque;

use crate::addr::{Mac, PortId};
use crate::clock::Moment;
use crate::packet::{Content, Frame, Packet, Stations};

use super::super::drops::DropLog;
use super::super::emission::{Emission, Emissions};
use super::super::watch::Watches;
use super::super::{Forwarder, Verdict};
use super::{Recorder, Step, Steps};

/// The station of a guest that nothing is known of; a locally administered address.
const ANY_STATION: Mac = Mac([2, 0, 0, 0, 0, 1]);

/// A packet and where it comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The port.
    pub port: PortId,
    /// The packet.
    pub load: Load,
}

/// A packet's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Load {
    /// An Ethernet frame.
    Frame(Vec<u8>),
    /// An IP packet, sent as who has its source address would send it to us.
    Ip(Vec<u8>),
}

/// What became of an imagined packet.
#[derive(Debug)]
pub struct Trace {
    /// Its way.
    pub steps: Vec<Step>,
    /// How it ended.
    pub verdict: Verdict,
    /// What [`Verdict::outgoing`] names, as it would be sent.
    pub packet: Packet,
    /// What else would be sent on account of it: its pieces, or questions to neighbours.
    pub emissions: Vec<Emission>,
}

impl<R: Recorder> Forwarder<R> {
    /// What would become of these packets if they came in now, one after the other. Nothing of the
    /// forwarder changes: they pass through a copy of what there is of the instance of the first.
    /// Costs as much as the instance has ports.
    #[must_use]
    pub fn trace(&self, entries: &[Entry], now: Moment) -> Vec<Trace> {
        let Some(first) = entries.first() else { return Vec::new() };
        let mut shadow = self.shadow(first.port);
        entries.iter().map(|entry| shadow.follow(entry, now)).collect()
    }

    /// A copy of what packets of a port can meet: its instance with all ports. Accounts begin at zero,
    /// and nothing waits, but there is no more room for it than here.
    pub(in crate::forward) fn shadow(&self, port: PortId) -> Forwarder<Steps> {
        let (ports, instances) = match self.ports.get(port) {
            Some(port) => self.instances.only(port.config.instance, &self.ports),
            None => Default::default(),
        };
        Forwarder {
            limits: self.limits,
            ports,
            instances,
            emissions: Emissions::new(self.emissions.room(), 0),
            learned: VecDeque::new(),
            held: self.held,
            deadline: None,
            icmp: self.icmp.clone(),
            announces: false,
            drops: DropLog::new(),
            watches: Watches::default(),
            recorder: Steps::default(),
        }
    }
}

impl Forwarder<Steps> {
    fn follow(&mut self, entry: &Entry, now: Moment) -> Trace {
        let packet = match &entry.load {
            Load::Frame(frame) => Packet::from_frame(frame),
            Load::Ip(ip) => self.frame(entry.port, ip),
        };
        self.pass(entry.port, packet, now)
    }

    /// Processes a packet, and tells.
    pub(in crate::forward) fn pass(&mut self, port: PortId, mut packet: Packet, now: Moment) -> Trace {
        let verdict = self.process(port, &mut packet, now);
        let emissions = std::iter::from_fn(|| self.take_emission()).collect();
        Trace { steps: std::mem::take(&mut self.recorder.0), verdict, packet, emissions }
    }

    /// An IP packet in a frame from its sender to us.
    fn frame(&self, port: PortId, ip: &[u8]) -> Packet {
        let mut packet = Packet::from_ip(ip);
        let Some(port) = self.ports.get(port) else { return packet };
        let source = match Frame::parse(packet.frame()).map(|frame| frame.content) {
            Ok(Content::Ip(ip)) => Some(ip.source),
            _ => None,
        };
        let learned = || port.neighbours.views().find(|view| Some(view.address) == source)?.mac;
        let source = port.config.peer_mac.or_else(learned).unwrap_or(ANY_STATION);
        Stations { destination: port.config.mac, source }.write(packet.frame_mut());
        packet
    }
}
