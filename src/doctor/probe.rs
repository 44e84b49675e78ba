//! The packets of the active probe, written and recognised.
//!
//! A datagram as traceroute sends it is put in where guests' packets come into the host. It can go
//! one hop further than the host: its destination is an address of documentation, and the first router
//! drops it.

use std::net::IpAddr;

use crate::addr::{Family, Mac};
use crate::packet::checksum::{Sum, pseudo_header};
use crate::packet::{ETHERNET_HEADER, IPV6, Stations, protocol};

/// What the packet is for, for those who see it pass.
const PURPOSE: &[u8] = b"vgw doctor: is the way open?";
/// The first port of traceroute.
const PORT: u16 = 33434;
const IPV4: u16 = 0x0800;
const IPV4_HEADER: usize = 20;
const IPV6_HEADER: usize = 40;

/// What a packet is told from others by.
pub type Token = [u8; 8];

/// A packet of ours that was seen again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// The datagram, from this address and port.
    Datagram(IpAddr, u16),
    /// An echo reply.
    Reply,
    /// Told that it could go no further.
    Expired,
    /// In some other message, such as "unreachable".
    Otherwise,
}

/// Source and destination of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// Address and port.
    pub source: (IpAddr, u16),
    /// Address and port.
    pub destination: (IpAddr, u16),
}

impl Ends {
    /// A guest's datagram to the outside.
    #[must_use]
    pub fn there(source: IpAddr, destination: IpAddr) -> Self {
        Self { source: (source, PORT), destination: (destination, PORT) }
    }

    /// The answer to it, under whatever address it was seen leaving.
    #[must_use]
    pub fn back(self, left_as: (IpAddr, u16)) -> Self {
        Self { source: self.destination, destination: left_as }
    }
}

/// A frame with a datagram that can take `hops` more hops.
#[must_use]
pub fn datagram(stations: Stations, ends: &Ends, hops: u8, token: Token) -> Vec<u8> {
    let length = u16::try_from(8 + PURPOSE.len() + token.len()).unwrap_or(u16::MAX);
    let mut body = [ends.source.1.to_be_bytes(), ends.destination.1.to_be_bytes()].concat();
    body.extend(length.to_be_bytes());
    body.extend([0, 0]);
    body.extend(PURPOSE);
    body.extend(token);
    let (source, destination) = (ends.source.0, ends.destination.0);
    let sum = pseudo_header(source, destination, protocol::UDP, length.into()).bytes(&body).finish();
    body[6..8].copy_from_slice(&if sum == 0 { 0xffff } else { sum }.to_be_bytes());
    frame(stations, source, destination, (protocol::UDP, hops), &body)
}

/// A frame with an echo request as `ping` sends it.
#[must_use]
pub fn echo_request(stations: Stations, source: IpAddr, destination: IpAddr, token: Token) -> Vec<u8> {
    let (kind, family) = match Family::of(source) {
        Family::V4 => (8, protocol::ICMP),
        Family::V6 => (128, protocol::ICMPV6),
    };
    let mut body = vec![kind, 0, 0, 0, token[0], token[1], 0, 1];
    body.extend(PURPOSE);
    body.extend(token);
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let pseudo = match Family::of(source) {
        Family::V4 => Sum::default(),
        Family::V6 => pseudo_header(source, destination, family, length),
    };
    let sum = pseudo.bytes(&body).finish();
    body[2..4].copy_from_slice(&sum.to_be_bytes());
    frame(stations, source, destination, (family, 64), &body)
}

fn frame(stations: Stations, source: IpAddr, destination: IpAddr, (kind, hops): (u8, u8), body: &[u8]) -> Vec<u8> {
    let mut frame = vec![0; ETHERNET_HEADER];
    stations.write(&mut frame);
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            frame[12..14].copy_from_slice(&IPV4.to_be_bytes());
            let length = u16::try_from(IPV4_HEADER + body.len()).unwrap_or(u16::MAX).to_be_bytes();
            let mut header = vec![0x45, 0, length[0], length[1], 0, 0, 0, 0, hops, kind, 0, 0];
            header.extend(source.octets());
            header.extend(destination.octets());
            let sum = Sum::default().bytes(&header).finish();
            header[10..12].copy_from_slice(&sum.to_be_bytes());
            frame.extend(header);
        }
        (source, destination) => {
            frame[12..14].copy_from_slice(&IPV6.to_be_bytes());
            let length = u16::try_from(body.len()).unwrap_or(u16::MAX).to_be_bytes();
            frame.extend([0x60, 0, 0, 0, length[0], length[1], kind, hops]);
            for address in [source, destination] {
                let IpAddr::V6(v6) = address else { return Vec::new() };
                frame.extend(v6.octets());
            }
        }
    }
    frame.extend(body);
    frame
}

/// The token of a packet of ours, and what it is; `packet` begins with its IP header.
#[must_use]
pub fn recognise(packet: &[u8]) -> Option<(Token, Seen)> {
    let at = packet.windows(PURPOSE.len()).position(|part| part == PURPOSE)?;
    let token = packet.get(at + PURPOSE.len()..)?.first_chunk::<8>()?;
    let (kind, body, source) = match packet.first()? >> 4 {
        4 => {
            let source: [u8; 4] = packet.get(12..16)?.try_into().ok()?;
            (*packet.get(9)?, usize::from(packet[0] & 15) * 4, IpAddr::from(source))
        }
        6 => {
            let source: [u8; 16] = packet.get(8..24)?.try_into().ok()?;
            (*packet.get(6)?, IPV6_HEADER, IpAddr::from(source))
        }
        _ => return None,
    };
    let body = packet.get(body..)?;
    let seen = match (kind, body.first()?) {
        (protocol::UDP, _) => Seen::Datagram(source, u16::from_be_bytes(*body.first_chunk()?)),
        (protocol::ICMP, 0) | (protocol::ICMPV6, 129) => Seen::Reply,
        (protocol::ICMP, 11) | (protocol::ICMPV6, 3) => Seen::Expired,
        _ => Seen::Otherwise,
    };
    Some((*token, seen))
}

/// The stations of a frame that comes in by a device with this MAC, from nowhere in particular.
#[must_use]
pub fn coming_in_by(mac: Mac) -> Stations {
    // Locally administered; nobody is answered there.
    Stations { destination: mac, source: Mac([2, 0, 0, 0, 0, 1]) }
}

#[cfg(test)]
mod tests {
    use crate::packet::{Content, Frame};

    use super::*;

    fn ends(v6: bool) -> (IpAddr, IpAddr) {
        let [source, destination] = if v6 { ["2001:db8::7", "3fff:fff::1"] } else { ["192.168.1.7", "198.51.100.1"] };
        (source.parse().unwrap(), destination.parse().unwrap())
    }

    #[test]
    fn what_is_sent_is_sound_and_recognised() {
        for v6 in [false, true] {
            let (source, destination) = ends(v6);
            let stations = coming_in_by(Mac([0, 0, 0x5e, 0, 1, 0]));
            let sent = Ends::there(source, destination);
            for (frame, seen) in [
                (datagram(stations, &sent, 2, *b"12345678"), Some(Seen::Datagram(source, PORT))),
                (echo_request(stations, source, destination, *b"12345678"), Some(Seen::Otherwise)),
            ] {
                let checked = Frame::parse(&frame).unwrap();
                let Content::Ip(ip) = checked.content else { panic!("{checked:?}") };
                assert_eq!((ip.source, ip.destination, ip.end), (source, destination, frame.len()));
                let sum =
                    pseudo_header(source, destination, ip.protocol, u32::try_from(frame.len() - ip.transport).unwrap());
                let sum = if ip.protocol == protocol::ICMP { Sum::default() } else { sum };
                assert_eq!(sum.bytes(&frame[ip.transport..]).finish(), 0, "the checksum is right");
                assert_eq!(recognise(&frame[14..]), seen.map(|seen| (*b"12345678", seen)));
            }
        }
    }

    #[test]
    fn an_answer_goes_to_where_the_question_seemed_to_come_from() {
        let (source, destination) = ends(false);
        let left_as = ("10.0.0.1".parse().unwrap(), 1025);
        let back = Ends::there(source, destination).back(left_as);
        assert_eq!((back.source.0, back.destination), (destination, left_as));
    }

    #[test]
    fn others_packets_are_nothing_to_us() {
        let (source, destination) = ends(false);
        let frame = datagram(coming_in_by(Mac::ZERO), &Ends::there(source, destination), 1, [7; 8]);
        for length in 14..frame.len() {
            assert_eq!(recognise(&frame[14..length]), None);
        }
    }
}
