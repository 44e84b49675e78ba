//! What guests are told, to and from the daemon.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::api::generated::virtual_gateway as wire;
use crate::gateway::DomainName;

use super::super::args::Services;
use super::super::report;
use super::answer::number;

/// DHCP as it was asked for, for one guest of this name or for those of a network.
pub(super) fn dhcp(given: &Services, host_name: Option<&DomainName>) -> Option<wire::Dhcp> {
    given.dhcp.then(|| wire::Dhcp {
        prefix_length: given.dhcp_prefix_length,
        dns: Some(given.dhcp_dns.iter().map(Ipv4Addr::to_string).collect()),
        host_name: host_name.map(DomainName::to_string),
        domain: given.dhcp_domain.as_ref().map(DomainName::to_string),
        lease_time: given.dhcp_lease_time.map(i64::from),
    })
}

/// Router advertisements as they were asked for.
pub(super) fn router_advertisements(given: &Services) -> Option<wire::RouterAdvertisements> {
    let dns = || given.ra_dns.iter().map(Ipv6Addr::to_string).collect();
    given.router_advertisements.then(|| wire::RouterAdvertisements { dns: Some(dns()) })
}

/// What the guests of a network are told by DHCP.
pub(super) fn network_dhcp(answer: wire::Dhcp) -> report::NetworkDhcp {
    let wire::Dhcp { prefix_length, dns, host_name: _, domain, lease_time } = answer;
    report::NetworkDhcp {
        prefix_length: prefix_length.map(|length| number(length.into())),
        dns: dns.unwrap_or_default(),
        domain,
        lease_time: lease_time.map(number).unwrap_or_default(),
    }
}

/// What the guests of a network are told by router advertisements.
pub(super) fn network_advertisements(answer: wire::RouterAdvertisements) -> report::NetworkAdvertisements {
    report::NetworkAdvertisements { dns: answer.dns.unwrap_or_default() }
}
