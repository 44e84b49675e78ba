//! What a frame says, as far as it can be read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::packet::arp::ArpMessage;
use crate::packet::{ARP, ETHERNET_HEADER, IPV6, Stations, protocol};

/// The `EtherType` of IPv4.
const IPV4: u16 = 0x0800;
/// Tags of IEEE 802.1Q and 802.1ad, and the old QinQ number.
const TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];
/// Extension headers that are looked behind, at most.
const EXTENSIONS: usize = 8;

/// A frame's headers, read without judging them: what was dropped is seldom sound, and of what was cut
/// the beginning is worth knowing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Headers<'a> {
    /// Sender and receiver.
    pub stations: Stations,
    /// The outermost VLAN's number.
    pub vlan: Option<u16>,
    /// What the frame carries, by number.
    pub ether_type: u16,
    /// The ARP message, if it is a request or reply.
    pub arp: Option<ArpMessage>,
    /// The IP packet.
    pub ip: Option<Ip<'a>>,
}

/// An IP packet's headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ip<'a> {
    /// Its source.
    pub source: IpAddr,
    /// Its destination.
    pub destination: IpAddr,
    /// The transport protocol, behind any extension headers.
    pub protocol: u8,
    /// The place in its datagram, bytes, if it is a fragment.
    pub fragment: Option<usize>,
    /// What there is of the transport's header and what follows; nothing of a later fragment's.
    pub transport: &'a [u8],
}

impl<'a> Headers<'a> {
    /// Reads a frame or its beginning; `None` if not even an Ethernet header is there.
    #[must_use]
    pub fn read(frame: &'a [u8]) -> Option<Self> {
        let header = frame.first_chunk::<ETHERNET_HEADER>()?;
        let stations = Stations::read(header);
        let mut ether_type = u16::from_be_bytes([header[12], header[13]]);
        let (mut rest, mut vlan) = (&frame[ETHERNET_HEADER..], None);
        while TAGS.contains(&ether_type)
            && let Some((tag, behind)) = rest.split_first_chunk::<4>()
        {
            vlan = vlan.or(Some(u16::from_be_bytes([tag[0], tag[1]]) & 0xfff));
            ether_type = u16::from_be_bytes([tag[2], tag[3]]);
            rest = behind;
        }
        let (arp, ip) = match ether_type {
            // An ARP message has its place behind an untagged header.
            ARP if vlan.is_none() => (ArpMessage::parse(frame), None),
            IPV4 => (None, v4(rest)),
            IPV6 => (None, v6(rest)),
            _ => (None, None),
        };
        Some(Self { stations, vlan, ether_type, arp, ip })
    }

    /// Source and destination of an IP packet, sender and target of an ARP message.
    #[must_use]
    pub fn addresses(&self) -> Option<(IpAddr, IpAddr)> {
        let of_arp = || self.arp.map(|arp| (arp.sender.into(), arp.target.into()));
        self.ip.map(|ip| (ip.source, ip.destination)).or_else(of_arp)
    }

    /// True for ARP, sound or not.
    #[must_use]
    pub fn is_arp(&self) -> bool {
        self.ether_type == ARP
    }
}

impl Ip<'_> {
    /// Source and destination port.
    #[must_use]
    pub fn ports(&self) -> Option<(u16, u16)> {
        let has_ports = matches!(self.protocol, protocol::TCP | protocol::UDP | protocol::SCTP);
        let [s, t, d, e] = *self.transport.first_chunk::<4>().filter(|_| has_ports)?;
        Some((u16::from_be_bytes([s, t]), u16::from_be_bytes([d, e])))
    }
}

fn v4(packet: &[u8]) -> Option<Ip<'_>> {
    let header = packet.first_chunk::<20>()?;
    let address = |at: usize| IpAddr::from(Ipv4Addr::new(header[at], header[at + 1], header[at + 2], header[at + 3]));
    let word = u16::from_be_bytes([header[6], header[7]]);
    let offset = usize::from(word & 0x1fff) * 8;
    let behind = usize::from(header[0] & 0xf) * 4;
    Some(Ip {
        source: address(12),
        destination: address(16),
        protocol: header[9],
        fragment: (word & 0x3fff != 0).then_some(offset),
        transport: if offset > 0 { &[] } else { packet.get(behind.max(20)..).unwrap_or_default() },
    })
}

fn v6(packet: &[u8]) -> Option<Ip<'_>> {
    let (header, mut rest) = packet.split_first_chunk::<40>()?;
    let address = |at: usize| {
        let mut octets = [0; 16];
        octets.copy_from_slice(&header[at..at + 16]);
        IpAddr::from(Ipv6Addr::from(octets))
    };
    let (mut protocol, mut fragment) = (header[6], None);
    for _ in 0..EXTENSIONS {
        let Some(&[next, length, high, low]) = rest.first_chunk::<4>() else { break };
        let bytes = match protocol {
            // Hop-by-hop and destination options, routing.
            0 | 60 | 43 => (usize::from(length) + 1) * 8,
            44 => {
                let offset = usize::from(u16::from_be_bytes([high, low]) & 0xfff8);
                fragment = Some(offset);
                8
            }
            _ => break,
        };
        protocol = next;
        rest = if fragment.is_some_and(|offset| offset > 0) { &[] } else { rest.get(bytes..).unwrap_or_default() };
    }
    Some(Ip { source: address(8), destination: address(24), protocol, fragment, transport: rest })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::packet::sample::Sample;

    #[test]
    fn what_a_sound_packet_says() {
        for (from, to) in [("10.1.0.5", "20.0.0.9"), ("fd00:1::5", "fd00:99::1")] {
            let frame = Sample::new(from, to).udp_between(4000, 53, b"question");
            let ip = Headers::read(&frame).unwrap().ip.unwrap();
            assert_eq!((ip.source, ip.destination), (from.parse().unwrap(), to.parse().unwrap()));
            assert_eq!((ip.protocol, ip.ports(), ip.fragment), (protocol::UDP, Some((4000, 53)), None));
            assert_eq!(&ip.transport[8..], b"question");
        }
    }

    #[test]
    fn tags_and_extension_headers_are_looked_behind() {
        let mut frame = Sample::new("10.1.0.5", "20.0.0.9").udp_between(4000, 53, b"");
        frame.splice(12..12, [0x88, 0xa8, 0, 7, 0x81, 0, 0, 9]);
        let headers = Headers::read(&frame).unwrap();
        assert_eq!((headers.vlan, headers.ip.unwrap().ports()), (Some(7), Some((4000, 53))));

        let mut options = vec![17, 0, 1, 4, 0, 0, 0, 0];
        options.extend([0x0f, 0xa0, 0, 53, 0, 8, 0, 0]);
        let ip = Sample::new("fd00:1::5", "fd00:99::1").raw(0, &options);
        let ip = Headers::read(&ip).unwrap().ip.unwrap();
        assert_eq!((ip.protocol, ip.ports()), (protocol::UDP, Some((4000, 53))));

        let later = Sample::new("fd00:1::5", "fd00:99::1").raw(44, &[17, 0, 0x05, 0xa8, 0, 0, 0, 7, 1, 2, 3, 4]);
        let ip = Headers::read(&later).unwrap().ip.unwrap();
        assert_eq!((ip.protocol, ip.ports(), ip.fragment), (protocol::UDP, None, Some(1448)));
    }

    proptest! {
        #[test]
        fn anything_can_be_read(frame: Vec<u8>, kind in 0usize..4, start in proptest::collection::vec(any::<u8>(), 12)) {
            let _ = Headers::read(&frame);
            let mut typed = start;
            typed.extend([[8, 0], [8, 6], [0x86, 0xdd], [0x81, 0]][kind]);
            typed.extend(&frame);
            let headers = Headers::read(&typed).expect("an Ethernet header");
            let _ = (headers.addresses(), headers.ip.and_then(|ip| ip.ports()));
        }
    }
}
