//! What IPv4 and IPv6 headers have in common once they are read.

use std::net::IpAddr;

use super::FrameError;
use super::ethernet::ETHERNET_HEADER;

/// Protocol numbers (IPv6: next header values), as assigned by IANA.
pub mod protocol {
    /// ICMP for IPv4.
    pub const ICMP: u8 = 1;
    /// IPv4 in IP.
    pub const IPV4: u8 = 4;
    /// TCP.
    pub const TCP: u8 = 6;
    /// UDP.
    pub const UDP: u8 = 17;
    /// IPv6 in IP.
    pub const IPV6: u8 = 41;
    /// Generic routing encapsulation.
    pub const GRE: u8 = 47;
    /// ICMP for IPv6.
    pub const ICMPV6: u8 = 58;
    /// SCTP.
    pub const SCTP: u8 = 132;
}

/// The headers of an IP packet, read and checked. Offsets count from the frame's first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ip {
    /// Source address.
    pub source: IpAddr,
    /// Destination address, of the same family.
    pub destination: IpAddr,
    /// TTL or hop limit.
    pub hop_limit: u8,
    /// The transport protocol, found behind any extension headers.
    pub protocol: u8,
    /// Where the byte that names the transport protocol is.
    pub protocol_at: usize,
    /// Where the transport header begins; in a later fragment, its data.
    pub transport: usize,
    /// Where the packet ends by its own length; frame bytes behind it are padding.
    pub end: usize,
    /// Set if this is one of several fragments.
    pub fragment: Option<Fragment>,
    /// IPv4: routers must not fragment it. Always true for IPv6.
    pub dont_fragment: bool,
}

/// Which part of a datagram a fragment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// Its place in the datagram's data, bytes.
    pub offset: usize,
    /// True unless it is the last.
    pub more: bool,
}

impl Ip {
    /// Length of the whole IP packet, bytes.
    #[must_use]
    pub fn length(&self) -> usize {
        self.end - ETHERNET_HEADER
    }

    /// True for a fragment that lacks the transport header.
    #[must_use]
    pub fn is_later_fragment(&self) -> bool {
        self.fragment.is_some_and(|fragment| fragment.offset > 0)
    }

    /// A packet must hold its transport's fixed header, and so must a first fragment: one that does not is
    /// made to pass by filters (RFC 1858, 3; RFC 7112, 5). What else is wrong with fragments is left to
    /// their receiver, who alone sees the whole.
    pub(super) fn check_transport(self) -> Result<Self, FrameError> {
        let needed = match self.protocol {
            protocol::TCP => 20,
            protocol::UDP | protocol::ICMP => 8,
            protocol::ICMPV6 => 4,
            _ => 0,
        };
        if !self.is_later_fragment() && self.end - self.transport < needed { Err(FrameError::Short) } else { Ok(self) }
    }

    /// A hash of the flow the packet belongs to: addresses, protocol and ports. Fragments, whose
    /// later ones show no ports, are hashed without, so that a datagram stays together.
    #[must_use]
    pub fn flow_hash(&self, frame: &[u8]) -> u32 {
        let has_ports = matches!(self.protocol, protocol::TCP | protocol::UDP | protocol::SCTP);
        let ports = match frame.get(self.transport..self.end).and_then(|l4| l4.first_chunk::<4>()) {
            Some(ports) if has_ports && self.fragment.is_none() => u32::from_be_bytes(*ports),
            _ => 0,
        };
        let mut hash = mix(0, u64::from(ports) << 8 | u64::from(self.protocol));
        for address in [self.source, self.destination] {
            hash = match address {
                IpAddr::V4(address) => mix(hash, u64::from(address.to_bits())),
                IpAddr::V6(address) => {
                    let [high, low] = halves(address.to_bits());
                    mix(mix(hash, high), low)
                }
            };
        }
        let [high, low] = [hash >> 32, hash & 0xffff_ffff];
        #[allow(clippy::cast_possible_truncation)] // both are below 2^32
        {
            (high ^ low) as u32
        }
    }
}

/// One round of a multiplicative hash; the constant is 2^64 divided by the golden ratio, made odd.
fn mix(hash: u64, word: u64) -> u64 {
    let product = u128::from(hash ^ word ^ 0x9e37_79b9_7f4a_7c15) * 0x9e37_79b9_7f4a_7c15;
    let [high, low] = halves(product);
    high ^ low
}

/// The upper and the lower 64 bits.
#[allow(clippy::cast_possible_truncation)] // cutting is the purpose
fn halves(wide: u128) -> [u64; 2] {
    [(wide >> 64) as u64, wide as u64]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use etherparse::PacketBuilder;

    use crate::packet::{Content, Frame};

    fn hash(source_port: u16, destination_port: u16, last: u8) -> u32 {
        let mut bytes = Vec::new();
        PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv4([10, 0, 0, 1], [10, 0, 0, last], 64)
            .udp(source_port, destination_port)
            .write(&mut bytes, &[])
            .unwrap();
        let Content::Ip(ip) = Frame::parse(&bytes).unwrap().content else { panic!("not IP") };
        ip.flow_hash(&bytes)
    }

    #[test]
    fn flows_spread_over_a_group() {
        let mut share = [0; 4];
        for port in 0..4000 {
            share[((u64::from(hash(1024 + port, 53, 9)) * 4) >> 32) as usize] += 1;
        }
        assert!(share.iter().all(|&count| (900..1100).contains(&count)), "{share:?}");
    }

    #[test]
    fn each_part_of_a_flow_matters() {
        let hashes = BTreeSet::from([hash(1, 2, 3), hash(2, 1, 3), hash(1, 2, 4), hash(1, 3, 3)]);
        assert_eq!(hashes.len(), 4);
        assert_eq!(hash(1, 2, 3), hash(1, 2, 3));
    }
}
