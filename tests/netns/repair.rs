//! Whatever others do to the host, it is right again a moment later, though nobody asks.

use std::collections::BTreeSet;

use vgw::api::generated::virtual_gateway::{Gateway, Repairs, TVirtualGatewaySyncClient, Uplink};

use crate::daemon::{Daemon, request};
use crate::lab::{eventually, sysctls};
use crate::namespace::Namespace;
use crate::site::{GATEWAYS, Guest, NET1, NET2, OUTSIDE, SUBNETS, Site, port};
use crate::traffic::assert_ping;

/// No check comes to the aid of what the kernel does not tell.
const UNCHECKED: &str = "[host]\ncheck = \"off\"\n";

/// The uplink's table, as far as it is ours and IPv4.
const TABLE: &str = "route show table 20100 proto 201";

/// A site with a second device, and IPv6 off on it: of what goes with IPv6 the kernel would tell.
fn with_uplink_device() -> (Site, Namespace) {
    let (site, router) = (Site::new(), Namespace::new());
    make_uplink_device(&site, &router);
    (site, router)
}

fn make_uplink_device(site: &Site, router: &Namespace) {
    site.compute.connect("eth2", router, "eth0");
    site.compute.sysctl("net.ipv6.conf.eth2.disable_ipv6", "1");
    site.compute.add_address("eth2", "20.0.0.5/24");
    router.add_address("eth0", "20.0.0.1/24");
}

/// Adds the uplink over eth2, and the gateway `vgw1` that uses it.
fn add_uplink(daemon: &Daemon<'_>) {
    let uplink =
        Uplink::new("display".into(), "eth2".into(), "20.0.0.5/24".to_owned(), "20.0.0.1".to_owned(), None, None);
    daemon.call(|daemon| daemon.add_uplink(uplink)).unwrap();
    let subnets = vec![SUBNETS[0].to_owned()];
    let gateway = Gateway::new("vgw1".into(), NET1.into(), subnets, None, Some("display".into()), None, None);
    daemon.call(|daemon| daemon.add_gateway(gateway)).unwrap();
}

/// The part of the host that vgwd looks after, in text.
pub(crate) fn ours(place: &Namespace) -> String {
    let commands = [
        "-o link show group 20100",
        "route show table all proto 201",
        "-6 route show table all proto 201",
        "rule show",
        "-6 rule show",
    ];
    let mut text: String = commands.map(|command| place.ip(command)).concat();
    let addresses = place.ip("-br address show");
    text.extend(addresses.lines().filter(|line| line.starts_with("vgw")).map(|line| line.to_owned() + "\n"));
    text += &place.enter(|| sysctls("net.ipv4.conf.*.forwarding"));
    // What a tap that was made anew has anew.
    let same = |line: &str| match line.split_once(": ") {
        Some((index, rest)) if index.bytes().all(|c| c.is_ascii_digit()) && !rest.starts_with("from") => {
            rest.to_owned()
        }
        _ => line.to_owned(),
    };
    let lines = text.lines().filter(|line| !line.contains("lookup default")).map(|line| same(line) + "\n");
    // The kernel shows the hops of an IPv6 route in the order in which they came.
    lines.collect::<BTreeSet<String>>().into_iter().collect()
}

/// Does something with `ip`, and waits until all is as before.
pub(crate) fn assert_repaired(site: &Site, before: &str, deed: &str) {
    deed.split("; ").for_each(|command| _ = site.compute.ip(command));
    eventually(&format!("after {deed}: {before}"), || ours(&site.compute) == before);
}

fn repairs(daemon: &Daemon<'_>) -> Repairs {
    daemon.status().repairs.unwrap()
}

fn count(daemon: &Daemon<'_>, kind: &str, occasion: &str) -> i64 {
    let counts = repairs(daemon).counts.into_iter();
    counts.filter(|one| one.kind == kind && one.occasion == occasion).map(|one| one.count).sum()
}

pub(crate) fn problems(daemon: &Daemon<'_>) -> Vec<String> {
    daemon.status().problems
}

#[test]
fn what_is_done_to_a_tap_is_undone() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start_with_gateway(&(UNCHECKED.to_owned() + &guest.port("tap0", NET1, "")));
    guest.settle();
    site.compute.ip("link add br0 up type bridge");
    let before = ours(&site.compute);
    let healthy = site.compute.ip("-o link show dev eth1");
    for deed in [
        "link set vgw1 down",
        "link set vgw1 down; link set vgw1 up",
        "address flush dev vgw1",
        "link set vgw1 mtu 1400",
        "link set vgw1 address 02:00:00:00:00:77",
        "link set vgw1 group default",
        "link set vgw1 txqueuelen 7",
        "link set vgw1 master br0",
        "link set vgw1 down master br0",
        "link delete vgw1",
        "link set vgw1 down name renamed",
    ] {
        assert_repaired(&site, &before, deed);
        OUTSIDE.iter().for_each(|outside| assert_ping(&guest.namespace, outside));
        let [v4, v6] = guest.addresses();
        assert_ping(&site.outside, &v4);
        assert_ping(&site.outside, &v6);
    }
    assert_eq!(site.compute.ip("-o link show dev eth1"), healthy);
    assert!(count(&daemon, "link", "notice") >= 6, "{:?}", repairs(&daemon));
    assert!(count(&daemon, "address", "notice") >= 1, "{:?}", repairs(&daemon));
    assert!(repairs(&daemon).last_ms.is_some());
    daemon.wait_for_log("repaired: link set vgw1 address 00:00:5e:00:01:00 mtu 1500 up");
    daemon.assert_accounted();
}

#[test]
fn an_attached_interface_that_is_made_anew_serves_again() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let connect = || {
        site.compute.connect("veth1", &guest.namespace, "eth0");
        guest.namespace.add_address("eth0", "192.168.1.10/24");
        guest.namespace.ip(&format!("route add default via {}", GATEWAYS[0]));
    };
    connect();
    let attached = port("veth1", NET1, &["192.168.1.10"], "attach = true");
    let daemon = site.start_with_gateway(&(UNCHECKED.to_owned() + &attached));
    // More than the port will see after it is back.
    (0..10).for_each(|_| assert_ping(&guest.namespace, OUTSIDE[0]));
    let counted = daemon.counters("veth1").received;
    site.compute.ip("link delete veth1");
    eventually("it is tried", || problems(&daemon).iter().any(|problem| problem.contains("no interface veth1")));
    connect();
    eventually("no problem is left", || problems(&daemon).is_empty());
    assert_ping(&guest.namespace, OUTSIDE[0]);
    assert!(daemon.counters("veth1").received > counted, "it is the same port, with its counters");
}

#[test]
fn a_guest_that_deletes_its_interface_has_another() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start_with_gateway(&("[host]\ncheck = \"1s\"\n".to_owned() + &guest.port("tap0", NET1, "")));
    guest.settle();
    assert_ping(&guest.namespace, OUTSIDE[0]);
    // What happens in there the kernel does not tell out here.
    guest.namespace.ip("link delete eth0");
    eventually("it is made anew", || guest.namespace.ip("-br link show").contains("eth0"));
    guest.settle();
    assert_ping(&guest.namespace, OUTSIDE[0]);
    eventually("no problem is left", || problems(&daemon).is_empty());
}

#[test]
fn flushed_routes_and_rules_come_back() {
    let (site, _router) = with_uplink_device();
    let daemon = site.start(UNCHECKED);
    add_uplink(&daemon);
    assert!(daemon.add(&[request("vgw2", NET2, &[SUBNETS[1]])]));
    let before = ours(&site.compute);
    for deed in [
        "route flush table main proto 201",
        "-6 route flush table main proto 201",
        "route flush table 20100",
        "route delete 192.168.1.0/24 table 20100",
        // The kernel's own go too: they are put back as they were.
        "rule flush; rule add pref 32766 lookup main; rule add pref 32767 lookup default",
        "rule delete pref 20110",
        "rule delete from 192.168.1.0/24 lookup 20100",
    ] {
        assert_repaired(&site, &before, deed);
    }
    assert!(count(&daemon, "rule", "notice") >= 4, "{:?}", repairs(&daemon));
    assert!(problems(&daemon).is_empty(), "{:?}", problems(&daemon));
    daemon.wait_for_log("repaired: rule add from 192.168.1.0/24 lookup 20100 pref 20128");
}

#[test]
fn a_multipath_route_outlives_one_of_its_taps() {
    let site = Site::new();
    let daemon = site.start(UNCHECKED);
    assert!(daemon.add(&["vgw1", "vgw2"].map(|name| request(name, NET1, &SUBNETS))));
    let before = ours(&site.compute);
    assert!(before.contains("nexthop"), "{before}");
    // Of the whole route the kernel says nothing.
    assert_repaired(&site, &before, "link delete vgw1");
    assert_repaired(&site, &before, "link set vgw2 down");
}

#[test]
fn an_uplink_whose_device_flaps_has_its_table_again() {
    let (site, _router) = with_uplink_device();
    let daemon = site.start(UNCHECKED);
    add_uplink(&daemon);
    let before = ours(&site.compute);
    assert!(before.contains("default via 20.0.0.1 dev eth2"), "{before}");
    assert_repaired(&site, &before, "link set eth2 down; link set eth2 up");
    site.compute.ip("link set eth2 down");
    eventually("that is a problem", || problems(&daemon).iter().any(|problem| problem.contains("20.0.0.0/24")));
    assert!(site.compute.ip(TABLE).contains("unreachable default"), "nothing leaves by another way");
    // It holds up nobody else.
    site.compute.ip("route flush table main proto 201");
    eventually("the others are repaired", || site.compute.ip("route show proto 201").contains(SUBNETS[0]));
    assert!(daemon.add(&[request("vgw2", NET2, &["192.168.2.0/24"])]));
    assert!(daemon.delete(&["vgw2"]));
    assert_repaired(&site, &before, "link set eth2 up");
    eventually("no problem is left", || problems(&daemon).is_empty());
}

#[test]
fn an_uplink_without_its_address_waits_for_it() {
    let (site, _router) = with_uplink_device();
    let daemon = site.start(UNCHECKED);
    add_uplink(&daemon);
    let before = ours(&site.compute);
    site.compute.ip("address flush dev eth2");
    eventually("that is a problem", || problems(&daemon).iter().any(|problem| problem.contains("20.0.0.0/24")));
    daemon.wait_for_log("20.0.0.0/24");
    let said = daemon.log().matches("20.0.0.0/24").count();
    assert!(daemon.add(&[request("vgw2", NET2, &["192.168.2.0/24"])]));
    assert!(daemon.delete(&["vgw2"]));
    assert_eq!(daemon.log().matches("20.0.0.0/24").count(), said, "it is not tried in a loop");
    // No route of the kernel's tells of this one.
    assert_repaired(&site, &before, "address add 20.0.0.5/24 dev eth2 noprefixroute");
    eventually("no problem is left", || problems(&daemon).is_empty());
}

#[test]
fn an_uplink_whose_device_is_made_anew_or_renamed_finds_it_again() {
    let (site, router) = with_uplink_device();
    let daemon = site.start(UNCHECKED);
    add_uplink(&daemon);
    let before = ours(&site.compute);
    site.compute.ip("link delete eth2");
    eventually("that is a problem", || problems(&daemon).iter().any(|problem| problem.contains("eth2")));
    // It holds up nobody else, not even its own gateways' taps.
    site.compute.ip("link delete vgw1");
    eventually("the tap is back", || site.compute.ip("route show proto 201").contains("dev vgw1"));
    make_uplink_device(&site, &router);
    eventually(&format!("all is as before: {before}"), || ours(&site.compute) == before);
    site.compute.ip("link set eth2 down name wan0 up");
    eventually("that is a problem", || problems(&daemon).iter().any(|problem| problem.contains("eth2")));
    assert_repaired(&site, &before, "link set wan0 down name eth2 up");
    eventually("no problem is left", || problems(&daemon).is_empty());
    let switch = "net.ipv4.conf.eth2.forwarding";
    assert!(site.compute.enter(|| sysctls(switch)).contains('1'));
    daemon.stop();
    assert!(site.compute.enter(|| sysctls(switch)).contains('0'), "it is given back as it was");
}

#[test]
fn what_sends_no_notice_is_found_by_the_check() {
    let site = Site::new();
    let daemon = site.start("[host]\ncheck = \"1s\"\n");
    assert!(daemon.add(&[request("vgw1", NET1, &SUBNETS)]));
    let before = ours(&site.compute);
    for switch in ["net.ipv4.conf.vgw1.forwarding", "net.ipv4.conf.eth1.forwarding"] {
        if site.compute.enter(|| sysctls(switch)).contains('1') {
            site.compute.sysctl(switch, "0");
            eventually(switch, || ours(&site.compute) == before);
        }
    }
    assert!(count(&daemon, "setting", "check") >= 1, "{:?}", repairs(&daemon));
}

#[test]
fn a_way_out_of_the_host_is_open_as_long_as_it_is_one() {
    let (site, _router) = with_uplink_device();
    let daemon = site.start(UNCHECKED);
    assert!(daemon.add(&[request("vgw1", NET1, &[SUBNETS[0]])]));
    let is_open = || site.compute.enter(|| sysctls("net.ipv4.conf.eth2.forwarding")).contains('1');
    site.compute.ip("route delete 20.0.0.0/24 dev eth2");
    eventually("no route leads out there", || !is_open());
    site.compute.ip("route add default dev eth2");
    eventually("the default route leads out there", is_open);
    site.compute.ip("route delete default");
    eventually("it does not any more", || !is_open());
    assert!(repairs(&daemon).counts.is_empty(), "{:?}", repairs(&daemon));
}

#[test]
fn what_is_undone_again_and_again_is_an_alarm_until_that_stops() {
    let site = Site::new();
    let daemon = site.start(UNCHECKED);
    assert!(daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"]), request("vgw2", NET2, &["10.5.2.0/24"])]));
    let stands = |subnet: &str| site.compute.ip("route show proto 201").contains(subnet);
    for _ in 0..5 {
        site.compute.ip("route delete 10.5.1.0/24");
        eventually("it is repaired", || stands("10.5.1.0/24"));
    }
    eventually("that is a problem", || problems(&daemon).iter().any(|problem| problem.contains("route 10.5.1.0/24")));
    daemon.wait_for_log("route 10.5.1.0/24: repaired again and again");
    site.compute.ip("route delete 10.5.1.0/24");
    site.compute.ip("route delete 10.5.2.0/24");
    eventually("the other one is repaired", || stands("10.5.2.0/24"));
    // A pause of at least a second, of which far less is over.
    eventually("the pause ends", || stands("10.5.1.0/24"));
    assert!(count(&daemon, "route", "notice") >= 7, "{:?}", repairs(&daemon));
}

#[test]
fn our_own_changes_are_no_news() {
    let (site, guest) = (Site::new(), Guest::new(10));
    let daemon = site.start(UNCHECKED);
    for round in 0..3 {
        let names: Vec<String> = (0..20).map(|number| format!("vgw{number}")).collect();
        let requests = names.iter().enumerate();
        let requests: Vec<_> =
            requests.map(|(number, name)| request(name, name, &[&format!("10.5{round}.{number}.0/24")])).collect();
        assert!(daemon.add(&requests));
        assert!(daemon.delete(&names.iter().map(String::as_str).collect::<Vec<_>>()));
    }
    drop(guest);
    assert!(repairs(&daemon).counts.is_empty(), "{:?}", repairs(&daemon));
    assert!(!daemon.log().contains("somebody else has changed the host"), "{}", daemon.log());
}
