//! Packets that nobody has sent.

use std::fmt;
use std::net::IpAddr;

use etherparse::{
    IpHeaders, IpNumber, Ipv4Extensions, Ipv4Header, Ipv6Extensions, Ipv6Header, PacketBuilder, PacketBuilderStep,
};

use crate::host::Flow;
use crate::packet::{Content, ETHERNET_HEADER, Frame, Packet, protocol};

/// The headers of an IP packet, as far as they decide about its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imagined {
    /// Where it says it is from.
    pub source: IpAddr,
    /// Where it is to go.
    pub destination: IpAddr,
    /// Its transport protocol.
    pub protocol: u8,
    /// Source and destination port of TCP and UDP.
    pub ports: Option<(u16, u16)>,
    /// TTL or hop limit.
    pub hop_limit: u8,
    /// Bytes of the IP packet; `None` is as few as it takes.
    pub length: Option<u16>,
    /// Routers must not fragment it. Always so for IPv6.
    pub dont_fragment: bool,
    /// It answers another: an echo reply, a TCP segment with SYN and ACK.
    pub is_answer: bool,
}

/// Why there is no such packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// Source and destination are of different families.
    #[error("source and destination are of different address families")]
    Families,
    /// It cannot be that short or that long.
    #[error("a packet of this kind is {least} to 65535 bytes long")]
    Length {
        /// Bytes of its headers.
        least: usize,
    },
}

impl Imagined {
    /// The hop limit that hosts send with.
    pub const HOP_LIMIT: u8 = 64;

    /// The packet: sound, with nothing but zeros behind its headers.
    ///
    /// # Errors
    /// Why there is none.
    pub fn bytes(&self) -> Result<Vec<u8>, Impossible> {
        let least = self.written(&[])?.len();
        let length = self.length.map_or(least, usize::from);
        let payload = length.checked_sub(least).ok_or(Impossible::Length { least })?;
        self.written(&vec![0; payload])
    }

    fn written(&self, payload: &[u8]) -> Result<Vec<u8>, Impossible> {
        let builder = self.headers()?;
        let (source, destination) = self.ports.unwrap_or_default();
        let mut bytes = Vec::new();
        let written = match (self.protocol, self.is_answer) {
            (protocol::UDP, _) => builder.udp(source, destination).write(&mut bytes, payload),
            (protocol::TCP, false) => builder.tcp(source, destination, 0, u16::MAX).syn().write(&mut bytes, payload),
            (protocol::TCP, true) => {
                builder.tcp(source, destination, 0, u16::MAX).syn().ack(1).write(&mut bytes, payload)
            }
            (protocol::ICMP, false) => builder.icmpv4_echo_request(1, 1).write(&mut bytes, payload),
            (protocol::ICMP, true) => builder.icmpv4_echo_reply(1, 1).write(&mut bytes, payload),
            (protocol::ICMPV6, false) => builder.icmpv6_echo_request(1, 1).write(&mut bytes, payload),
            (protocol::ICMPV6, true) => builder.icmpv6_echo_reply(1, 1).write(&mut bytes, payload),
            (other, _) => builder.write(&mut bytes, IpNumber(other), payload),
        };
        written.map_err(|_| Impossible::Length { least: bytes.len() })?;
        Ok(bytes)
    }

    fn headers(&self) -> Result<PacketBuilderStep<IpHeaders>, Impossible> {
        let headers = match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let (source, destination) = (source.octets(), destination.octets());
                let header = Ipv4Header::new(0, self.hop_limit, IpNumber(self.protocol), source, destination);
                let mut header = header.map_err(|_| Impossible::Length { least: 0 })?;
                header.dont_fragment = self.dont_fragment;
                IpHeaders::Ipv4(header, Ipv4Extensions::default())
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let (source, destination, hop_limit) = (source.octets(), destination.octets(), self.hop_limit);
                let header = Ipv6Header { source, destination, hop_limit, ..Ipv6Header::default() };
                IpHeaders::Ipv6(header, Ipv6Extensions::default())
            }
            _ => return Err(Impossible::Families),
        };
        Ok(PacketBuilder::ip(headers))
    }

    /// Reads an IP packet; `None` if its headers are not sound.
    pub(super) fn read(ip: &[u8]) -> Option<Self> {
        let packet = Packet::from_ip(ip);
        let Content::Ip(ip) = Frame::parse(packet.frame()).ok()?.content else { return None };
        let has_ports = matches!(ip.protocol, protocol::TCP | protocol::UDP) && !ip.is_later_fragment();
        let ports = packet.frame().get(ip.transport..).and_then(|transport| transport.first_chunk::<4>());
        let ports = ports.filter(|_| has_ports);
        Some(Self {
            source: ip.source,
            destination: ip.destination,
            protocol: ip.protocol,
            ports: ports.map(|[a, b, c, d]| (u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d]))),
            hop_limit: ip.hop_limit,
            length: u16::try_from(ip.end - ETHERNET_HEADER).ok(),
            dont_fragment: ip.dont_fragment,
            is_answer: false,
        })
    }

    /// The packet that answers this one.
    pub(super) fn answer(&self) -> Self {
        Self {
            source: self.destination,
            destination: self.source,
            ports: self.ports.map(|(source, destination)| (destination, source)),
            hop_limit: Self::HOP_LIMIT,
            length: None,
            is_answer: true,
            ..*self
        }
    }

    /// The packet as the kernel's routing sees it.
    pub(super) fn flow(&self, input: crate::addr::InterfaceName) -> Flow {
        let Self { source, destination, protocol, ports, .. } = *self;
        Flow { input, source, destination, protocol, ports }
    }
}

/// A protocol's usual name, or its number.
pub(super) fn protocol_name(number: u8) -> String {
    match number {
        protocol::ICMP => "icmp".to_owned(),
        protocol::ICMPV6 => "icmpv6".to_owned(),
        protocol::TCP => "tcp".to_owned(),
        protocol::UDP => "udp".to_owned(),
        protocol::SCTP => "sctp".to_owned(),
        protocol::GRE => "gre".to_owned(),
        other => format!("protocol {other}"),
    }
}

impl fmt::Display for Imagined {
    /// `tcp 192.168.1.253:32768 > 10.1.1.253:80`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |address: IpAddr, port: Option<u16>| match (port, address) {
            (None, _) => address.to_string(),
            (Some(port), IpAddr::V4(_)) => format!("{address}:{port}"),
            (Some(port), IpAddr::V6(_)) => format!("[{address}]:{port}"),
        };
        let (from, to) = self.ports.unzip();
        let (from, to) = (end(self.source, from), end(self.destination, to));
        write!(f, "{} {from} > {to}", protocol_name(self.protocol))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UDP: Imagined = Imagined {
        source: IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)),
        destination: IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2)),
        protocol: protocol::UDP,
        ports: Some((1, 2)),
        hop_limit: 7,
        length: Some(100),
        dont_fragment: true,
        is_answer: false,
    };

    #[test]
    fn what_is_imagined_is_read_again() {
        let (one, other) = ("fd00::1".parse().unwrap(), "fd00::2".parse().unwrap());
        let icmp = Imagined { protocol: protocol::ICMP, ports: None, dont_fragment: false, ..UDP };
        let v6 = Imagined { source: one, destination: other, dont_fragment: true, ..UDP };
        for imagined in [
            UDP,
            icmp,
            v6,
            Imagined { protocol: protocol::TCP, ..UDP },
            Imagined { protocol: protocol::TCP, ..v6 },
            Imagined { protocol: protocol::ICMPV6, ports: None, ..v6 },
            Imagined { protocol: protocol::GRE, ports: None, ..UDP },
            Imagined { length: Some(u16::MAX), ..UDP },
        ] {
            assert_eq!(Imagined::read(&imagined.bytes().unwrap()), Some(imagined), "{imagined}");
        }
        let shortest = Imagined { length: None, ..UDP }.bytes().unwrap();
        assert_eq!(shortest.len(), 28);
        assert_eq!(Imagined::read(&[]), None);
    }

    #[test]
    fn an_answer_goes_the_other_way() {
        let answer = UDP.answer();
        assert_eq!((answer.source, answer.destination), (UDP.destination, UDP.source));
        assert_eq!((answer.ports, answer.hop_limit), (Some((2, 1)), 64));
        let echo = Imagined { protocol: protocol::ICMP, ports: None, ..UDP }.answer();
        assert_eq!(echo.bytes().unwrap()[20], 0, "an echo reply");
        let syn = Imagined { protocol: protocol::TCP, ..UDP }.answer();
        assert_eq!(syn.bytes().unwrap()[33] & 0x12, 0x12, "SYN and ACK");
    }

    #[test]
    fn some_packets_cannot_be() {
        let mixed = Imagined { destination: "fd00::1".parse().unwrap(), ..UDP };
        assert_eq!(mixed.bytes(), Err(Impossible::Families));
        assert_eq!(Imagined { length: Some(27), ..UDP }.bytes(), Err(Impossible::Length { least: 28 }));
    }

    #[test]
    fn a_packet_in_words() {
        assert_eq!(UDP.to_string(), "udp 10.0.0.1:1 > 10.0.0.2:2");
        let v6 = Imagined { source: "fd00::1".parse().unwrap(), destination: "fd00::2".parse().unwrap(), ..UDP };
        assert_eq!(v6.to_string(), "udp [fd00::1]:1 > [fd00::2]:2");
        assert_eq!(Imagined { protocol: protocol::ICMP, ports: None, ..UDP }.to_string(), "icmp 10.0.0.1 > 10.0.0.2");
    }
}
