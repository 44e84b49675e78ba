//! What a filter asks of a packet.

use std::ops::RangeInclusive;

use crate::addr::Prefix;
use crate::capture::Headers;
use crate::packet::protocol;

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    Net(Side, Prefix),
    Port(Side, RangeInclusive<u16>),
    Proto(Proto),
}

/// Which end of a packet is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Source,
    Destination,
    Either,
}

/// A protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proto {
    Arp,
    V4,
    V6,
    /// ICMP of either family.
    Icmp,
    Number(u8),
}

impl Proto {
    /// The names, as they are typed.
    pub(super) const NAMES: [(&'static str, Self); 8] = [
        ("arp", Self::Arp),
        ("ipv4", Self::V4),
        ("ipv6", Self::V6),
        ("icmp", Self::Icmp),
        ("tcp", Self::Number(protocol::TCP)),
        ("udp", Self::Number(protocol::UDP)),
        ("sctp", Self::Number(protocol::SCTP)),
        ("gre", Self::Number(protocol::GRE)),
    ];
}

impl Test {
    pub(super) fn matches(&self, headers: &Headers<'_>) -> bool {
        match self {
            Self::Net(side, prefix) => headers.addresses().is_some_and(|ends| side.any(ends, |a| prefix.contains(a))),
            Self::Port(side, ports) => {
                let ends = headers.ip.and_then(|ip| ip.ports());
                ends.is_some_and(|ends| side.any(ends, |port| ports.contains(&port)))
            }
            Self::Proto(proto) => {
                let of_ip = |numbers: &[u8]| headers.ip.is_some_and(|ip| numbers.contains(&ip.protocol));
                match proto {
                    Proto::Arp => headers.is_arp(),
                    Proto::V4 => headers.ip.is_some_and(|ip| ip.source.is_ipv4()),
                    Proto::V6 => headers.ip.is_some_and(|ip| ip.source.is_ipv6()),
                    Proto::Icmp => of_ip(&[protocol::ICMP, protocol::ICMPV6]),
                    Proto::Number(number) => of_ip(&[*number]),
                }
            }
        }
    }
}

impl Side {
    fn any<T>(self, (source, destination): (T, T), is_meant: impl Fn(T) -> bool) -> bool {
        match self {
            Self::Source => is_meant(source),
            Self::Destination => is_meant(destination),
            Self::Either => is_meant(source) || is_meant(destination),
        }
    }
}
