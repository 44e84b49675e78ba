//! What the kernel is asked about the packets of each gateway.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::addr::{Family, InterfaceName, Prefix};

use super::told::{Gateway, Told};

/// Addresses of documentation (RFC 5737, RFC 9637): they are nobody's, and only a default route leads there.
const NOBODY: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)),
    IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1)),
    IpAddr::V6(Ipv6Addr::new(0x3fff, 0x0fff, 0, 0, 0, 0, 0, 1)),
    IpAddr::V6(Ipv6Addr::new(0x3fff, 0x0ffe, 0, 0, 0, 0, 0, 1)),
];

/// How many addresses of a subnet are tried for one that no port has.
const ATTEMPTS: u128 = 1024;

/// A packet of a gateway's network, imagined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The gateway that it comes out of.
    pub gateway: InterfaceName,
    /// The subnet that it is from.
    pub subnet: Prefix,
    /// An address of that, of no port if one is free.
    pub source: IpAddr,
    /// An address outside that is nobody's.
    pub destination: IpAddr,
    /// The uplink's name and table, which is to decide; `None` if table main is.
    pub uplink: Option<(String, u32)>,
    /// Guests send everything by this gateway, so there must be a way.
    pub everything: bool,
}

/// One question for each gateway and family. `near` are the networks that the host is connected to.
#[must_use]
pub fn questions(told: &Told, near: &[Prefix]) -> Vec<Question> {
    let mut questions = Vec::new();
    for gateway in &told.gateways {
        for family in [Family::V4, Family::V6] {
            let Some(subnet) = gateway.subnets.iter().find(|subnet| subnet.family() == family) else { continue };
            let is_near = |address: &IpAddr| {
                let mut networks = told.gateways.iter().flat_map(|gateway| &gateway.subnets).chain(near);
                networks.any(|network| network.contains(*address))
            };
            let mut candidates = NOBODY.into_iter().filter(|address| Family::of(*address) == family);
            let Some(destination) = candidates.find(|address| !is_near(address)) else { continue };
            questions.push(Question {
                gateway: gateway.name,
                subnet: *subnet,
                source: free(subnet, gateway, told),
                destination,
                uplink: told.uplink_of(gateway, family).map(|uplink| (uplink.name.clone(), uplink.table)),
                everything: gateway.routes.iter().any(|route| route.is_default() && route.family() == family),
            });
        }
    }
    questions
}

/// The last address of a subnet that no port of the instance has.
fn free(subnet: &Prefix, gateway: &Gateway, told: &Told) -> IpAddr {
    let host_bits = subnet.family().bits() - subnet.length();
    let size = 1u128.checked_shl(host_bits.into()).unwrap_or(u128::MAX);
    let first = number(subnet.address());
    // The very last one of an IPv4 network is a broadcast address to some.
    let last = first + (size - 1).saturating_sub(u128::from(size > 2));
    let taken = |address: &IpAddr| {
        let mut ports = told.ports.iter().filter(|port| port.instance == gateway.instance);
        ports.any(|port| port.addresses.iter().any(|prefix| prefix.is_host() && prefix.contains(*address)))
    };
    let mut candidates = (0..ATTEMPTS.min(size)).map(|step| address(last.saturating_sub(step).max(first), subnet));
    candidates.find(|address| !taken(address)).unwrap_or_else(|| address(last, subnet))
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u32::from(v4).into(),
        IpAddr::V6(v6) => v6.into(),
    }
}

fn address(number: u128, like: &Prefix) -> IpAddr {
    match like.family() {
        Family::V4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX))),
        Family::V6 => IpAddr::V6(number.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::site::{gateway, port, told};
    use super::*;

    #[test]
    fn the_source_is_nobodys_and_the_destination_is_far() {
        let mut told = told();
        told.gateways = vec![gateway("vgw1", &["192.168.1.0/24", "2001:db8:2::/64"])];
        told.ports = vec![port("tap0", &["192.168.1.254/32"])];
        let asked = questions(&told, &["198.51.100.0/24".parse().unwrap()]);
        let of = |question: &Question| [question.source.to_string(), question.destination.to_string()];
        assert_eq!(of(&asked[0]), ["192.168.1.253", "203.0.113.1"]);
        assert_eq!(of(&asked[1]), ["2001:db8:2:0:ffff:ffff:ffff:fffe", "3fff:fff::1"]);
    }

    #[test]
    fn the_smallest_and_the_largest_subnets_have_a_source() {
        let mut told = Told { ports: Vec::new(), ..told() };
        for (subnet, source) in [
            ("192.168.1.7/32", "192.168.1.7"),
            ("192.168.1.6/31", "192.168.1.7"),
            ("0.0.0.0/1", "127.255.255.254"),
            ("8000::/1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"),
        ] {
            told.gateways = vec![gateway("vgw1", &[subnet])];
            assert_eq!(questions(&told, &[])[0].source.to_string(), source);
        }
    }
}
