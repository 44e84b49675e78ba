//! What a guest is told of its network, beyond ARP and neighbour discovery.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;

use crate::addr::{Family, NameError, Prefix};

use super::{NetworkSpec, PortSpec, Refusal};

/// DHCP on a port, or on those of a network: a guest gets the one IPv4 address that its port has, and
/// the port's first IPv4 gateway as router.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DhcpSpec {
    /// The length of the guest's network; `None` takes the instance's subnet that has the address, or
    /// else the address alone.
    pub prefix_length: Option<u8>,
    /// Name servers, in order.
    pub dns: Vec<Ipv4Addr>,
    /// The domain that names are looked up in.
    pub domain: Option<DomainName>,
    /// How long an address is lent.
    pub lease_time: LeaseTime,
}

/// Router advertisements on a port, or on those of a network: a guest gets a default router, and the
/// instance's subnet as the network on the link.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AdvertisementSpec {
    /// Name servers, in order.
    pub dns: Vec<Ipv6Addr>,
}

/// A time in seconds for which an address is lent; the highest is for ever (RFC 2131, 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTime(pub u32);

impl LeaseTime {
    /// The seconds that may be asked for: guests ask again after half of them.
    pub const RANGE: RangeInclusive<u32> = 60..=u32::MAX;
}

impl Default for LeaseTime {
    /// An hour.
    fn default() -> Self {
        Self(3600)
    }
}

/// A domain name or a host's: labels of 1 to 63 letters, digits, `-` and `_` between dots, at most 253
/// characters (RFC 1123, 2.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DomainName(Arc<str>);

impl DomainName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DomainName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > 253 {
            return Err(NameError::TooLong { length: text.len(), limit: 253 });
        }
        for label in text.split('.') {
            if let Some(bad) = label.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_')) {
                return Err(NameError::Character(bad));
            }
            match label.len() {
                0 => return Err(NameError::Empty),
                1..=63 => {}
                length => return Err(NameError::TooLong { length, limit: 63 }),
            }
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Most name servers that a guest may be told of; few resolvers ask more than three.
const DNS_LIMIT: usize = 8;
/// Every DHCP client takes so much, bytes (RFC 2131, 2).
const DHCP_MTU: u32 = 576;
/// The smallest MTU of IPv6, bytes.
const IPV6_MTU: u32 = 1280;

impl PortSpec {
    /// The address that the guest gets by DHCP, if it does.
    #[must_use]
    pub fn lent_address(&self) -> Option<Ipv4Addr> {
        self.dhcp.as_ref().and_then(|_| self.sole_v4())
    }

    /// The router that the guest is told by DHCP.
    #[must_use]
    pub fn v4_router(&self) -> Option<Ipv4Addr> {
        first_v4(&self.gateways)
    }

    /// The address whose network the guest is told by router advertisements, if it is.
    #[must_use]
    pub fn advertised_address(&self) -> Option<IpAddr> {
        self.router_advertisements.as_ref().and_then(|_| self.first_v6()).map(|prefix| prefix.address())
    }

    /// The one IPv4 address that is no network.
    fn sole_v4(&self) -> Option<Ipv4Addr> {
        let hosts = self.addresses.iter().filter(|prefix| prefix.is_host());
        let mut hosts = hosts.filter_map(|prefix| match prefix.address() {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        });
        hosts.next().filter(|_| hosts.next().is_none())
    }

    fn first_v6(&self) -> Option<&Prefix> {
        self.addresses.iter().find(|prefix| prefix.family() == Family::V6)
    }

    /// Checks that the port has what its services tell.
    ///
    /// # Errors
    /// What it lacks.
    pub(super) fn check_services(&self) -> Result<(), Refusal> {
        if let Some(dhcp) = &self.dhcp {
            self.check_dhcp(dhcp).map_err(|why| Refusal::UnusableService { field: "dhcp", why })?;
        }
        if let Some(told) = &self.router_advertisements {
            let checked = self.check_advertisements(told);
            checked.map_err(|why| Refusal::UnusableService { field: "router_advertisements", why })?;
        }
        Ok(())
    }

    fn check_dhcp(&self, dhcp: &DhcpSpec) -> Result<(), &'static str> {
        if self.sole_v4().is_none() {
            return Err("the port needs exactly one IPv4 address of length 32, the guest's");
        }
        if self.mtu.is_some_and(|mtu| mtu < DHCP_MTU) {
            return Err("the port's mtu is below 576 bytes, the size of a DHCP message");
        }
        dhcp.check(&self.gateways)
    }

    fn check_advertisements(&self, told: &AdvertisementSpec) -> Result<(), &'static str> {
        if self.first_v6().is_none() {
            return Err("the port has no IPv6 address");
        }
        if self.mtu.is_some_and(|mtu| mtu < IPV6_MTU) {
            return Err("the port's mtu is below 1280 bytes, the smallest of IPv6");
        }
        told.check()
    }
}

impl NetworkSpec {
    /// A port of the network with what the network gives its ports: the gateway addresses, and those
    /// services that the port has addresses for. A guest without an IPv4 address, or with several, is no
    /// reason to refuse it.
    pub(super) fn furnish(&self, port: PortSpec) -> PortSpec {
        let dhcp = self.dhcp.as_ref().filter(|_| port.sole_v4().is_some()).cloned();
        let router_advertisements = self.router_advertisements.as_ref().filter(|_| port.first_v6().is_some()).cloned();
        PortSpec { gateways: self.gateways.clone(), dhcp, router_advertisements, ..port }
    }

    /// Checks what the network's guests are told.
    ///
    /// # Errors
    /// What is wrong.
    pub(super) fn check_services(&self) -> Result<(), Refusal> {
        if let Some(dhcp) = &self.dhcp {
            dhcp.check(&self.gateways).map_err(|why| Refusal::UnusableService { field: "dhcp", why })?;
        }
        if let Some(told) = &self.router_advertisements {
            told.check().map_err(|why| Refusal::UnusableService { field: "router_advertisements", why })?;
        }
        Ok(())
    }
}

impl DhcpSpec {
    /// Checks what does not depend on the guest.
    fn check(&self, gateways: &BTreeSet<IpAddr>) -> Result<(), &'static str> {
        let Self { prefix_length, dns, domain: _, lease_time } = self;
        if first_v4(gateways).is_none() {
            return Err("it needs an IPv4 gateway address, by which the server answers");
        }
        if prefix_length.is_some_and(|length| !(1..=32).contains(&length)) {
            return Err("prefix_length is not in 1..=32");
        }
        if !LeaseTime::RANGE.contains(&lease_time.0) {
            return Err("lease_time is shorter than 60 seconds");
        }
        check_dns(dns.iter().map(|address| IpAddr::from(*address)))
    }
}

impl AdvertisementSpec {
    /// Checks what does not depend on the guest.
    fn check(&self) -> Result<(), &'static str> {
        check_dns(self.dns.iter().map(|address| IpAddr::from(*address)))
    }
}

fn first_v4(addresses: &BTreeSet<IpAddr>) -> Option<Ipv4Addr> {
    addresses.iter().find_map(|address| match address {
        IpAddr::V4(address) => Some(*address),
        IpAddr::V6(_) => None,
    })
}

fn check_dns(addresses: impl ExactSizeIterator<Item = IpAddr>) -> Result<(), &'static str> {
    if addresses.len() > DNS_LIMIT {
        return Err("more than 8 name servers");
    }
    for address in addresses {
        if address.is_unspecified() || address.is_multicast() || address.is_loopback() {
            return Err("a name server's address is unspecified, loopback or multicast");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::fixtures::port;

    fn refused(port: &PortSpec) -> Option<(&'static str, &'static str)> {
        match port.check_services() {
            Ok(()) => None,
            Err(Refusal::UnusableService { field, why }) => Some((field, why)),
            Err(other) => panic!("{other}"),
        }
    }

    fn with_dhcp(addresses: &str, gateways: &str, edit: impl FnOnce(&mut DhcpSpec)) -> PortSpec {
        let mut dhcp = DhcpSpec::default();
        edit(&mut dhcp);
        PortSpec { dhcp: Some(dhcp), ..port("tap0", "a", addresses, gateways) }
    }

    #[test]
    fn dhcp_needs_an_address_and_a_router() {
        let good = with_dhcp("10.0.0.9/32 10.6.0.0/16 fd00::9/128", "fd00::1 10.0.0.1", |_| {});
        assert_eq!(refused(&good), None);
        assert_eq!(good.lent_address(), Some([10, 0, 0, 9].into()));
        assert_eq!(good.v4_router(), Some([10, 0, 0, 1].into()));
        for (addresses, gateways, word) in [
            ("fd00::9/128", "10.0.0.1", "exactly one"),
            ("10.0.0.0/24", "10.0.0.1", "exactly one"),
            ("10.0.0.9/32 10.0.0.10/32", "10.0.0.1", "exactly one"),
            ("10.0.0.9/32", "fd00::1", "gateway"),
        ] {
            let (field, why) = refused(&with_dhcp(addresses, gateways, |_| {})).unwrap();
            assert!(field == "dhcp" && why.contains(word), "{addresses}: {why}");
        }
        type Edit = fn(&mut DhcpSpec);
        let edits: [(Edit, &str); 5] = [
            (|dhcp| dhcp.prefix_length = Some(0), "prefix_length"),
            (|dhcp| dhcp.prefix_length = Some(33), "prefix_length"),
            (|dhcp| dhcp.lease_time = LeaseTime(59), "lease_time"),
            (|dhcp| dhcp.dns = vec![[9, 9, 9, 9].into(); 9], "more than 8"),
            (|dhcp| dhcp.dns = vec![[127, 0, 0, 53].into()], "loopback"),
        ];
        for (edit, word) in edits {
            let (_, why) = refused(&with_dhcp("10.0.0.9/32", "10.0.0.1", edit)).unwrap();
            assert!(why.contains(word), "{why}");
        }
        let narrow = PortSpec { mtu: Some(575), ..with_dhcp("10.0.0.9/32", "10.0.0.1", |_| {}) };
        assert!(refused(&narrow).is_some());
    }

    #[test]
    fn advertisements_need_an_ipv6_address() {
        let told = |addresses: &str, mtu| {
            let router_advertisements = Some(AdvertisementSpec::default());
            PortSpec { router_advertisements, mtu, ..port("tap0", "a", addresses, "") }
        };
        assert_eq!(refused(&told("10.0.0.9/32 fd00::9/128", Some(1280))), None);
        assert!(refused(&told("10.0.0.9/32", None)).is_some());
        assert!(refused(&told("fd00::9/128", Some(1279))).is_some());
    }

    #[test]
    fn names_are_those_of_domains() {
        let long = "x".repeat(63);
        for good in ["a", "guest-7.example.org", "_srv", &long] {
            assert_eq!(good.parse::<DomainName>().map(|name| name.to_string()), Ok(good.to_owned()));
        }
        assert_eq!("".parse::<DomainName>(), Err(NameError::Empty));
        assert_eq!("a..b".parse::<DomainName>(), Err(NameError::Empty));
        assert_eq!("a b".parse::<DomainName>(), Err(NameError::Character(' ')));
        assert!(format!("{long}x").parse::<DomainName>().is_err());
        assert!(format!("{long}.{long}.{long}.{long}").parse::<DomainName>().is_err());
    }
}
