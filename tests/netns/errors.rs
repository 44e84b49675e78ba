//! What senders are told about packets that go no further.

use std::net::IpAddr;

use crate::site::{GATEWAYS, Guest, NET1, OUTSIDE, Site};
use crate::traffic::{DISCARD, assert_ping_with, assert_tcp, assert_udp, bind, failing_ping, unspecified};

/// Enough that a sender which is told nothing would stand still.
const STREAM: usize = 4 << 20;

#[test]
fn the_gateway_is_the_first_hop_of_a_trace() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start_with_gateway(&guest.port("tap0", NET1, ""));
    guest.settle();
    for ((to, gateway), host) in OUTSIDE.iter().zip(GATEWAYS).zip(["10.1.1.254", "2001:db8:1::254"]) {
        let text = failing_ping(&guest.namespace, to, "-t 1");
        assert!(text.contains(&format!("From {gateway} icmp_seq=1 Time")), "{text}");
        let text = failing_ping(&guest.namespace, to, "-t 2");
        assert!(text.contains(&format!("From {host} icmp_seq=1 Time")), "{text}");
        assert_ping_with(&guest.namespace, to, "-t 3");
    }
    for to in guest.addresses() {
        let text = failing_ping(&site.outside, &to, "-t 2");
        assert!(GATEWAYS.iter().any(|gateway| text.contains(&format!("From {gateway} icmp_seq=1 Time"))), "{text}");
    }
    assert_eq!(daemon.dropped("tap0", "IP_TTL"), 2);
    assert_eq!(daemon.dropped("vgw1", "IP_TTL"), 2);
    daemon.assert_accounted();
}

#[test]
fn a_narrow_link_outside_is_found_by_the_guest() {
    let (site, guest) = (Site::new(), Guest::new(10));
    site.compute.ip("link set eth1 mtu 1400");
    let daemon = site.start_with_gateway(&guest.port("tap0", NET1, ""));
    guest.settle();
    for (to, fitting) in OUTSIDE.iter().zip([1372, 1352]) {
        let text = failing_ping(&guest.namespace, to, &format!("-M do -s {}", fitting + 1));
        assert!(text.contains("mtu = 1400") || text.contains("mtu=1400"), "{text}");
        assert_ping_with(&guest.namespace, to, &format!("-M do -s {fitting}"));
        assert_tcp(&guest.namespace, &site.outside, to, STREAM);
    }
    daemon.assert_accounted();
}

#[test]
fn a_narrow_port_is_found_by_the_host_outside() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start_with_gateway(&guest.port("tap0", NET1, "mtu = 1300"));
    guest.settle();
    assert!(guest.namespace.ip("link show dev eth0").contains("mtu 1300"));
    // Else the guest would ask for small segments from the start.
    guest.namespace.ip("link set eth0 mtu 1500");
    for (to, fitting) in guest.addresses().iter().zip([1272, 1252]) {
        let text = failing_ping(&site.outside, to, &format!("-M do -s {}", fitting + 1));
        assert!(text.contains("mtu = 1300") || text.contains("mtu=1300"), "{text}");
        assert_ping_with(&site.outside, to, &format!("-M do -s {fitting}"));
        assert_tcp(&site.outside, &guest.namespace, to, STREAM);
    }
    assert!(daemon.dropped("vgw1", "PKT_TOO_BIG") >= 2);
    daemon.assert_accounted();
}

#[test]
fn a_wide_port_is_told_of_the_gateways_mtu() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start_with_gateway(&guest.port("tap0", NET1, "mtu = 9000"));
    guest.settle();
    for ((to, gateway), fitting) in OUTSIDE.iter().zip(GATEWAYS).zip([1472, 1452]) {
        let text = failing_ping(&guest.namespace, to, "-M do -s 8000");
        assert!(text.contains("mtu = 1500") || text.contains("mtu=1500"), "{text}");
        assert!(text.contains(&format!("From {gateway} ")), "{text}");
        assert_ping_with(&guest.namespace, to, &format!("-M do -s {fitting}"));
        assert_tcp(&guest.namespace, &site.outside, to, STREAM);
    }
    daemon.assert_accounted();
}

#[test]
fn packets_that_may_be_fragmented_are() {
    let (site, guest) = (Site::new(), Guest::new(10));
    // Senders clear DF.
    for namespace in [&site.outside, &guest.namespace] {
        namespace.sysctl("net.ipv4.ip_no_pmtu_disc", "1");
    }
    let daemon = site.start_with_gateway(&guest.port("tap0", NET1, "mtu = 1300"));
    guest.settle();
    let [v4, _] = guest.addresses();
    for length in [1273, 1400, 1472, 9000] {
        assert_udp(&site.outside, &guest.namespace, &v4, length);
    }
    assert_ping_with(&site.outside, &v4, "-M dont -s 1400");
    assert_eq!(daemon.dropped("vgw1", "PKT_TOO_BIG"), 0);
    let (taken, given) = (daemon.counters("vgw1").sent, daemon.counters("tap0").transmitted);
    assert!(given >= taken + 12, "{taken} packets became {given} frames");
    daemon.assert_accounted();
}

#[test]
fn an_address_that_nobody_has_is_unreachable_at_once() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start_with_gateway(&guest.port("tap0", NET1, ""));
    guest.settle();
    for (count, (to, gateway)) in (1..).zip(["192.168.1.99", "2001:db8:2::99"].into_iter().zip(GATEWAYS)) {
        let text = failing_ping(&site.outside, to, "");
        let told = ["Destination Host Unreachable", "Destination unreachable: Address unreachable"];
        assert!(told.iter().any(|told| text.contains(&format!("From {gateway} icmp_seq=1 {told}"))), "{text}");
        assert_eq!(daemon.dropped("vgw1", "ROUTE_UNREACHABLE"), count, "once, not in circles");
    }
    daemon.assert_accounted();
}

#[test]
fn closed_ports_of_the_gateway_are_refused() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start_with_gateway(&guest.port("tap0", NET1, ""));
    guest.settle();
    for gateway in GATEWAYS {
        let gateway: IpAddr = gateway.parse().unwrap();
        let socket = bind(&guest.namespace, (unspecified(gateway), 0).into());
        socket.connect((gateway, DISCARD)).unwrap();
        socket.send(b"anybody there?").unwrap();
        let error = socket.recv(&mut [0; 9]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused, "{gateway}");
    }
    assert_eq!(daemon.dropped("tap0", "NO_SOCKET"), 2);
    daemon.assert_accounted();
}
