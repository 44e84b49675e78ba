//! ICMP (RFC 792) and ICMPv6 (RFC 4443): errors about packets, and answers to echo requests,
//! written over the packet that they are about.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::checksum::{Sum, pseudo_header, updated};
use super::ethernet::{ETHERNET_HEADER, Stations};
use super::ip::{Ip, protocol};
use super::{Checksum, Offload, Packet, ethernet, ipv4, ipv6};

const HEADER: usize = 8;
/// An ICMPv4 error quotes as much as keeps it within 576 bytes (RFC 1812, 4.3.2.3).
const V4_LIMIT: usize = 576;
/// An ICMPv6 error quotes as much as keeps it within the minimum MTU (RFC 4443, 2.4 c).
const V6_LIMIT: usize = 1280;
/// Precedence 6, internetwork control (RFC 1812, 4.3.2.5).
const INTERNETWORK_CONTROL: u8 = 0xc0;

const V4_ECHO_REPLY: u8 = 0;
const V4_ECHO_REQUEST: u8 = 8;
const V6_ECHO_REQUEST: u8 = 128;
const V6_ECHO_REPLY: u8 = 129;
const V6_REDIRECT: u8 = 137;

/// What an ICMP error tells a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The TTL or hop limit ran out on the way.
    TimeExceeded,
    /// No route leads to the destination.
    NoRoute,
    /// The destination itself is not reachable.
    AddressUnreachable,
    /// Nothing listens on the destination's port.
    PortUnreachable,
    /// The destination does not speak the packet's transport protocol.
    ProtocolUnreachable,
    /// The packet must be smaller (RFC 1191; RFC 8201).
    TooBig {
        /// The largest IP packet that the next link takes, bytes.
        mtu: u32,
    },
}

impl Problem {
    /// Type, code and the second word of an ICMPv4 message.
    fn v4(self) -> (u8, u8, u32) {
        match self {
            Self::TimeExceeded => (11, 0, 0),
            Self::NoRoute => (3, 0, 0),
            Self::AddressUnreachable => (3, 1, 0),
            Self::ProtocolUnreachable => (3, 2, 0),
            Self::PortUnreachable => (3, 3, 0),
            Self::TooBig { mtu } => (3, 4, mtu.min(0xffff)),
        }
    }

    /// Type, code and the second word of an ICMPv6 message.
    #[allow(clippy::cast_possible_truncation)] // an offset inside a frame
    fn v6(self, ip: &Ip) -> (u8, u8, u32) {
        match self {
            Self::TimeExceeded => (3, 0, 0),
            Self::NoRoute => (1, 0, 0),
            Self::AddressUnreachable => (1, 3, 0),
            Self::PortUnreachable => (1, 4, 0),
            // Parameter problem, unrecognised next header, with its place (RFC 4443, 3.4).
            Self::ProtocolUnreachable => (4, 1, (ip.protocol_at - ETHERNET_HEADER) as u32),
            Self::TooBig { mtu } => (2, 0, mtu),
        }
    }
}

/// True if the rules allow an ICMP error about this packet (RFC 1812, 4.3.2.7; RFC 4443, 2.4 e):
/// it is not an ICMP error itself and not a later fragment. That neither end of it is a group or
/// nobody, and its frame was not a broadcast, is for the caller to know.
#[must_use]
pub fn may_be_reported(frame: &[u8], ip: &Ip) -> bool {
    if ip.is_later_fragment() {
        return false;
    }
    let is_informational = |kind: u8| match ip.protocol {
        // RFC 792 and the queries of RFC 950, 1256: all others are errors or unknown.
        protocol::ICMP => matches!(kind, V4_ECHO_REPLY | V4_ECHO_REQUEST | 9 | 10 | 13..=18),
        _ => kind >= 128 && kind != V6_REDIRECT,
    };
    match ip.protocol {
        protocol::ICMP | protocol::ICMPV6 => frame.get(ip.transport).copied().is_some_and(is_informational),
        _ => true,
    }
}

/// Writes an ICMP error about the packet over it, quoting as much of it as is allowed.
///
/// # Panics
/// If `ip` was not read from this packet, or `source` is not of its family.
pub fn write_error(packet: &mut Packet, ip: &Ip, problem: Problem, source: IpAddr, stations: Stations) {
    match (source, ip.source) {
        (IpAddr::V4(source), IpAddr::V4(sender)) => write_v4_error(packet, ip, problem, (source, sender), stations),
        (IpAddr::V6(source), IpAddr::V6(sender)) => write_v6_error(packet, ip, problem, (source, sender), stations),
        _ => panic!("an error from {source} about a packet from {}", ip.source),
    }
}

#[allow(clippy::cast_possible_truncation)] // at most V4_LIMIT
fn write_v4_error(
    packet: &mut Packet,
    ip: &Ip,
    problem: Problem,
    (source, destination): (Ipv4Addr, Ipv4Addr),
    stations: Stations,
) {
    let total = (ip.length() + ipv4::HEADER + HEADER).min(V4_LIMIT);
    let frame = quote(packet, ipv4::HEADER + HEADER, total);
    stations.write_header(frame, ethernet::IPV4);
    let message = &mut frame[ETHERNET_HEADER + ipv4::HEADER..];
    write_message(message, problem.v4(), Sum::default());
    ipv4::Header {
        source,
        destination,
        protocol: protocol::ICMP,
        service: INTERNETWORK_CONTROL,
        total_length: total as u16,
    }
    .write(frame);
}

#[allow(clippy::cast_possible_truncation)] // at most V6_LIMIT
fn write_v6_error(
    packet: &mut Packet,
    ip: &Ip,
    problem: Problem,
    (source, destination): (Ipv6Addr, Ipv6Addr),
    stations: Stations,
) {
    let total = (ip.length() + ipv6::HEADER + HEADER).min(V6_LIMIT);
    let frame = quote(packet, ipv6::HEADER + HEADER, total);
    stations.write_header(frame, ethernet::IPV6);
    let length = total - ipv6::HEADER;
    let message = &mut frame[ETHERNET_HEADER + ipv6::HEADER..];
    let pseudo = pseudo_header(source.into(), destination.into(), protocol::ICMPV6, length as u32);
    write_message(message, problem.v6(ip), pseudo);
    ipv6::Header { source, destination, next_header: protocol::ICMPV6, hop_limit: 64, payload_length: length as u16 }
        .write(frame);
}

/// Makes the frame one of `total` IP bytes whose old IP packet begins `headers` bytes later than before.
fn quote(packet: &mut Packet, headers: usize, total: usize) -> &mut [u8] {
    packet.offload = Offload::default();
    let quoted = total - headers;
    packet.set_length(ETHERNET_HEADER + total);
    let frame = packet.frame_mut();
    frame.copy_within(ETHERNET_HEADER..ETHERNET_HEADER + quoted, ETHERNET_HEADER + headers);
    frame
}

fn write_message(message: &mut [u8], (kind, code, word): (u8, u8, u32), pseudo: Sum) {
    message[..4].copy_from_slice(&[kind, code, 0, 0]);
    message[4..8].copy_from_slice(&word.to_be_bytes());
    let checksum = pseudo.bytes(message).finish();
    message[2..4].copy_from_slice(&checksum.to_be_bytes());
}

/// True for an echo request of the packet's own family.
#[must_use]
pub fn is_echo_request(frame: &[u8], ip: &Ip) -> bool {
    match ip.protocol {
        protocol::ICMP if ip.source.is_ipv4() => frame.get(ip.transport) == Some(&V4_ECHO_REQUEST),
        protocol::ICMPV6 if ip.source.is_ipv6() => {
            frame.get(ip.transport) == Some(&V6_ECHO_REQUEST) && ip.end - ip.transport >= HEADER
        }
        _ => false,
    }
}

/// True if the checksum of an ICMP or ICMPv6 message is right, or was vouched for by who handed us
/// the frame.
///
/// # Panics
/// If `ip` was not read from this packet.
#[must_use]
#[allow(clippy::cast_possible_truncation)] // a length inside a frame
pub fn is_sound(packet: &Packet, ip: &Ip) -> bool {
    let message = &packet.frame()[ip.transport..ip.end];
    let pseudo = match ip.protocol {
        protocol::ICMP => Sum::default(),
        _ => pseudo_header(ip.source, ip.destination, ip.protocol, message.len() as u32),
    };
    packet.offload.checksum == Checksum::Unnecessary || pseudo.bytes(message).folded() == 0xffff
}

/// Turns an echo request, whose checksum is right, into its reply: from the address it was sent
/// to, with the same identifier, sequence number and data. IPv4 options become no-operations;
/// IPv6 extension headers are left out.
///
/// # Panics
/// If `ip` was not read from this packet or is no echo request.
#[allow(clippy::cast_possible_truncation)] // a length inside a frame
pub fn write_echo_reply(packet: &mut Packet, ip: &Ip, stations: Stations) {
    packet.offload = Offload::default();
    let frame = packet.frame_mut();
    stations.write(frame);
    let (request, reply) = match ip.source {
        IpAddr::V4(_) => (V4_ECHO_REQUEST, V4_ECHO_REPLY),
        IpAddr::V6(_) => (V6_ECHO_REQUEST, V6_ECHO_REPLY),
    };
    // Swapping source and destination leaves the pseudo-header sum as it is.
    let message = &mut frame[ip.transport..ip.end];
    let old = u16::from_be_bytes([request, message[1]]);
    let new = u16::from_be_bytes([reply, message[1]]);
    // Of the two zeroes the one that is right for a message of zeroes too, which an IPv4 reply may be.
    let checksum = match updated(u16::from_be_bytes([message[2], message[3]]), old, new) {
        0 => 0xffff,
        checksum => checksum,
    };
    message[0] = reply;
    message[2..4].copy_from_slice(&checksum.to_be_bytes());
    match (ip.source, ip.destination) {
        (IpAddr::V6(requester), IpAddr::V6(own)) => {
            let at = ETHERNET_HEADER + ipv6::HEADER;
            let length = ip.end - ip.transport;
            frame.copy_within(ip.transport..ip.end, at);
            let header = ipv6::Header {
                source: own,
                destination: requester,
                next_header: protocol::ICMPV6,
                hop_limit: 64,
                payload_length: length as u16,
            };
            header.write(frame);
            packet.set_length(at + length);
        }
        _ => {
            let header = &mut frame[ETHERNET_HEADER..ip.transport];
            let (sender, own) = header[12..20].split_at_mut(4);
            sender.swap_with_slice(own);
            header[8] = 64;
            header[ipv4::HEADER..].fill(1);
            ipv4::write_checksum(header);
        }
    }
}

#[cfg(test)]
mod tests;
