//! Packets for our own addresses.

use crate::addr::PortId;
use crate::packet::icmp::{self, Problem};
use crate::packet::{Ip, Packet, Stations, protocol};

use super::refusal::Refusal;
use super::{DropReason, Forwarder, Recorder, Verdict};

impl<R: Recorder> Forwarder<R> {
    /// Answers a packet for one of our own addresses: echo, and unreachable for all else.
    pub(super) fn deliver(
        &mut self,
        ingress: PortId,
        packet: &mut Packet,
        stations: &Stations,
        ip: &Ip,
    ) -> Result<Verdict, Refusal> {
        if ip.fragment.is_some() {
            return Err(DropReason::IpLocalFragment.into());
        }
        let own_icmp = if ip.source.is_ipv4() { protocol::ICMP } else { protocol::ICMPV6 };
        match ip.protocol {
            kind if kind == own_icmp => self.deliver_icmp(ingress, packet, stations, ip),
            protocol::TCP | protocol::UDP => Err(Refusal::Told(DropReason::NoSocket, Problem::PortUnreachable)),
            _ => Err(Refusal::Told(DropReason::IpNoproto, Problem::ProtocolUnreachable)),
        }
    }

    fn deliver_icmp(
        &mut self,
        ingress: PortId,
        packet: &mut Packet,
        stations: &Stations,
        ip: &Ip,
    ) -> Result<Verdict, Refusal> {
        if !icmp::is_sound(packet, ip) {
            return Err(DropReason::IcmpCsum.into());
        }
        if !icmp::is_echo_request(packet.frame(), ip) {
            // Nothing here has asked for anything, so there is nobody to tell.
            return Ok(Verdict::Consumed);
        }
        let port = self.ports.get(ingress).ok_or(DropReason::DevReady)?;
        if ip.length() > port.config.mtu as usize {
            // The reply, as large as the request, would not fit the way back.
            return Err(DropReason::PktTooBig.into());
        }
        let back = Stations { destination: port.answer_mac(stations.source), source: port.config.mac };
        icmp::write_echo_reply(packet, ip, back);
        Ok(Verdict::Answer)
    }
}
