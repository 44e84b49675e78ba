//! ICMP errors to the senders of refused packets.

use std::net::{IpAddr, Ipv4Addr};

use crate::addr::{Family, PortId};
use crate::clock::Moment;
use crate::packet::icmp::{self, Problem};
use crate::packet::{Ip, Packet, Stations};

use super::martian::is_link_local;
use super::ports::Port;
use super::{Forwarder, Recorder};

/// The IPv4 dummy address: the source of ICMP errors and ARP requests of a node without an address
/// of its own (RFC 7600, section 4.8). Unlike 0.0.0.0 it makes an ARP request no probe, which its
/// target would take for a contest of its address (RFC 5227).
pub(super) const DUMMY_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 0, 8);

impl<R: Recorder> Forwarder<R> {
    /// Writes an ICMP error over a packet, for the port it came from; false, with the packet
    /// untouched, if the rules, the rate or the lack of an address forbid it.
    pub(super) fn write_problem(
        &mut self,
        ingress: PortId,
        packet: &mut Packet,
        ip: &Ip,
        problem: Problem,
        now: Moment,
    ) -> bool {
        let Some(port) = self.ports.get(ingress) else { return false };
        let Some(source) = self.error_source(port, ip, problem) else { return false };
        let sender = Stations::read(packet.frame()).source;
        let back = Stations { destination: port.answer_mac(sender), source: port.config.mac };
        if !icmp::may_be_reported(packet.frame(), ip) || !self.may_send_error(ingress, now) {
            return false;
        }
        icmp::write_error(packet, ip, problem, source, back);
        true
    }

    /// Who an error comes from (RFC 1812, 4.3.2.4; RFC 4443, 2.2): the address that was talked to
    /// if it is ours, else one on the port, else any of the instance's.
    fn error_source(&self, port: &Port, ip: &Ip, problem: Problem) -> Option<IpAddr> {
        if matches!(problem, Problem::PortUnreachable | Problem::ProtocolUnreachable) {
            return Some(ip.destination);
        }
        let family = Family::of(ip.source);
        // A router on the way back, such as the host behind a gateway, passes no link-local address on.
        let speaks = |address: &IpAddr| Family::of(*address) == family && !is_link_local(*address);
        let on_port = port.config.own_addresses.iter().copied().find(speaks);
        on_port.or_else(|| self.instances.own_address(port.config.instance, family)).or_else(|| match family {
            Family::V4 => Some(DUMMY_V4.into()),
            Family::V6 => port.link_local(),
        })
    }

    /// Errors are bounded for each port and in all (RFC 1812, 4.3.2.8; RFC 4443, 2.4 f).
    fn may_send_error(&mut self, ingress: PortId, now: Moment) -> bool {
        self.ports.get_mut(ingress).is_some_and(|port| port.icmp.take(now)) && self.icmp.take(now)
    }
}
