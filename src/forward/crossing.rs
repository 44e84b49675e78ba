//! The fabric's crossing: from the device on the wire to the host's interface in front of it, and back.
//!
//! The host sees on its interface what it would see on the device itself, and the wire sees the host:
//! frames pass as they are, of whatever protocol, with their addresses, tags and TTL. The host's
//! neighbours, its routers and what it lets through stay its own affair. Only who asks on the wire for an
//! address behind one of the gateways gets his answer from us: nobody else there has it.

use std::net::IpAddr;

use crate::addr::{Mac, PortId};
use crate::packet::arp::{ArpMessage, ArpOperation};
use crate::packet::nd::{self, AdvertisementFlags, NdMessage};
use crate::packet::{ARP, Content, ETHERNET_HEADER, Frame, IPV6, Ip, Packet, Stations, protocol};
use crate::routing::NextHop;

use super::martian::{is_link_local, is_unicast};
use super::ports::Port;
use super::trace::{Recorder, Step};
use super::{DropReason, Forwarder, PortRole, Verdict};

impl<R: Recorder> Forwarder<R> {
    /// Hands a frame over to the other end of the crossing.
    pub(super) fn cross(&mut self, ingress: PortId, packet: &mut Packet) -> Result<Verdict, DropReason> {
        let port = self.ports.get(ingress).ok_or(DropReason::DevReady)?;
        let (PortRole::FabricWire(peer) | PortRole::FabricHost(peer)) = port.config.role else {
            return Err(DropReason::RoutePort);
        };
        let header = packet.frame().first_chunk::<ETHERNET_HEADER>().ok_or(DropReason::PktTooSmall)?;
        let stations = Stations::read(header);
        if let PortRole::FabricWire(_) = port.config.role {
            if stations.destination != port.config.mac && !stations.destination.is_multicast() {
                // The device hears everything on its wire.
                return Err(DropReason::Otherhost);
            }
            let is_answered = match u16::from_be_bytes([header[12], header[13]]) {
                ARP => self.answer_arp_for_guests(port, peer, packet),
                IPV6 => self.answer_solicitation_for_guests(port, peer, packet),
                _ => false,
            };
            if is_answered {
                return Ok(Verdict::Answer);
            }
        }
        let egress = self.ports.get(peer).ok_or(DropReason::DevReady)?;
        let (mtu, super_packets) = (egress.config.mtu as usize, egress.config.super_packets);
        let routes = self.instances.routes(egress.config.instance);
        self.recorder.note(|| Step::Crosses {
            port: egress.config.name,
            matched: destination(packet).and_then(|address| routes?.matched(address)),
        });
        if packet.offload.segmentation.is_none_or(|segments| super_packets.include(segments.kind)) {
            return Ok(Verdict::Forward(peer));
        }
        let Content::Ip(ip) = Frame::parse(packet.frame())?.content else { return Err(DropReason::OffloadMismatch) };
        self.segment(ingress, packet, &ip, (peer, mtu))?;
        Ok(Verdict::Taken)
    }

    /// Answers an ARP request for an address behind one of the gateways.
    fn answer_arp_for_guests(&self, port: &Port, peer: PortId, packet: &mut Packet) -> bool {
        let Some(message) = ArpMessage::parse(packet.frame()) else { return false };
        let (sender, target) = (IpAddr::from(message.sender), IpAddr::from(message.target));
        // A probe (RFC 5227, 2.1.1) asks whether an address is taken: that is the guests' to say.
        let is_question = message.operation == ArpOperation::Request && !sender.is_unspecified() && sender != target;
        if !is_question || !self.is_behind_a_gateway(port, peer, target) {
            return false;
        }
        let mac = port.config.mac;
        let (sender, target) = (message.target, message.sender);
        let reply = ArpMessage {
            operation: ArpOperation::Reply,
            sender_mac: mac,
            sender,
            target_mac: message.sender_mac,
            target,
        };
        reply.write(packet, Stations { destination: message.sender_mac, source: mac });
        true
    }

    /// Answers a neighbour solicitation for an address behind one of the gateways.
    fn answer_solicitation_for_guests(&self, port: &Port, peer: PortId, packet: &mut Packet) -> bool {
        let Some((ip, asker_mac)) = solicitation(packet) else { return false };
        let Ok(NdMessage::Solicitation { target, source_mac }) = nd::parse(packet, &ip) else { return false };
        let IpAddr::V6(asker) = ip.source else { return false };
        // Without a source it asks whether the address is taken (RFC 4862, 5.4): the guests' to say.
        if asker.is_unspecified() || !self.is_behind_a_gateway(port, peer, target.into()) {
            return false;
        }
        packet.set_length(ip.end);
        // RFC 4861, 7.2.8: a proxy does not override.
        let flags = AdvertisementFlags { router: true, solicited: true, overriding: false };
        let back = Stations { destination: source_mac.unwrap_or(asker_mac), source: port.config.mac };
        nd::write_advertisement(packet, back, (target, asker), target, flags);
        true
    }

    /// True for an address that the fabric's instance leads to the host and that is not the host's own.
    fn is_behind_a_gateway(&self, port: &Port, peer: PortId, address: IpAddr) -> bool {
        if !is_unicast(address) || is_link_local(address) || port.config.own_addresses.contains(&address) {
            return false;
        }
        let routes = self.instances.routes(port.config.instance);
        match routes.map(|routes| routes.lookup(address)) {
            Some(NextHop::Forward(hops)) => hops.iter().all(|hop| hop.port == peer),
            _ => false,
        }
    }
}

/// Where a frame's IP packet is to go.
fn destination(packet: &Packet) -> Option<IpAddr> {
    match Frame::parse(packet.frame()).ok()?.content {
        Content::Ip(ip) => Some(ip.destination),
        Content::Arp => None,
    }
}

/// A frame that may be a neighbour solicitation, and the MAC it comes from.
fn solicitation(packet: &Packet) -> Option<(Ip, Mac)> {
    // Its next header follows four bytes and a length; solicitations have no other headers in between.
    if packet.frame().get(ETHERNET_HEADER + 6) != Some(&protocol::ICMPV6) {
        return None;
    }
    let Frame { stations, content: Content::Ip(ip) } = Frame::parse(packet.frame()).ok()? else { return None };
    nd::is_neighbour_discovery(packet.frame(), &ip).then_some((ip, stations.source))
}
