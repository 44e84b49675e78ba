//! What the client is told.

use std::net::Ipv4Addr;

use crate::packet::checksum::pseudo_header;
use crate::packet::ethernet::{self, ETHERNET_HEADER, Stations};
use crate::packet::{Offload, Packet, ipv4, protocol};

use super::options::{Writer, code};
use super::{CLIENT, COOKIE, ETHERNET, FIXED, Request, SERVER, UDP_HEADER};

/// Where the message begins in a frame.
const START: usize = ETHERNET_HEADER + ipv4::HEADER + UDP_HEADER;
/// Every client takes an IP packet of this size (RFC 2131, 2).
const SMALLEST_LIMIT: u16 = 576;
/// No client needs more.
const LARGEST_LIMIT: u16 = 1500;
/// A BOOTP message has at least so many bytes (RFC 951, 3), and some clients insist.
const BOOTP: usize = 300;

/// What a guest is told: its address and what goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The guest's address.
    pub address: Ipv4Addr,
    /// The length of its network, bits.
    pub prefix_length: u8,
    /// Its router, and the server itself.
    pub router: Ipv4Addr,
    /// Name servers.
    pub dns: Vec<Ipv4Addr>,
    /// The guest's own name.
    pub host_name: Option<Box<str>>,
    /// The domain that names are looked up in.
    pub domain: Option<Box<str>>,
    /// The largest IP packet on the link, bytes.
    pub mtu: u16,
    /// How long the address is the guest's, seconds.
    pub time: u32,
}

/// The kinds of reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// To a client that looks for a server.
    Offer,
    /// To a client that takes or keeps its address.
    Ack,
    /// To a client that has an address and asks for all else.
    Information,
    /// To a client that must start anew.
    Nak,
}

impl Reply {
    /// True if the reply to a request goes to everybody on the link (RFC 2131, 4.1), false if to the
    /// guest's address: whoever has another one is told to give it up, and so by broadcast.
    #[must_use]
    pub fn is_broadcast(self, request: &Request) -> bool {
        self == Self::Nak || request.client.is_unspecified() && request.wants_broadcast()
    }
}

impl Lease {
    /// The mask of the guest's network.
    #[must_use]
    pub fn mask(&self) -> Ipv4Addr {
        u32::MAX.checked_shl(32 - u32::from(self.prefix_length)).unwrap_or(0).into()
    }

    /// True if the router is a neighbour by the mask alone.
    #[must_use]
    pub fn has_router_inside(&self) -> bool {
        self.prefix_length < 32 && (self.router.to_bits() ^ self.address.to_bits()) & self.mask().to_bits() == 0
    }

    /// The classless static routes (RFC 3442) to a router that the mask does not cover: it is a
    /// neighbour, and the way to all else.
    fn routes(&self) -> [u8; 14] {
        let [a, b, c, d] = self.router.octets();
        [32, a, b, c, d, 0, 0, 0, 0, 0, a, b, c, d]
    }
}

/// Writes a reply over a request.
#[allow(clippy::cast_possible_truncation)] // lengths of at most LARGEST_LIMIT
pub fn write_reply(packet: &mut Packet, request: &Request, lease: &Lease, reply: Reply, stations: Stations) {
    let largest = request.largest.unwrap_or(0).min(lease.mtu).clamp(SMALLEST_LIMIT, LARGEST_LIMIT);
    packet.offload = Offload::default();
    packet.set_length(ETHERNET_HEADER + usize::from(largest));
    let frame = packet.frame_mut();
    let message = &mut frame[START..];
    message.fill(0);
    message[..3].copy_from_slice(&[2, ETHERNET, 6]);
    message[4..8].copy_from_slice(&request.transaction);
    message[10..12].copy_from_slice(&request.flags);
    if matches!(reply, Reply::Ack | Reply::Information) {
        message[12..16].copy_from_slice(&request.client.octets());
    }
    if matches!(reply, Reply::Offer | Reply::Ack) {
        message[16..20].copy_from_slice(&lease.address.octets());
    }
    message[28..34].copy_from_slice(&request.mac.0);
    message[FIXED..FIXED + COOKIE.len()].copy_from_slice(&COOKIE);
    let options = write_options(&mut message[FIXED + COOKIE.len()..], request, lease, reply);
    let length = (FIXED + COOKIE.len() + options).max(BOOTP);

    let destination = if reply.is_broadcast(request) { Ipv4Addr::BROADCAST } else { lease.address };
    let udp_length = (UDP_HEADER + length) as u16;
    let udp = &mut frame[START - UDP_HEADER..START + length];
    udp[..2].copy_from_slice(&SERVER.to_be_bytes());
    udp[2..4].copy_from_slice(&CLIENT.to_be_bytes());
    udp[4..6].copy_from_slice(&udp_length.to_be_bytes());
    udp[6..8].fill(0);
    let pseudo = pseudo_header(lease.router.into(), destination.into(), protocol::UDP, udp_length.into());
    // Zero would say that there is none (RFC 768).
    let checksum = match pseudo.bytes(udp).finish() {
        0 => 0xffff,
        checksum => checksum,
    };
    udp[6..8].copy_from_slice(&checksum.to_be_bytes());
    ipv4::Header {
        source: lease.router,
        destination,
        protocol: protocol::UDP,
        service: 0,
        total_length: (ipv4::HEADER as u16) + udp_length,
    }
    .write(frame);
    stations.write_header(frame, ethernet::IPV4);
    packet.set_length(START + length);
}

/// Writes the options that a reply has (RFC 2131, table 3), the dispensable ones last; the bytes that
/// they take.
fn write_options(area: &mut [u8], request: &Request, lease: &Lease, reply: Reply) -> usize {
    let mut options = Writer::new(area);
    let kind = match reply {
        Reply::Offer => 2,
        Reply::Ack | Reply::Information => 5,
        Reply::Nak => 6,
    };
    options.put_bytes(code::KIND, &[kind]);
    options.put_bytes(code::SERVER, &lease.router.octets());
    options.put_bytes(code::IDENTIFIER, &request.identifier);
    if reply == Reply::Nak {
        return options.finish();
    }
    if reply != Reply::Information {
        options.put_bytes(code::LEASE_TIME, &lease.time.to_be_bytes());
    }
    options.put_bytes(code::MASK, &lease.mask().octets());
    if !lease.has_router_inside() {
        // A client that knows these leaves the router aside.
        options.put_bytes(code::ROUTES, &lease.routes());
    }
    options.put_bytes(code::ROUTERS, &lease.router.octets());
    options.put(code::DNS, lease.dns.iter().flat_map(Ipv4Addr::octets));
    options.put_bytes(code::MTU, &lease.mtu.to_be_bytes());
    for (code, text) in [(code::DOMAIN, &lease.domain), (code::HOST_NAME, &lease.host_name)] {
        options.put_bytes(code, text.as_deref().unwrap_or_default().as_bytes());
    }
    options.finish()
}
