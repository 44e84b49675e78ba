//! Packets between guests, gateway and the world outside.

use crate::daemon::{Daemon, request};
use crate::site::{GATEWAYS, Guest, NET1, OUTSIDE, SUBNETS, Site};
use crate::traffic::{assert_ping, assert_tcp, assert_udp};

/// Enough for many super-packets and a full window.
const BULK: usize = 64 << 20;

/// A site with one guest and its gateway; calls the test with all of it.
fn with_guest(test: impl FnOnce(&Site, &Guest, &Daemon<'_>)) {
    let (site, guest) = (Site::new(), Guest::new(253));
    let daemon = site.start_with_gateway(&guest.port("tap0", NET1, ""));
    guest.settle();
    test(&site, &guest, &daemon);
    daemon.assert_accounted();
}

#[test]
fn echo_passes_both_ways() {
    with_guest(|site, guest, daemon| {
        for (outside, inside) in OUTSIDE.iter().zip(guest.addresses()) {
            assert_ping(&guest.namespace, outside);
            assert_ping(&site.outside, &inside);
            assert_ping(&site.compute, &inside);
        }
        assert!(daemon.counters("tap0").sent >= 12, "{:?}", daemon.counters("tap0"));
    });
}

#[test]
fn a_guest_finds_its_addresses_free() {
    let (site, guest) = (Site::new(), Guest::careful(253));
    let daemon = site.start_with_gateway(&guest.port("tap0", NET1, ""));
    guest.settle();
    assert_ping(&site.outside, &guest.addresses()[1]);
    assert!(daemon.dropped("tap0", "IPV6_NDISC_NS_OTHERHOST") > 0, "the guest has asked");
}

#[test]
fn the_gateways_addresses_answer_echo() {
    with_guest(|site, guest, _| {
        for gateway in GATEWAYS {
            assert_ping(&guest.namespace, gateway);
            assert_ping(&site.outside, gateway);
        }
    });
}

#[test]
fn tcp_streams_arrive_whole_from_the_guest() {
    with_guest(|site, guest, _| {
        for outside in OUTSIDE {
            assert_tcp(&guest.namespace, &site.outside, outside, BULK);
        }
    });
}

#[test]
fn tcp_streams_arrive_whole_at_the_guest() {
    with_guest(|site, guest, _| {
        for inside in guest.addresses() {
            assert_tcp(&site.outside, &guest.namespace, &inside, BULK);
        }
    });
}

#[test]
fn datagrams_of_all_sizes_pass_both_ways() {
    with_guest(|site, guest, _| {
        for (outside, inside) in OUTSIDE.iter().zip(guest.addresses()) {
            // Empty, odd, one frame full, in fragments, the largest.
            for length in [0, 1, 1452, 1473, 9000, 65_000] {
                assert_udp(&guest.namespace, &site.outside, outside, length);
                assert_udp(&site.outside, &guest.namespace, &inside, length);
            }
        }
    });
}

#[test]
fn guests_of_an_instance_reach_each_other() {
    let (site, one, other) = (Site::new(), Guest::new(10), Guest::new(11));
    let daemon = site.start_with_gateway(&(one.port("tap0", NET1, "") + &other.port("tap1", NET1, "")));
    one.settle();
    other.settle();
    for (there, back) in other.addresses().iter().zip(one.addresses()) {
        assert_ping(&one.namespace, there);
        assert_ping(&other.namespace, &back);
        assert_udp(&one.namespace, &other.namespace, there, 1400);
        assert_tcp(&one.namespace, &other.namespace, there, BULK / 8);
    }
    assert_eq!(daemon.counters("vgw1").transmitted, 0, "it stays inside");
    daemon.assert_accounted();
}

#[test]
fn guests_of_an_instance_reach_each_other_without_a_gateway() {
    let (site, one, other) = (Site::new(), Guest::new(10), Guest::new(11));
    let daemon = site.start(&(one.port("tap0", NET1, "") + &other.port("tap1", NET1, "")));
    one.settle();
    other.settle();
    for (there, back) in other.addresses().iter().zip(one.addresses()) {
        assert_ping(&one.namespace, there);
        assert_ping(&other.namespace, &back);
    }
    daemon.assert_accounted();
}

#[test]
fn two_gateways_share_their_subnets_of_both_families() {
    with_guest(|site, guest, daemon| {
        assert!(daemon.add(&[request("vgw2", NET1, &SUBNETS)]));
        let routes = site.compute.ip("route show proto 201") + &site.compute.ip("-6 route show proto 201");
        assert_eq!(routes.matches("nexthop").count(), 4, "{routes}");
        // Enough flows for both ways.
        for port in 0..8 {
            for (outside, inside) in OUTSIDE.iter().zip(guest.addresses()) {
                assert_ping(&site.outside, &inside);
                assert_udp(&guest.namespace, &site.outside, outside, 1000 + port);
            }
        }
        assert!(daemon.delete(&["vgw1"]));
        GATEWAYS.iter().for_each(|gateway| assert_ping(&site.outside, gateway));
        assert!(daemon.add(&[request("vgw1", NET1, &SUBNETS)]));
    });
}
