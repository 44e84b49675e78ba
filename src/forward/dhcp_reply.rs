//! DHCP: the server of the one guest behind a port.

use std::net::{IpAddr, Ipv4Addr};

use crate::addr::Mac;
use crate::packet::dhcp::{self, Lease, MessageKind, Reply, Request, Speaker};
use crate::packet::{Ip, Packet, Stations};

use super::ports::Port;
use super::{DropReason, Forwarder, Recorder, Verdict};

impl<R: Recorder> Forwarder<R> {
    /// Answers a guest's DHCP; `None` for a packet that is none, or whose port has no server and which
    /// goes the way of all others.
    #[inline]
    pub(super) fn answer_dhcp(
        &self,
        port: &Port,
        packet: &mut Packet,
        stations: &Stations,
        ip: &Ip,
    ) -> Option<Result<Verdict, DropReason>> {
        match dhcp::speaker(packet.frame(), ip)? {
            // It would reach the clients of other ports, who know no better.
            Speaker::Server => Some(Err(DropReason::DhcpServer)),
            Speaker::Client => {
                let lease = port.config.lease.as_deref()?;
                Some(self.serve(port, lease, packet, stations, ip))
            }
        }
    }

    fn serve(
        &self,
        port: &Port,
        lease: &Lease,
        packet: &mut Packet,
        stations: &Stations,
        ip: &Ip,
    ) -> Result<Verdict, DropReason> {
        let is_broadcast = ip.destination == IpAddr::V4(Ipv4Addr::BROADCAST);
        if !is_broadcast && stations.destination.is_multicast() {
            return Err(DropReason::UnicastInL2Multicast);
        }
        if ip.source.is_unspecified() {
            // Without an address it can only call out.
            if !is_broadcast {
                return Err(DropReason::IpInvalidSource);
            }
        } else if !port.holds(ip.source) {
            return Err(DropReason::IpRpfilter);
        }
        if !is_broadcast && !self.is_ours(port, ip.destination) {
            return Err(DropReason::DhcpOtherhost);
        }
        if ip.fragment.is_some() {
            return Err(DropReason::IpLocalFragment);
        }
        let request = Request::parse(packet, ip)?;
        if request.mac != stations.source {
            return Err(DropReason::DhcpSpoofed);
        }
        let Some(reply) = decide(lease, &request) else { return Ok(Verdict::Consumed) };
        let destination = if reply.is_broadcast(&request) { Mac::BROADCAST } else { port.answer_mac(stations.source) };
        dhcp::write_reply(packet, &request, lease, reply, Stations { destination, source: port.config.mac });
        Ok(Verdict::Answer)
    }
}

/// What a client is answered (RFC 2131, 4.3); `None` for what needs no answer, or is another
/// server's to give.
fn decide(lease: &Lease, request: &Request) -> Option<Reply> {
    match request.kind {
        MessageKind::Discover => Some(Reply::Offer),
        MessageKind::Request => {
            if request.server.is_some_and(|server| server != lease.router) {
                return None;
            }
            // Selecting and rebooting clients name the address, renewing and rebinding ones have it.
            let address = request.requested.filter(|_| request.client.is_unspecified()).unwrap_or(request.client);
            Some(if address == lease.address { Reply::Ack } else { Reply::Nak })
        }
        MessageKind::Inform if request.client == lease.address => Some(Reply::Information),
        // There is no other address to give to a guest that declines its own; it will ask again.
        MessageKind::Inform | MessageKind::Decline | MessageKind::Release => None,
    }
}
