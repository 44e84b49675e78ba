//! The way of a packet from one port to another.

use std::net::IpAddr;

use crate::addr::{Mac, PortId, Weight};
use crate::clock::Moment;
use crate::packet::icmp::Problem;
use crate::packet::{ETHERNET_HEADER, Fragments, Ip, Packet, Segmentation, Segments, Stations, rewrite, transport_end};
use crate::routing::{Hop, NextHop};

use super::martian::{self, is_link_local};
use super::ports::Port;
use super::refusal::Refusal;
use super::trace::steps;
use super::{DropReason, Forwarder, Origin, PortConfig, PortRole, Recorder, Step, Verdict};

/// Where an address leads from a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Destination {
    /// It is ours.
    Own,
    /// Out by another port.
    Hop(Hop<PortId>),
}

/// How a packet passes a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    Whole,
    /// In segments, in fragments, or in fragments of segments.
    InPieces,
}

impl<R: Recorder> Forwarder<R> {
    /// Takes an IP packet to where it leads.
    pub(super) fn route(
        &mut self,
        ingress: PortId,
        packet: &mut Packet,
        stations: &Stations,
        ip: &Ip,
        now: Moment,
    ) -> Result<Verdict, Refusal> {
        martian::check(ip)?;
        if stations.destination.is_multicast() {
            return Err(DropReason::UnicastInL2Multicast.into());
        }
        let port = self.ports.get(ingress).ok_or(DropReason::DevReady)?;
        let destination = self.destination(port, ip.destination, || ip.flow_hash(packet.frame()));
        let is_for_us = matches!(destination, Ok(Destination::Own));
        let source = port.check_source(ip, is_for_us);
        self.recorder.note(|| steps::source(port, ip, source));
        if source? {
            self.observe(ingress, ip.source, stations.source, now);
        }
        self.note_destination(ingress, ip, destination);
        match destination? {
            Destination::Own => self.deliver(ingress, packet, stations, ip),
            Destination::Hop(hop) => self.forward(ingress, packet, ip, hop, now),
        }
    }

    /// Where an address leads from a port; `hash` chooses among several hops.
    pub(super) fn destination(
        &self,
        port: &Port,
        address: IpAddr,
        hash: impl FnOnce() -> u32,
    ) -> Result<Destination, Refusal> {
        // Link-local addresses are a port's and not in the instance's routes.
        let is_own = || port.link_local() == Some(address) || port.config.own_addresses.contains(&address);
        if is_link_local(address) && is_own() {
            return Ok(Destination::Own);
        }
        let routes = self.instances.routes(port.config.instance);
        match routes.map_or(&NextHop::NoRoute, |routes| routes.lookup(address)) {
            NextHop::Forward(hops) => self.select(port, hops, hash).map(Destination::Hop),
            NextHop::Local => Ok(Destination::Own),
            NextHop::Discard => Err(Refusal::Silent(DropReason::RouteDiscard)),
            NextHop::Unreachable => Err(Refusal::Told(DropReason::RouteUnreachable, Problem::AddressUnreachable)),
            NextHop::NoRoute => Err(Refusal::Told(DropReason::IpInnoroutes, Problem::NoRoute)),
        }
    }

    /// Chooses among the hops that a packet from this port may take.
    fn select(&self, ingress: &Port, hops: &[Hop<PortId>], hash: impl FnOnce() -> u32) -> Result<Hop<PortId>, Refusal> {
        if let [hop] = hops {
            return self.may_take(ingress, hop).map(|()| *hop);
        }
        let open = || hops.iter().filter(|hop| self.may_take(ingress, hop).is_ok());
        let weight = |hop: &Hop<PortId>| u64::from(hop.weight.get());
        // Maps the hash to 0..sum of the weights without the bias and the cost of a division.
        let mut rest = (u64::from(hash()) * open().map(weight).sum::<u64>()) >> 32;
        let mut is_beyond = |hop: &&Hop<PortId>| match rest.checked_sub(weight(hop)) {
            Some(left) => {
                rest = left;
                false
            }
            None => true,
        };
        let mut refusal = Refusal::Silent(DropReason::RoutePort);
        if let Some(first) = hops.first() {
            refusal = self.may_take(ingress, first).err().unwrap_or(refusal);
        }
        open().find(|hop| is_beyond(hop)).copied().ok_or(refusal)
    }

    /// Whether a packet from a port may leave by a hop: never into another routing instance, back
    /// to where it came from, or from the host to the host.
    #[inline]
    fn may_take(&self, ingress: &Port, hop: &Hop<PortId>) -> Result<(), Refusal> {
        let egress = self.ports.get(hop.port).filter(|egress| egress.config.instance == ingress.config.instance);
        let Some(egress) = egress else { return Err(DropReason::RoutePort.into()) };
        match (ingress.config.role, egress.config.role) {
            (PortRole::Gateway, PortRole::Gateway) => {
                Err(Refusal::Told(DropReason::RouteHostLoop, Problem::AddressUnreachable))
            }
            _ if hop.port == ingress.config.id => Err(DropReason::RouteHairpin.into()),
            _ => Ok(()),
        }
    }

    fn forward(
        &mut self,
        ingress: PortId,
        packet: &mut Packet,
        ip: &Ip,
        hop: Hop<PortId>,
        now: Moment,
    ) -> Result<Verdict, Refusal> {
        if is_link_local(ip.source) || is_link_local(ip.destination) {
            return Err(DropReason::IpLinkLocal.into());
        }
        self.recorder.note(|| Step::HopLimit(ip.hop_limit));
        if ip.hop_limit <= 1 {
            return Err(Refusal::Told(DropReason::IpTtl, Problem::TimeExceeded));
        }
        let neighbour = || hop.gateway.unwrap_or(ip.destination);
        let egress = self.ports.get(hop.port).ok_or(DropReason::RoutePort)?;
        let fit = fit(packet, ip, &egress.config);
        self.recorder.note(|| steps::size(packet, ip, &egress.config, fit));
        let (fit, fixed) = (fit?, egress.config.peer_mac);
        let mac = fixed.or_else(|| self.resolve(hop.port, neighbour(), now));
        self.note_neighbour((hop.port, neighbour()), fixed, mac);
        match mac {
            Some(mac) => Ok(self.depart(ingress, packet, ip, (hop.port, mac), fit)?),
            None => Ok(self.hold(ingress, packet, ip, (hop.port, neighbour()), now)?),
        }
    }

    /// Sends a packet on that has waited for its neighbour's MAC. What could have changed since it
    /// was routed is checked again.
    pub(super) fn resume(
        &mut self,
        ingress: PortId,
        packet: &mut Packet,
        ip: &Ip,
        (egress, mac): (PortId, Mac),
    ) -> Result<Verdict, Refusal> {
        let from = self.ports.get(ingress).ok_or(DropReason::RoutePort)?;
        self.may_take(from, &Hop { port: egress, gateway: None, weight: Weight::ONE })?;
        let fit = fit(packet, ip, &self.ports.get(egress).ok_or(DropReason::RoutePort)?.config)?;
        Ok(self.depart(ingress, packet, ip, (egress, mac), fit)?)
    }

    /// Edits a packet for its next link.
    fn depart(
        &mut self,
        ingress: PortId,
        packet: &mut Packet,
        ip: &Ip,
        (egress, mac): (PortId, Mac),
        fit: Fit,
    ) -> Result<Verdict, DropReason> {
        let port = self.ports.get(egress).ok_or(DropReason::RoutePort)?;
        let (source, mtu) = (port.config.mac, port.config.mtu);
        if packet.offload.segmentation.is_some() {
            // The sender's own figure may be a lie that the kernel would refuse.
            let headers = transport_end(ip, packet.frame()).and_then(|end| u16::try_from(end).ok());
            let header_length = headers.ok_or(DropReason::OffloadMismatch)?;
            packet.offload.segmentation = packet.offload.segmentation.map(|s| Segmentation { header_length, ..s });
        }
        let frame = packet.frame_mut();
        Stations { destination: mac, source }.write(frame);
        rewrite::decrement_hop_limit(frame, ip);
        self.recorder.note(|| Step::Leaves {
            port: port.config.name,
            stations: Stations { destination: mac, source },
            hop_limit: ip.hop_limit - 1,
        });
        match (fit, packet.offload.segmentation) {
            (Fit::Whole, _) => return Ok(Verdict::Forward(egress)),
            (Fit::InPieces, Some(_)) => self.segment(ingress, packet, ip, (egress, mtu as usize))?,
            (Fit::InPieces, None) => {
                rewrite::complete_checksum(packet, ip);
                self.fragment(packet, ip, (egress, mtu as usize), Origin::Transit(ingress))?;
            }
        }
        Ok(Verdict::Taken)
    }

    /// Puts an edited super-packet's segments among the emissions, those that are larger than the
    /// MTU in fragments; the last one settles for all.
    pub(super) fn segment(
        &mut self,
        ingress: PortId,
        packet: &Packet,
        ip: &Ip,
        (egress, mtu): (PortId, usize),
    ) -> Result<(), DropReason> {
        let mut segments = Segments::new(packet, ip).ok_or(DropReason::OffloadMismatch)?;
        let largest = packet.offload.segment_length(ip, packet.frame());
        let fragments_each = if largest <= mtu {
            1
        } else {
            let first = Ip { end: ETHERNET_HEADER + largest, ..*ip };
            Fragments::new(packet.frame(), &first, mtu).ok_or(DropReason::PktTooBig)?.remaining()
        };
        if segments.remaining() * fragments_each > self.emissions.room() {
            return Err(DropReason::FragQueuefull);
        }
        let mut segment = self.emissions.buffer();
        while segments.write_next(&mut segment) {
            let origin = if segments.remaining() == 0 { Origin::Transit(ingress) } else { Origin::Own };
            let ip = Ip { end: segment.length(), ..*ip };
            if ip.length() <= mtu {
                let next = self.emissions.buffer();
                self.emissions.push(egress, origin, std::mem::replace(&mut segment, next));
            } else {
                // There is room for the fragments, so there is an answer for all or for none.
                self.fragment(&segment, &ip, (egress, mtu), origin)?;
            }
        }
        self.emissions.recycle(segment);
        Ok(())
    }

    /// Puts an edited packet's fragments among the emissions; the last one is on the packet's account.
    fn fragment(
        &mut self,
        packet: &Packet,
        ip: &Ip,
        (egress, mtu): (PortId, usize),
        account: Origin,
    ) -> Result<(), DropReason> {
        let mut fragments = Fragments::new(packet.frame(), ip, mtu).ok_or(DropReason::PktTooBig)?;
        let mut remaining = fragments.remaining();
        if remaining > self.emissions.room() {
            return Err(DropReason::FragQueuefull);
        }
        while remaining > 0 {
            remaining -= 1;
            let mut buffer = self.emissions.buffer();
            fragments.write_next(&mut buffer);
            self.emissions.push(egress, if remaining == 0 { account } else { Origin::Own }, buffer);
        }
        Ok(())
    }
}

/// How a packet passes a port: whole if it can. A super-packet is measured by its segments, which
/// somebody behind the port will cut; if they do not fit, we cut it, as Linux does.
#[inline]
fn fit(packet: &Packet, ip: &Ip, egress: &PortConfig) -> Result<Fit, Refusal> {
    if packet.offload.segment_length(ip, packet.frame()) > egress.mtu as usize {
        let problem = Problem::TooBig { mtu: egress.mtu };
        return if ip.dont_fragment { Err(Refusal::Told(DropReason::PktTooBig, problem)) } else { Ok(Fit::InPieces) };
    }
    let is_taken = |segments: Segmentation| egress.super_packets.include(segments.kind);
    Ok(if packet.offload.segmentation.is_none_or(is_taken) { Fit::Whole } else { Fit::InPieces })
}
