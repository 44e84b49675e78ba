//! What a guest is told, as the packet path takes it.

use crate::gateway::{DomainName, PortSpec, ToldNetworks};
use crate::packet::dhcp::Lease;
use crate::packet::nd::{ROUTER_LIFETIME, RouterAdvertisement};

/// What a port's guest is told by DHCP.
pub(super) fn lease(spec: &PortSpec, told: ToldNetworks, mtu: u32) -> Option<Lease> {
    let dhcp = spec.dhcp.as_ref()?;
    let text = |name: &Option<DomainName>| name.as_ref().map(|name| name.as_str().into());
    Some(Lease {
        address: spec.lent_address()?,
        prefix_length: prefix_length(spec, told)?,
        router: spec.v4_router()?,
        dns: dhcp.dns.clone(),
        host_name: text(&spec.host_name),
        domain: text(&dhcp.domain),
        mtu: u16::try_from(mtu).unwrap_or(u16::MAX),
        time: dhcp.lease_time.0,
    })
}

/// The length of the network that a port's guest is told by DHCP.
pub(super) fn prefix_length(spec: &PortSpec, told: ToldNetworks) -> Option<u8> {
    let subnet = told.v4.map_or(32, |subnet| subnet.length());
    spec.dhcp.as_ref().map(|dhcp| dhcp.prefix_length.unwrap_or(subnet))
}

/// What a port's guest is told by router advertisements.
pub(super) fn advertisement(spec: &PortSpec, told: ToldNetworks, mtu: u32) -> Option<RouterAdvertisement> {
    let advertised = spec.router_advertisements.as_ref()?;
    // Of addresses that a guest forms by itself, the port lets those pass that it has.
    let is_autonomous = told.v6.is_some_and(|network| {
        network.length() == 64 && spec.addresses.iter().any(|addresses| addresses.covers(&network))
    });
    Some(RouterAdvertisement {
        lifetime: ROUTER_LIFETIME,
        mtu,
        network: told.v6,
        is_autonomous,
        dns: advertised.dns.clone(),
    })
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::addr::{InstanceName, Prefix, Weight};
    use crate::gateway::{AdvertisementSpec, DhcpSpec, PortKind};

    fn port(addresses: &[&str]) -> PortSpec {
        PortSpec {
            name: "tap0".parse().unwrap(),
            instance: InstanceName::new("net").unwrap(),
            kind: PortKind::Tap(None),
            addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
            mac: None,
            gateways: ["10.0.0.1", "fd00::1"].map(|text| text.parse::<IpAddr>().unwrap()).into(),
            mtu: None,
            weight: Weight::ONE,
            dhcp: Some(DhcpSpec::default()),
            host_name: None,
            router_advertisements: Some(AdvertisementSpec::default()),
        }
    }

    fn told(v4: &str, v6: &str) -> ToldNetworks {
        let network = |text: &str| (!text.is_empty()).then(|| text.parse::<Prefix>().unwrap());
        ToldNetworks { v4: network(v4), v6: network(v6) }
    }

    #[test]
    fn the_length_is_given_or_the_subnets_or_the_address_alone() {
        let spec = port(&["10.0.0.9/32"]);
        let length = |spec: &PortSpec, v4| lease(spec, told(v4, ""), 1500).unwrap().prefix_length;
        assert_eq!((length(&spec, "10.0.0.0/24"), length(&spec, "")), (24, 32));
        let given = PortSpec { dhcp: Some(DhcpSpec { prefix_length: Some(8), ..DhcpSpec::default() }), ..spec };
        assert_eq!(length(&given, "10.0.0.0/24"), 8);
        let lease = lease(&given, told("", ""), 70_000).unwrap();
        assert_eq!((lease.address, lease.router), ([10, 0, 0, 9].into(), [10, 0, 0, 1].into()));
        assert_eq!((lease.mtu, lease.time), (u16::MAX, 3600));
    }

    #[test]
    fn guests_form_addresses_only_where_all_are_theirs() {
        let is_autonomous =
            |addresses: &[&str], v6| advertisement(&port(addresses), told("", v6), 1500).unwrap().is_autonomous;
        assert!(!is_autonomous(&["fd00::9/128"], "fd00::/64"));
        assert!(!is_autonomous(&["fd00::/65"], "fd00::/64"));
        assert!(is_autonomous(&["fd00::/64"], "fd00::/64"));
        assert!(!is_autonomous(&["fd00::/48"], "fd00::/48"), "hosts form addresses of 64 bits");
        assert!(!is_autonomous(&["fd00::/64"], ""));
    }
}
