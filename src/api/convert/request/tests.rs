use super::*;
use crate::addr::Family;
use crate::api::generated::virtual_gateway::NextHopKind;

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn wire_port() -> wire::Port {
    wire::Port {
        name: "tap0".to_owned(),
        routing_instance: "net1".to_owned(),
        addresses: texts(&["192.168.1.253", "2001:db8::/64"]),
        mac: None,
        gateways: None,
        mtu: None,
        attach: None,
        guest: None,
        weight: None,
        dhcp: None,
        router_advertisements: None,
    }
}

fn port_fault(change: impl FnOnce(&mut wire::Port)) -> String {
    let mut request = wire_port();
    change(&mut request);
    port(&request).unwrap_err().to_string()
}

#[test]
fn a_port_is_read_whole() {
    let request = wire::Port {
        mac: Some("02:00:00:00:00:01".to_owned()),
        gateways: Some(texts(&["192.168.1.1", "192.168.1.1"])),
        mtu: Some(9000),
        guest: Some(wire::Guest {
            netns: "guest1".to_owned(),
            name: "eth0".to_owned(),
            addresses: Some(texts(&["192.168.1.253/24"])),
        }),
        ..wire_port()
    };
    let spec = port(&request).unwrap();
    assert_eq!(
        spec.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["192.168.1.253/32", "2001:db8::/64"]
    );
    assert_eq!(spec.mac.unwrap().to_string(), "02:00:00:00:00:01");
    assert_eq!(spec.gateways.len(), 1);
    assert_eq!(spec.mtu, Some(9000));
    let PortKind::Tap(Some(guest)) = spec.kind else { panic!("{:?}", spec.kind) };
    assert_eq!(guest.addresses.first().unwrap().to_string(), "192.168.1.253/24");
}

#[test]
fn what_a_guest_is_told_is_read() {
    let dhcp = wire::Dhcp {
        prefix_length: Some(24),
        dns: Some(texts(&["9.9.9.9", "1.1.1.1"])),
        host_name: Some("guest7".to_owned()),
        domain: Some("example.org".to_owned()),
        lease_time: Some(4_294_967_295),
    };
    let told = wire::RouterAdvertisements { dns: Some(texts(&["fd00::53"])) };
    let asked = |dhcp, told| port(&wire::Port { dhcp: Some(dhcp), router_advertisements: Some(told), ..wire_port() });
    let spec = asked(dhcp.clone(), told.clone()).unwrap();
    let read = spec.dhcp.unwrap();
    assert_eq!((read.prefix_length, read.lease_time.0), (Some(24), u32::MAX));
    assert_eq!(read.dns, [[9, 9, 9, 9], [1, 1, 1, 1]].map(std::net::Ipv4Addr::from), "in their order");
    assert_eq!((spec.host_name.unwrap().as_str(), read.domain.unwrap().as_str()), ("guest7", "example.org"));
    assert_eq!(spec.router_advertisements.unwrap().dns, ["fd00::53".parse::<std::net::Ipv6Addr>().unwrap()]);
    let none = wire::Dhcp { prefix_length: None, dns: None, host_name: None, domain: None, lease_time: None };
    let spec = asked(none, wire::RouterAdvertisements { dns: None }).unwrap();
    assert_eq!(spec.dhcp, Some(DhcpSpec::default()));

    let faulty = |change: fn(&mut wire::Dhcp)| {
        let mut dhcp = dhcp.clone();
        change(&mut dhcp);
        asked(dhcp, told.clone()).unwrap_err().field
    };
    assert_eq!(faulty(|dhcp| dhcp.prefix_length = Some(-1)), "dhcp.prefix_length");
    assert_eq!(faulty(|dhcp| dhcp.dns = Some(texts(&["9.9.9.9", "fd00::53"]))), "dhcp.dns[1]");
    assert_eq!(faulty(|dhcp| dhcp.host_name = Some("a b".to_owned())), "dhcp.host_name");
    assert_eq!(faulty(|dhcp| dhcp.domain = Some(String::new())), "dhcp.domain");
    assert_eq!(faulty(|dhcp| dhcp.lease_time = Some(59)), "dhcp.lease_time");
    assert_eq!(faulty(|dhcp| dhcp.lease_time = Some(4_294_967_296)), "dhcp.lease_time");
}

#[test]
fn what_a_networks_guests_are_told_is_read() {
    let dhcp = wire::Dhcp { prefix_length: None, dns: None, host_name: None, domain: None, lease_time: Some(600) };
    let request = wire::Network {
        id: "9f2c1d34-0a1b-4c5d-8e6f-0123456789ab".to_owned(),
        routing_instance: "net1".to_owned(),
        gateways: Some(texts(&["10.0.0.1"])),
        dhcp: Some(dhcp.clone()),
        router_advertisements: Some(wire::RouterAdvertisements { dns: Some(texts(&["fd00::53"])) }),
    };
    let spec = network(&request).unwrap();
    assert_eq!((spec.dhcp.unwrap().lease_time.0, spec.router_advertisements.unwrap().dns.len()), (600, 1));
    let named = wire::Dhcp { host_name: Some("web".to_owned()), ..dhcp };
    let fault = network(&wire::Network { dhcp: Some(named), ..request }).unwrap_err();
    assert_eq!(fault.field, "dhcp.host_name");
}

#[test]
fn a_ports_faults_name_the_field() {
    assert_eq!(port_fault(|port| port.name = "a/b".to_owned()), "name: the name contains '/', which is not allowed");
    assert_eq!(port_fault(|port| port.addresses.clear()), "addresses: the list is empty");
    assert_eq!(
        port_fault(|port| port.addresses.push("x".to_owned())),
        "addresses[2]: 'x' is not an IPv4 or IPv6 address"
    );
    assert_eq!(port_fault(|port| port.mtu = Some(-1)), "mtu: -1 is negative");
    assert!(port_fault(|port| port.mac = Some("02".to_owned())).starts_with("mac: "));
    assert!(port_fault(|port| port.gateways = Some(texts(&["10.0.0.1", "10"]))).starts_with("gateways[1]: "));
    let guest = || wire::Guest { netns: "g".to_owned(), name: "eth0".to_owned(), addresses: None };
    let both = port_fault(|port| (port.attach, port.guest) = (Some(true), Some(guest())));
    assert_eq!(both, "guest: only a tap that the daemon makes can be placed");
}

#[test]
fn a_gateways_prefixes_and_uplink_are_read() {
    let request = wire::Gateway {
        interface_name: "vgw1".to_owned(),
        routing_instance: "net1".to_owned(),
        subnets: texts(&["10.1.2.3/16"]),
        routes: None,
        uplink: Some("display".to_owned()),
        masquerade: Some(true),
        weight: Some(256),
    };
    let spec = gateway(&request).unwrap();
    assert_eq!(spec.subnets.first().unwrap().to_string(), "10.1.0.0/16");
    assert_eq!(spec.uplink.unwrap().as_str(), "display");
    assert_eq!((spec.masquerade, spec.weight.get()), (true, 256));
    let unnamed = gateway(&wire::Gateway { masquerade: None, weight: None, ..request.clone() }).unwrap();
    assert_eq!((unnamed.masquerade, unnamed.weight.get()), (false, 1));
    for weight in [-1, 0, 257] {
        let fault = gateway(&wire::Gateway { weight: Some(weight), ..request.clone() }).unwrap_err().to_string();
        assert_eq!(fault, "weight: a weight is a number from 1 to 256");
    }

    let fault = |subnets| gateway(&wire::Gateway { subnets, ..request.clone() }).unwrap_err().to_string();
    assert_eq!(fault(Vec::new()), "subnets: the list is empty");
    assert_eq!(fault(texts(&["10.0.0.0/33"])), "subnets[0]: prefix length 33 is not in 0..=32");
}

#[test]
fn an_uplink_keeps_its_host_bits() {
    let request = wire::Uplink {
        name: "display".to_owned(),
        device: "eth1".to_owned(),
        address: Some("20.0.0.5/24".to_owned()),
        via: Some("20.0.0.1".to_owned()),
        table: Some(1 << 32),
        lease: None,
    };
    assert_eq!(uplink(&request).unwrap_err().to_string(), "table: 4294967296 is no table");
    let bare = wire::Uplink { address: Some("20.0.0.5".to_owned()), ..request.clone() };
    let reason = "address: '20.0.0.5' has no prefix length: write 20.0.0.5/LENGTH";
    assert_eq!(uplink(&bare).unwrap_err().to_string(), reason);
    let spec = uplink(&wire::Uplink { table: Some(100), ..request }).unwrap();
    let fixed = Attachment { address: "20.0.0.5/24".parse().unwrap(), via: "20.0.0.1".parse().unwrap() };
    assert_eq!((spec.addressing, spec.table), (Addressing::Fixed(fixed), Some(100)));
}

#[test]
fn an_uplinks_address_is_given_or_leased() {
    let read = |address: &str, via: &str, lease: &str| {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let request = wire::Uplink {
            name: "display".to_owned(),
            device: "eth1".to_owned(),
            address: some(address),
            via: some(via),
            table: None,
            lease: some(lease),
        };
        uplink(&request).map(|spec| spec.addressing).map_err(|fault| fault.field)
    };
    assert_eq!(read("", "", "ipv6"), Ok(Addressing::Leased(Family::V6)));
    assert_eq!(read("", "", "dhcp"), Err("lease".to_owned()));
    assert_eq!(read("20.0.0.5/24", "20.0.0.1", "ipv4"), Err("lease".to_owned()));
    assert_eq!(read("", "20.0.0.1", "ipv4"), Err("lease".to_owned()));
    assert_eq!(read("20.0.0.5/24", "", ""), Err("via".to_owned()));
    assert_eq!(read("", "20.0.0.1", ""), Err("address".to_owned()));
    assert_eq!(read("", "", ""), Err("address".to_owned()));
}

#[test]
fn a_route_leads_where_users_may_lead_it() {
    let hop = |port: &str| wire::Hop { port: port.to_owned(), gateway: None, weight: None };
    let to = |kind, hops| {
        route(&wire::Route {
            routing_instance: "net1".to_owned(),
            prefix: "10.0.0.0/8".to_owned(),
            next_hop: wire::NextHop { kind, hops },
        })
        .map(|route| route.next_hop.to_string())
        .map_err(|fault| fault.field)
    };
    let group = Some(vec![hop("tap1"), hop("tap0")]);
    assert_eq!(to(NextHopKind::FORWARD, group), Ok("nexthop dev tap0 nexthop dev tap1".to_owned()));
    assert_eq!(to(NextHopKind::DISCARD, None), Ok("discard".to_owned()));
    assert_eq!(to(NextHopKind::UNREACHABLE, Some(Vec::new())), Ok("unreachable".to_owned()));
    assert_eq!(to(NextHopKind::FORWARD, None), Err("next_hop.hops".to_owned()));
    assert_eq!(to(NextHopKind::DISCARD, Some(vec![hop("tap0")])), Err("next_hop.hops".to_owned()));
    for kind in [NextHopKind::LOCAL, NextHopKind::NO_ROUTE, NextHopKind(77)] {
        assert_eq!(to(kind, None), Err("next_hop.kind".to_owned()));
    }
}
