//! Packets for tests, written and verified by another implementation (etherparse).

use std::net::IpAddr;

use etherparse::{
    Ethernet2Header, IpHeaders, IpNumber, Ipv4Extensions, Ipv4Header, Ipv4Options, Ipv6Extensions, Ipv6Header,
    NetHeaders, PacketBuilder, PacketBuilderStep, PacketHeaders, TransportHeader,
};

use crate::addr::Mac;
use crate::packet::ipv4::write_checksum;
use crate::packet::{Checksum, Content, Frame, Ip, Packet, SegmentKind, Segmentation, Stations, checksum, protocol};

/// A station of the samples.
pub(crate) const STATION: Mac = Mac([2, 0, 0, 0, 0, 1]);

/// What a sample packet says below its transport.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) stations: Stations,
    pub(crate) from: IpAddr,
    pub(crate) to: IpAddr,
    pub(crate) hop_limit: u8,
    pub(crate) dont_fragment: bool,
    pub(crate) options: Vec<u8>,
}

impl Sample {
    /// From [`STATION`] to [`Mac::GATEWAY`], hop limit 64, DF set.
    pub(crate) fn new(from: &str, to: &str) -> Self {
        Self {
            stations: Stations { destination: Mac::GATEWAY, source: STATION },
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
            hop_limit: 64,
            dont_fragment: true,
            options: Vec::new(),
        }
    }

    pub(crate) fn udp(&self, payload: &[u8]) -> Vec<u8> {
        self.udp_between(4000, 5000, payload)
    }

    pub(crate) fn udp_between(&self, source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        self.ip().udp(source, destination).write(&mut frame, payload).unwrap();
        frame
    }

    pub(crate) fn tcp(&self, payload: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        self.ip().tcp(4000, 5000, 77, 1024).ack(9).write(&mut frame, payload).unwrap();
        frame
    }

    pub(crate) fn echo(&self, payload: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        match self.from {
            IpAddr::V4(_) => self.ip().icmpv4_echo_request(7, 8).write(&mut frame, payload).unwrap(),
            IpAddr::V6(_) => self.ip().icmpv6_echo_request(7, 8).write(&mut frame, payload).unwrap(),
        }
        frame
    }

    /// Any ICMP or ICMPv6 message with a good checksum.
    pub(crate) fn icmp(&self, kind: u8, code: u8, word: [u8; 4], rest: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        match self.from {
            IpAddr::V4(_) => self.ip().icmpv4_raw(kind, code, word).write(&mut frame, rest).unwrap(),
            IpAddr::V6(_) => self.ip().icmpv6_raw(kind, code, word).write(&mut frame, rest).unwrap(),
        }
        frame
    }

    /// Any transport, as bytes. The builder writes no extension headers that it does not know of, so
    /// the protocol is put in afterwards.
    pub(crate) fn raw(&self, protocol: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        self.ip().write(&mut frame, IpNumber::EXPERIMENTAL_AND_TESTING_0, payload).unwrap();
        if self.from.is_ipv4() {
            frame[23] = protocol;
            write_checksum(&mut frame[14..34 + self.options.len()]);
        } else {
            frame[20] = protocol;
        }
        frame
    }

    fn ip(&self) -> PacketBuilderStep<IpHeaders> {
        let ethernet = PacketBuilder::ethernet2(self.stations.source.0, self.stations.destination.0);
        match (self.from, self.to) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let mut header = Ipv4Header::new(0, self.hop_limit, IpNumber::UDP, from.octets(), to.octets()).unwrap();
                header.dont_fragment = self.dont_fragment;
                header.identification = 0x1234;
                header.options = Ipv4Options::try_from(self.options.as_slice()).unwrap();
                ethernet.ip(IpHeaders::Ipv4(header, Ipv4Extensions::default()))
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                let (source, destination, hop_limit) = (from.octets(), to.octets(), self.hop_limit);
                let header = Ipv6Header { source, destination, hop_limit, ..Ipv6Header::default() };
                ethernet.ip(IpHeaders::Ipv6(header, Ipv6Extensions::default()))
            }
            mixed => panic!("{mixed:?}"),
        }
    }
}

/// Reads a frame that must be a sound IP packet for us.
pub(crate) fn parsed(frame: &[u8]) -> Ip {
    match Frame::parse(frame).unwrap().content {
        Content::Ip(ip) => ip,
        Content::Arp => panic!("ARP"),
    }
}

/// The same packet as a sender leaves it to the last one out: of the transport's checksum, only the
/// sum of the pseudo-header is in place.
pub(crate) fn left_open(frame: &[u8]) -> Packet {
    let mut packet = Packet::from_frame(frame);
    let ip = parsed(frame);
    let offset = if ip.protocol == protocol::TCP { 16 } else { 6 };
    let length = u32::try_from(ip.end - ip.transport).unwrap();
    let pseudo = checksum::pseudo_header(ip.source, ip.destination, ip.protocol, length).folded();
    let at = ip.transport + usize::from(offset);
    packet.frame_mut()[at..at + 2].copy_from_slice(&pseudo.to_be_bytes());
    packet.offload.checksum = Checksum::Partial { start: u16::try_from(ip.transport).unwrap(), offset };
    packet
}

/// A TCP or UDP packet as a super-packet whose segments have so many bytes of payload.
pub(crate) fn super_packet(frame: &[u8], size: u16) -> Packet {
    let mut packet = left_open(frame);
    let ip = parsed(frame);
    let kind = match (ip.protocol, ip.source) {
        (protocol::UDP, _) => SegmentKind::Udp,
        (_, IpAddr::V4(_)) => SegmentKind::TcpV4,
        (_, IpAddr::V6(_)) => SegmentKind::TcpV6,
    };
    packet.offload.segmentation = Some(Segmentation { kind, size, header_length: 0, ecn: false });
    packet
}

/// Reads a frame and checks every checksum in it.
pub(crate) fn verified(frame: &[u8]) -> (Ethernet2Header, NetHeaders, Option<TransportHeader>, Vec<u8>) {
    let packet = PacketHeaders::from_ethernet_slice(frame).unwrap();
    let (net, payload) = (packet.net.clone().unwrap(), packet.payload.slice().to_vec());
    if let Some(stored) = packet.transport.clone() {
        let mut computed = stored.clone();
        match &net {
            NetHeaders::Ipv4(header, _) if !header.is_fragmenting_payload() => {
                computed.update_checksum_ipv4(header, &payload).unwrap();
            }
            NetHeaders::Ipv6(header, _) => computed.update_checksum_ipv6(header, &payload).unwrap(),
            _ => {}
        }
        assert_eq!(stored, computed, "transport checksum");
    }
    if let NetHeaders::Ipv4(header, _) = &net {
        assert_eq!(header.header_checksum, header.calc_header_checksum());
    }
    (packet.link.unwrap().ethernet2().unwrap(), net, packet.transport, payload)
}
