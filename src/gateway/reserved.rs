//! Address ranges that are no network's own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::addr::Prefix;

use super::Refusal;

/// A range with a meaning of its own.
struct Range {
    address: IpAddr,
    length: u8,
    /// Guests may own such an address on their link, but the host must not route it.
    is_link_local: bool,
    why: &'static str,
}

const fn v4(address: [u8; 4], length: u8, why: &'static str) -> Range {
    let [a, b, c, d] = address;
    Range { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), length, is_link_local: false, why }
}

const fn v6(first: u128, length: u8, why: &'static str) -> Range {
    Range { address: IpAddr::V6(Ipv6Addr::from_bits(first)), length, is_link_local: false, why }
}

const fn link_local(range: Range) -> Range {
    Range { is_link_local: true, ..range }
}

/// RFC 6890 and its registries, as far as a packet with such an address is never forwarded.
const RESERVED: [Range; 10] = [
    v4([0, 0, 0, 0], 8, "overlaps 0.0.0.0/8, which means this network"),
    v4([127, 0, 0, 0], 8, "overlaps the loopback network 127.0.0.0/8"),
    link_local(v4([169, 254, 0, 0], 16, "overlaps the link-local network 169.254.0.0/16")),
    v4([224, 0, 0, 0], 4, "overlaps the multicast range 224.0.0.0/4"),
    v4([240, 0, 0, 0], 4, "overlaps the reserved range 240.0.0.0/4"),
    v6(0, 128, "overlaps ::, the unspecified address"),
    v6(1, 128, "overlaps ::1, the loopback address"),
    v6(0xffff << 32, 96, "overlaps the IPv4-mapped range ::ffff:0:0/96"),
    link_local(v6(0xfe80 << 112, 10, "overlaps the link-local range fe80::/10")),
    v6(0xff << 120, 8, "overlaps the multicast range ff00::/8"),
];

impl Range {
    fn covers(&self, prefix: &Prefix) -> bool {
        Prefix::new(self.address, self.length).is_ok_and(|range| range.covers(prefix))
    }
}

/// Judges a subnet that the host shall get a route to. A range counts as soon as one address of it
/// would be routed, so a subnet that swallows a whole range is refused as well.
pub(super) fn check_subnet(subnet: &Prefix) -> Result<(), Refusal> {
    let refused = |why| Err(Refusal::UnusableSubnet { subnet: *subnet, why });
    if subnet.is_default() {
        return refused("would take all of the host's traffic");
    }
    match RESERVED.iter().find(|range| subnet.contains(range.address) || range.covers(subnet)) {
        Some(range) => refused(range.why),
        None => Ok(()),
    }
}

/// Judges an address, or a network, of a guest or of a port's gateway: it must not lie inside a
/// range that no station owns.
pub(super) fn check_owned(address: &Prefix) -> Result<(), Refusal> {
    match RESERVED.iter().find(|range| !range.is_link_local && range.covers(address)) {
        Some(range) => Err(Refusal::UnusableAddress { address: *address, why: range.why }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> Prefix {
        text.parse().unwrap()
    }

    #[test]
    fn the_ranges_are_networks() {
        for range in &RESERVED {
            let network = Prefix::masked(range.address, range.length.into()).unwrap();
            assert!(!network.had_host_bits, "{}", range.why);
        }
    }

    #[test]
    fn subnets_that_no_host_may_route_are_refused() {
        for bad in [
            "0.0.0.0/0",
            "::/0",
            "0.0.0.0/1",
            "128.0.0.0/1",
            "127.1.0.0/16",
            "169.254.1.0/24",
            "169.0.0.0/8",
            "224.0.0.5/32",
            "250.0.0.0/8",
            "255.255.255.255/32",
            "::/128",
            "::1/128",
            "::/8",
            "fe80::/64",
            "ff02::/16",
            "::ffff:10.0.0.0/104",
        ] {
            assert!(check_subnet(&prefix(bad)).is_err(), "{bad}");
        }
        for good in ["10.0.0.0/8", "100.64.0.0/10", "1.2.3.4/32", "128.0.0.0/4", "2001:db8::/32", "fd00::/8", "::2/128"]
        {
            assert_eq!(check_subnet(&prefix(good)), Ok(()), "{good}");
        }
    }

    #[test]
    fn guests_may_own_link_local_addresses_and_whole_families() {
        for good in ["169.254.169.254/32", "fe80::5/128", "0.0.0.0/0", "::/0", "10.0.0.1/32"] {
            assert_eq!(check_owned(&prefix(good)), Ok(()), "{good}");
        }
        for bad in ["127.0.0.1/32", "224.0.0.1/32", "0.0.0.0/32", "::1/128", "ff02::1/128"] {
            assert!(check_owned(&prefix(bad)).is_err(), "{bad}");
        }
    }
}
