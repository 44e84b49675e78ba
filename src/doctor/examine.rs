//! From facts to findings.

use std::net::IpAddr;

use crate::addr::{Family, Prefix};

use super::check;
use super::facts::{Facts, Way};
use super::finding::Finding;
use super::id::Check;

/// Everything that is wrong, causes before what follows from them.
#[must_use]
pub fn examine(facts: &Facts) -> Vec<Finding> {
    let mut findings: Vec<Finding> = check::ALL.iter().flat_map(|look| look(facts)).collect();
    let place = |finding: &Finding| Check::ALL.iter().position(|check| *check == finding.check);
    findings.sort_by_key(place);
    findings
}

impl Facts {
    /// True if a check had something to look at: one that finds nothing says little else.
    #[must_use]
    pub fn let_look(&self, check: Check) -> bool {
        match check {
            Check::FabricRoute => self.peer.is_some() && self.told.is_ok(),
            Check::DaemonUnreachable
            | Check::Rights
            | Check::Tun
            | Check::Conntrack
            | Check::Networkd
            | Check::RuleInBlock
            | Check::RouterIgnored => true,
            _ => self.told.is_ok(),
        }
    }

    /// The host's address by which the outside reaches a way's network.
    #[must_use]
    pub fn own_address(&self, way: &Way) -> Option<IpAddr> {
        let leads = way.out.as_ref().ok()?;
        let family = Family::of(way.question.source);
        let mut addresses = self.addresses.iter().filter(|(device, address)| {
            let is_local = matches!(address.address, IpAddr::V6(v6) if v6.is_unicast_link_local());
            *device == leads.device && Family::of(address.address) == family && !is_local
        });
        let on_link = |address: &Prefix| leads.via.is_none_or(|via| address.contains(via));
        let first = addresses.clone().next();
        addresses.find(|(_, address)| on_link(&address.network())).or(first).map(|(_, address)| address.address)
    }
}

/// The route to a subnet by this node, as routers of three kinds take it.
#[must_use]
pub fn lines_for_routers(subnet: &Prefix, node: &str) -> Vec<String> {
    let (ip, mask) = match (subnet.family(), subnet.address()) {
        (Family::V4, IpAddr::V4(address)) => {
            let bits = u32::MAX.checked_shl(32 - u32::from(subnet.length())).unwrap_or(0);
            ("ip", format!("{address} {}", std::net::Ipv4Addr::from(bits)))
        }
        _ => ("ipv6", subnet.to_string()),
    };
    vec![
        format!("Linux: ip route add {subnet} via {node}"),
        format!("BIRD: route {subnet} via {node};"),
        format!("FRR, Cisco: {ip} route {mask} {node}"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routers_get_their_lines() {
        let lines = |subnet: &str, node: &str| lines_for_routers(&subnet.parse().unwrap(), node).pop().unwrap();
        assert_eq!(lines("192.168.1.0/24", "10.0.0.5"), "FRR, Cisco: ip route 192.168.1.0 255.255.255.0 10.0.0.5");
        assert_eq!(lines("2001:db8::/64", "2001:db8:1::5"), "FRR, Cisco: ipv6 route 2001:db8::/64 2001:db8:1::5");
        assert_eq!(lines("192.168.1.7/32", "10.0.0.5"), "FRR, Cisco: ip route 192.168.1.7 255.255.255.255 10.0.0.5");
    }
}
