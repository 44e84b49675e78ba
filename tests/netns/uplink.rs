//! Several ways out: which network leaves by which, and back.

use std::net::IpAddr;

use vgw::api::generated::virtual_gateway::{Gateway, TVirtualGatewaySyncClient, Uplink};

use crate::daemon::{Daemon, request};
use crate::namespace::Namespace;
use crate::site::{Guest, NET1, NET2, OUTSIDE, Site, other_guest};
use crate::sniffer::Sniffer;
use crate::traffic::{assert_ping, assert_tcp, assert_udp};

/// Addresses that both routers lead to; here they have them themselves.
pub(crate) const FAR: [&str; 2] = ["198.51.100.1", "2001:db8:f::1"];

const STREAM: usize = 8 << 20;

/// A site whose compute node has a second router: `site.outside` by eth1, the default, and the one
/// that comes back by eth2. Every reverse path is checked strictly.
pub(crate) fn with_two_routers() -> (Site, Namespace) {
    let (site, second) = (Site::new(), Namespace::new());
    let compute = &site.compute;
    compute.connect("eth2", &second, "eth0");
    for address in ["20.0.0.5/24", "2001:db8:20::5/64", "fe80::20/64"] {
        compute.add_address("eth2", address);
    }
    for address in ["20.0.0.1/24", "2001:db8:20::1/64"] {
        second.add_address("eth0", address);
    }
    second.ip("route add 192.168.1.0/24 via 20.0.0.5");
    second.ip("-6 route add 2001:db8:2::/64 via 2001:db8:20::5");
    for router in [&site.outside, &second] {
        // From where they ask for the neighbours of answers from an address on another device.
        router.add_address("eth0", "fe80::1/64");
        router.add_address("lo", &format!("{}/32", FAR[0]));
        router.add_address("lo", &format!("{}/128", FAR[1]));
    }
    compute.ip(&format!("route add default via {}", OUTSIDE[0]));
    compute.ip(&format!("-6 route add default via {}", OUTSIDE[1]));
    for device in ["all", "default", "eth1", "eth2"] {
        compute.sysctl(&format!("net.ipv4.conf.{device}.rp_filter"), "1");
    }
    (site, second)
}

pub(crate) fn uplink(name: &str, address: &str, via: &str) -> Uplink {
    uplink_by(name, "eth2", address, via)
}

pub(crate) fn uplink_by(name: &str, device: &str, address: &str, via: &str) -> Uplink {
    Uplink::new(name.to_owned(), device.to_owned(), address.to_owned(), via.to_owned(), None, None)
}

/// A gateway with this uplink.
pub(crate) fn gateway(interface: &str, instance: &str, subnet: &str, uplink: &str) -> Gateway {
    let (interface, instance) = (interface.to_owned(), instance.to_owned());
    Gateway::new(interface, instance, vec![subnet.to_owned()], None, Some(uplink.to_owned()), None, None)
}

/// Adds the uplink of each family, and a gateway for each.
pub(crate) fn add_all(daemon: &Daemon<'_>) {
    let v4 = (uplink("display", "20.0.0.5/24", "20.0.0.1"), gateway("vgw1", NET1, "192.168.1.0/24", "display"));
    let v6 = (uplink("six", "2001:db8:20::5/64", "2001:db8:20::1"), gateway("vgw2", NET1, "2001:db8:2::/64", "six"));
    for (uplink, gateway) in [v4, v6] {
        daemon.call(|daemon| daemon.add_uplink(uplink)).unwrap();
        daemon.call(|daemon| daemon.add_gateway(gateway)).unwrap();
    }
}

/// How many of the frames since the last look went to [`FAR`] or came from there.
pub(crate) fn frames_to_far(sniffer: &Sniffer) -> usize {
    let [v4, v6] = FAR.map(|far| match far.parse().unwrap() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    });
    let carries = |frame: &Vec<u8>, address: &[u8]| frame.windows(address.len()).any(|part| part == address);
    sniffer.frames().iter().filter(|frame| carries(frame, &v4) || carries(frame, &v6)).count()
}

#[test]
fn a_network_leaves_by_its_uplink_only() {
    let ((site, second), guest) = (with_two_routers(), Guest::new(10));
    let daemon = site.start(&guest.port("tap0", NET1, ""));
    guest.settle();
    add_all(&daemon);
    let other_way = Sniffer::new(&site.outside);
    for far in FAR {
        assert_ping(&guest.namespace, far);
        assert_udp(&guest.namespace, &second, far, 1200);
        assert_tcp(&guest.namespace, &second, far, STREAM);
    }
    assert_eq!(frames_to_far(&other_way), 0, "nothing of it came to the default router");
    for inside in guest.addresses() {
        assert_ping(&second, &inside);
        assert_tcp(&second, &guest.namespace, &inside, STREAM);
    }
    daemon.assert_accounted();
}

#[test]
fn a_network_without_uplink_leaves_by_the_main_table() {
    let ((site, second), guest) = (with_two_routers(), Guest::new(10));
    let (other, other_port) = other_guest();
    let daemon = site.start(&(guest.port("tap0", NET1, "") + &other_port));
    guest.settle();
    add_all(&daemon);
    site.outside.ip("route add 192.168.7.0/24 via 10.1.1.254");
    assert!(daemon.add(&[request("vgw7", NET2, &["192.168.7.0/24"])]));
    let second_way = Sniffer::new(&second);
    assert_ping(&other, FAR[0]);
    assert_tcp(&other, &site.outside, FAR[0], STREAM);
    assert_eq!(frames_to_far(&second_way), 0, "nothing of it came to the uplink's router");
    assert_ping(&guest.namespace, FAR[0]);
    // The host routes between two networks that both have gateways.
    assert_ping(&other, &guest.addresses()[0]);
    daemon.assert_accounted();
}

#[test]
fn the_hosts_own_address_on_the_uplink_answers_a_guest() {
    let ((site, _second), guest) = (with_two_routers(), Guest::new(10));
    let daemon = site.start(&guest.port("tap0", NET1, ""));
    guest.settle();
    add_all(&daemon);
    for own in ["20.0.0.5", "2001:db8:20::5"] {
        assert_ping(&guest.namespace, own);
        assert_tcp(&guest.namespace, &site.compute, own, STREAM);
    }
    daemon.assert_accounted();
}

/// Networks of the host that no uplink leads to, by one device: those that stand before the daemon starts,
/// and one that comes later.
#[test]
fn traffic_between_networks_of_the_host_is_not_led_away() {
    let ((site, second), guest) = (with_two_routers(), Guest::new(10));
    let (near, compute) = (Namespace::new(), &site.compute);
    compute.connect("br7", &near, "eth0");
    for address in ["30.0.0.1/24", "2001:db8:30::1/64", "fe80::30/64"] {
        compute.add_address("br7", address);
    }
    for address in ["30.0.0.9/24", "2001:db8:30::9/64", "31.0.0.9/24"] {
        near.add_address("eth0", address);
    }
    // As whoever set this network up has done.
    compute.sysctl("net.ipv4.conf.br7.forwarding", "1");
    compute.sysctl("net.ipv6.conf.all.forwarding", "1");
    near.ip("route add default via 30.0.0.1");
    near.ip("-6 route add default via 2001:db8:30::1");
    let before = site.snapshot();
    let daemon = site.start(&guest.port("tap0", NET1, ""));
    guest.settle();
    add_all(&daemon);
    let uplinks_way = Sniffer::new(&second);
    for there in ["30.0.0.9", "2001:db8:30::9"] {
        assert_ping(&guest.namespace, there);
        assert_tcp(&guest.namespace, &near, there, STREAM);
    }
    for inside in guest.addresses() {
        assert_ping(&near, &inside);
    }
    for own in ["20.0.0.5", "2001:db8:20::5"] {
        assert_ping(&near, own);
    }
    compute.add_address("br7", "31.0.0.1/24");
    // The next call takes notice.
    daemon.call(|daemon| daemon.add_uplink(uplink("display", "20.0.0.5/24", "20.0.0.1"))).unwrap();
    assert_ping(&guest.namespace, "31.0.0.9");
    let stray = ["30.0.0.9", "31.0.0.9"].map(|there| there.parse::<std::net::Ipv4Addr>().unwrap().octets());
    let frames = uplinks_way.frames();
    assert!(!frames.iter().any(|frame| stray.iter().any(|there| frame.windows(4).any(|part| part == there))));
    compute.ip("address delete 31.0.0.1/24 dev br7");
    daemon.call(|daemon| daemon.add_uplink(uplink("display", "20.0.0.5/24", "20.0.0.1"))).unwrap();
    assert_eq!(compute.ip("route show table 20100 31.0.0.0/24"), "");
    daemon.assert_accounted();
    drop(daemon);
    site.assert_unchanged(&before, "after the daemon has stopped");
}

#[test]
fn removing_takes_exactly_what_was_added() {
    let (site, _second) = with_two_routers();
    // Somebody else's, in places that are like ours.
    site.compute.ip("rule add from 192.168.1.0/24 lookup 300 pref 20000");
    site.compute.ip("route add default via 20.0.0.1 table 300");
    let daemon = site.start("");
    let before = site.snapshot();
    add_all(&daemon);
    let rules = site.compute.ip("rule");
    assert!(rules.contains("from 192.168.1.0/24 lookup 20100 proto 201"), "{rules}");
    for uplink in ["display", "six"] {
        let in_use = daemon.call(|daemon| daemon.delete_uplink(uplink.to_owned())).unwrap_err();
        assert!(in_use.to_string().contains("is used by gateway"), "{in_use}");
    }
    for (gateway, uplink) in [("vgw1", "display"), ("vgw2", "six")] {
        daemon.call(|daemon| daemon.delete_gateway(gateway.to_owned())).unwrap();
        daemon.call(|daemon| daemon.delete_uplink(uplink.to_owned())).unwrap();
    }
    site.assert_unchanged(&before, "after all is deleted");
}

#[test]
fn tables_have_names_and_are_the_same_after_a_restart() {
    let (site, _second) = with_two_routers();
    let file = site.folder().join("rt_tables.d/vgw.conf");
    let names = || std::fs::read_to_string(&file).unwrap_or_default().lines().skip(1).collect::<Vec<_>>().join(", ");
    let [four, six] = [("four", "20.0.0.5/24", "20.0.0.1"), ("six", "2001:db8:20::5/64", "2001:db8:20::1")];
    let add = |daemon: &Daemon<'_>, (name, address, via)| {
        daemon.call(|daemon| daemon.add_uplink(uplink(name, address, via))).unwrap();
    };
    let daemon = site.start("");
    add(&daemon, four);
    add(&daemon, six);
    assert_eq!(names(), "20100 vgw-four, 20101 vgw-six");
    drop(daemon);
    assert!(!file.exists(), "gone with the uplinks");
    site.forget();

    let daemon = site.start("");
    add(&daemon, six);
    assert_eq!(names(), "20101 vgw-six");
    daemon.call(|daemon| daemon.delete_uplink("six".to_owned())).unwrap();
    site.compute.ip("route add default via 20.0.0.1 table 20100");
    add(&daemon, four);
    assert_eq!(names(), "20102 vgw-four", "20100 is somebody else's now");
    drop(daemon);

    std::fs::write(&file, "7 mine\n").unwrap();
    let daemon = site.start("");
    add(&daemon, six);
    assert!(daemon.status().problems.iter().any(|problem| problem.contains("is not vgwd's")));
    drop(daemon);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "7 mine\n");
}

#[test]
fn an_uplink_that_the_kernel_refuses_halfway_leaves_nothing() {
    let (site, _second) = with_two_routers();
    let daemon = site.start("");
    let before = site.snapshot();
    // The routes on the link stand when the one by a router that is not on it is refused.
    let stranger = uplink("display", "20.0.0.5/24", "99.0.0.1");
    let refused = daemon.call(|daemon| daemon.add_uplink(stranger)).unwrap_err().to_string();
    assert!(refused.contains("99.0.0.1"), "{refused}");
    site.assert_unchanged(&before, "after the refused call");
    assert!(daemon.status().uplinks.is_empty());
}
