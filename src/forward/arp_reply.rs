//! ARP: proxy towards guests, answer to everything towards the host.

use std::net::IpAddr;

use crate::addr::PortId;
use crate::clock::Moment;
use crate::packet::arp::{ArpMessage, ArpOperation};
use crate::packet::{Packet, Stations};

use super::martian::{is_link_local, is_unicast};
use super::ports::Port;
use super::transit::Destination;
use super::{DropReason, Forwarder, Recorder, Verdict};

impl<R: Recorder> Forwarder<R> {
    /// Learns from an ARP message and answers it.
    pub(super) fn answer_arp(
        &mut self,
        ingress: PortId,
        packet: &mut Packet,
        stations: &Stations,
        now: Moment,
    ) -> Result<Verdict, DropReason> {
        let message = ArpMessage::parse(packet.frame()).ok_or(DropReason::ArpInvalid)?;
        let port = self.ports.get(ingress).ok_or(DropReason::DevReady)?;
        if message.sender_mac != stations.source {
            return Err(DropReason::ArpSpoofed);
        }
        let (sender, target) = (IpAddr::from(message.sender), IpAddr::from(message.target));
        let is_probe = sender.is_unspecified();
        let is_ours = is_unicast(target) && self.is_ours(port, target);
        if !is_probe {
            if !port.may_claim(sender, message.operation == ArpOperation::Reply) {
                return Err(DropReason::ArpSpoofed);
            }
            if port.keeps_neighbour(sender) {
                self.told(ingress, sender, message.sender_mac, now);
            }
        }
        let port = self.ports.get(ingress).ok_or(DropReason::DevReady)?;
        if message.operation == ArpOperation::Reply || sender == target && port.is_guest() {
            return Ok(Verdict::Consumed);
        }
        // A probe asks whether an address is taken: only ours are (RFC 5227, 2.1.1).
        let is_answered =
            if is_probe { is_ours } else { is_ours || sender != target && self.stands_in_for(port, target) };
        if !is_answered {
            return Err(DropReason::ArpOtherhost);
        }
        let reply = ArpMessage {
            operation: ArpOperation::Reply,
            sender_mac: port.config.mac,
            sender: message.target,
            target_mac: message.sender_mac,
            target: message.sender,
        };
        reply.write(packet, Stations { destination: message.sender_mac, source: port.config.mac });
        Ok(Verdict::Answer)
    }

    /// True for an address of our own.
    pub(super) fn is_ours(&self, port: &Port, address: IpAddr) -> bool {
        self.destination(port, address, || 0) == Ok(Destination::Own)
    }

    /// True if we answer for an address that is not ours. Towards a guest: whatever is routed out
    /// by another port, but never what lies behind the guest's own. Towards the host: everything,
    /// as its routes over the tap name what is behind us.
    pub(super) fn stands_in_for(&self, port: &Port, address: IpAddr) -> bool {
        if !is_unicast(address) || is_link_local(address) {
            return false;
        }
        !port.is_guest() || !port.holds(address) && self.destination(port, address, || 0).is_ok()
    }
}
