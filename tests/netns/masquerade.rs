//! Networks that leave under another address.

use std::net::{IpAddr, SocketAddr};

use vgw::api::generated::virtual_gateway::{Gateway, TVirtualGatewaySyncClient};
use vgw::host::{HostState, Masquerade, Operation, Translation};

use crate::daemon::{Daemon, request};
use crate::lab::{eventually, in_namespace, kernel, name, reach};
use crate::namespace::Namespace;
use crate::site::{Guest, NET1, NET2, OUTSIDE, SUBNETS, Site, other_guest};
use crate::traffic::{assert_ping, assert_tcp, bind, receive, unspecified};
use crate::uplink::{FAR, uplink, with_two_routers};

/// The compute node's addresses on eth1.
const OWN: [&str; 2] = ["10.1.1.254", "2001:db8:1::254"];

fn gateway(interface: &str, instance: &str, subnets: &[&str], uplink: Option<&str>, masquerade: bool) -> Gateway {
    let subnets = subnets.iter().map(|&subnet| subnet.to_owned()).collect();
    let uplink = uplink.map(str::to_owned);
    Gateway::new(interface.to_owned(), instance.to_owned(), subnets, None, uplink, masquerade, None)
}

fn add(daemon: &Daemon<'_>, gateway: Gateway) {
    daemon.call(|daemon| daemon.add_gateway(gateway)).unwrap();
}

/// A site whose outside host knows no way back to a guest.
fn without_way_back() -> Site {
    let site = Site::new();
    site.outside.ip("route delete 192.168.1.0/24");
    site.outside.ip("-6 route delete 2001:db8:2::/64");
    site
}

/// Sends a datagram and waits for the answer: the source that the far end saw.
fn source_seen(from: &Namespace, to: &Namespace, address: &str) -> IpAddr {
    let server = bind(to, SocketAddr::new(address.parse().unwrap(), 0));
    let address = server.local_addr().unwrap();
    let client = bind(from, SocketAddr::new(unspecified(address.ip()), 0));
    client.send_to(b"who?", address).unwrap();
    let mut buffer = [0; 64];
    let (_, peer) = receive(&server, &mut buffer).expect("the datagram arrives");
    server.send_to(b"you", peer).unwrap();
    let (length, _) = receive(&client, &mut buffer).expect("the answer comes back");
    assert_eq!(&buffer[..length], b"you");
    peer.ip()
}

/// The source of a datagram that is not answered.
fn source_of_one(from: &Namespace, to: &Namespace, address: &str) -> IpAddr {
    let server = bind(to, SocketAddr::new(address.parse().unwrap(), 0));
    let address = server.local_addr().unwrap();
    let client = bind(from, SocketAddr::new(unspecified(address.ip()), 0));
    client.send_to(b"who?", address).unwrap();
    receive(&server, &mut [0; 64]).expect("the datagram arrives").1.ip()
}

fn ruleset(place: &Namespace) -> String {
    place.run("nft list ruleset").1
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn who_knows_no_way_back_answers_to_the_device() {
    let (site, guest) = (without_way_back(), Guest::new(10));
    let daemon = site.start(&guest.port("tap0", NET1, ""));
    guest.settle();
    add(&daemon, gateway("vgw1", NET1, &SUBNETS, None, true));
    for (outside, own) in OUTSIDE.into_iter().zip(OWN) {
        assert_eq!(source_seen(&guest.namespace, &site.outside, outside), ip(own));
        assert_ping(&guest.namespace, outside);
        assert_tcp(&guest.namespace, &site.outside, outside, 8 << 20);
    }
    let counted = daemon.status().gateways[0].masqueraded.clone().unwrap();
    // 8 MiB in each family, in packets of 64 KiB at most; acknowledgements come the other way.
    assert!(counted.bytes > 16 << 20 && counted.packets > 256, "{counted:?}");
    let sent = daemon.counters("vgw1").transmitted;
    assert!(counted.packets <= sent, "{counted:?} of {sent} packets");
    daemon.assert_accounted();
}

#[test]
fn an_uplink_lends_its_own_address() {
    let ((site, second), guest) = (with_two_routers(), Guest::new(10));
    second.ip("route delete 192.168.1.0/24");
    second.ip("-6 route delete 2001:db8:2::/64");
    // Not the first of the device, which the kernel would choose.
    for address in ["20.0.0.7/24", "2001:db8:20::7/64"] {
        site.compute.add_address("eth2", address);
    }
    let daemon = site.start(&guest.port("tap0", NET1, ""));
    guest.settle();
    let uplinks = [("four", "20.0.0.7/24", "20.0.0.1"), ("six", "2001:db8:20::7/64", "2001:db8:20::1")];
    for (index, (name, address, via)) in uplinks.into_iter().enumerate() {
        daemon.call(|daemon| daemon.add_uplink(uplink(name, address, via))).unwrap();
        let name = Some(name);
        add(&daemon, gateway(&format!("vgw{index}"), NET1, &SUBNETS[index..=index], name, true));
    }
    for (far, own) in FAR.into_iter().zip(["20.0.0.7", "2001:db8:20::7"]) {
        assert_eq!(source_seen(&guest.namespace, &second, far), ip(own));
    }
    // By the main table it is another device, and another address.
    for (index, subnet) in SUBNETS.iter().enumerate() {
        add(&daemon, gateway(&format!("vgw{index}"), NET1, &[subnet], None, true));
    }
    for (far, own) in FAR.into_iter().zip(OWN) {
        assert_eq!(source_seen(&guest.namespace, &site.outside, far), ip(own));
    }
    daemon.stop();
    assert_eq!(ruleset(&site.compute), "");
}

#[test]
fn others_and_neighbours_see_the_source_itself() {
    let (site, guest) = (without_way_back(), Guest::new(10));
    let (other, other_port) = other_guest();
    let daemon = site.start(&(guest.port("tap0", NET1, "") + &other_port));
    guest.settle();
    add(&daemon, gateway("vgw1", NET1, &SUBNETS, None, true));
    add(&daemon, gateway("vgw7", NET2, &["192.168.7.0/24"], None, false));
    assert_eq!(source_of_one(&other, &site.outside, OUTSIDE[0]), ip("192.168.7.11"));
    assert_eq!(source_seen(&guest.namespace, &other, "192.168.7.11"), ip("192.168.1.10"), "between our networks");
    assert_eq!(source_seen(&guest.namespace, &site.outside, OUTSIDE[0]), ip(OWN[0]));
    // A controller that replays its gateway cannot name this, and does not end it.
    assert!(daemon.add(&[request("vgw1", NET1, &SUBNETS)]));
    assert_eq!(source_seen(&guest.namespace, &site.outside, OUTSIDE[0]), ip(OWN[0]));
    add(&daemon, gateway("vgw1", NET1, &SUBNETS, None, false));
    assert_eq!(source_of_one(&guest.namespace, &site.outside, OUTSIDE[0]), ip("192.168.1.10"));
    assert_eq!(ruleset(&site.compute), "", "the table goes with the last of it");
}

#[test]
fn what_looks_alike_stays_and_what_is_put_into_ours_does_not() {
    let (site, guest) = (without_way_back(), Guest::new(10));
    for table in ["ip vgw", "inet vgw2", "inet VGW"] {
        for command in [
            format!("add table {table}"),
            format!("add chain {table} translate {{ type nat hook postrouting priority 100 ; }}"),
            format!("add set {table} anywhere4 {{ type ipv4_addr ; flags interval ; }}"),
            format!("add element {table} anywhere4 {{ 192.168.9.0/24 }}"),
            format!("add rule {table} translate ip saddr @anywhere4 masquerade"),
        ] {
            let (well, text) = site.compute.run(&format!("nft {command}"));
            assert!(well, "{command}: {text}");
        }
    }
    let before = ruleset(&site.compute);
    let daemon = site.start(&guest.port("tap0", NET1, ""));
    guest.settle();
    add(&daemon, gateway("vgw1", NET1, &SUBNETS, None, true));
    let made = ruleset(&site.compute);
    assert_eq!(source_seen(&guest.namespace, &site.outside, OUTSIDE[0]), ip(OWN[0]));

    let meddle = |command: &str| {
        let (well, text) = site.compute.run(&format!("nft {command}"));
        assert!(well, "{command}: {text}");
        // Any request finds it.
        add(&daemon, gateway("vgw7", NET2, &["192.168.7.0/24"], None, false));
        let without_counters = |text: &str| {
            let words = text.split_whitespace().collect::<Vec<_>>();
            words.into_iter().filter(|word| word.parse::<u64>().is_err()).collect::<Vec<_>>().join(" ")
        };
        let after = ruleset(&site.compute);
        assert_eq!(without_counters(&after), without_counters(&made), "after nft {command}");
        assert_eq!(source_seen(&guest.namespace, &site.outside, OUTSIDE[0]), ip(OWN[0]), "after nft {command}");
    };
    meddle("insert rule inet vgw translate accept");
    meddle("delete element inet vgw anywhere4 { 192.168.1.0/24 }");
    meddle("add element inet vgw anywhere4 { 192.168.7.0/24 }");
    meddle("delete table inet vgw");
    daemon.stop();
    assert_eq!(ruleset(&site.compute), before);
}

#[test]
fn a_flushed_ruleset_is_put_back_without_a_request_or_a_check() {
    let (site, guest) = (without_way_back(), Guest::new(10));
    let daemon = site.start(&(guest.port("tap0", NET1, "") + "[host]\ncheck = \"off\"\n"));
    guest.settle();
    add(&daemon, gateway("vgw1", NET1, &SUBNETS, None, true));
    assert!(site.compute.run("nft flush ruleset").0);
    daemon.wait_for_log("repaired: nft add element inet vgw anywhere6");
    for (outside, own) in OUTSIDE.into_iter().zip(OWN) {
        assert_eq!(source_seen(&guest.namespace, &site.outside, outside), ip(own));
    }
}

#[test]
fn what_a_killed_daemon_left_goes_with_the_next_start() {
    let (site, guest) = (without_way_back(), Guest::new(10));
    let config = guest.port("tap0", NET1, "");
    let masqueraded = format!(
        "{config}\n[[gateway]]\ninterface = \"vgw1\"\nrouting_instance = \"{NET1}\"\nsubnets = {SUBNETS:?}\n\
         masquerade = true\n"
    );
    let daemon = site.start(&masqueraded);
    guest.settle();
    assert_eq!(source_seen(&guest.namespace, &site.outside, OUTSIDE[0]), ip(OWN[0]));
    daemon.kill();
    assert!(ruleset(&site.compute).contains("192.168.1.0/24"));
    eventually("the guest's interface is gone", || !guest.namespace.run("ip link show dev eth0").0);

    let daemon = site.start(&masqueraded);
    guest.settle();
    assert_eq!(source_seen(&guest.namespace, &site.outside, OUTSIDE[0]), ip(OWN[0]));
    daemon.kill();
    let daemon = site.start("");
    assert_eq!(ruleset(&site.compute), "");
    daemon.stop();
}

#[test]
fn without_nft_the_request_is_refused_whole() {
    let site = without_way_back();
    let daemon = Daemon::launch(&site.compute, site.folder(), "", &["env", "PATH=/nonexistent"], &[]);
    daemon.wait_for_log(" ready");
    let before = site.snapshot();
    let refused = daemon.call(|daemon| daemon.add_gateway(gateway("vgw1", NET1, &SUBNETS, None, true)));
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("nft add element") && refused.contains("package nftables"), "{refused}");
    site.assert_unchanged(&before, "after the refused call");
    // Nobody needs it for anything else.
    add(&daemon, gateway("vgw1", NET1, &SUBNETS, None, false));
    daemon.stop();
}

#[test]
fn the_table_has_what_is_wanted_whatever_it_had() {
    let translate = |subnet: &str, uplink: Option<(&str, &str)>| Masquerade {
        subnet: subnet.parse().unwrap(),
        to: uplink.map_or(Translation::Device, |(device, address)| Translation::Uplink(name(device), ip(address))),
    };
    let wants = |masquerades: Vec<Masquerade>| HostState { masquerades: masquerades.into(), ..HostState::default() };
    let (one, other) = (Some(("eth1", "20.0.0.5")), Some(("eth1", "20.0.0.6")));
    let steps = [
        wants(vec![translate("10.0.0.0/24", None), translate("10.0.1.9/32", one), translate("fd00::/64", None)]),
        // Around what stands, and inside it again.
        wants(vec![translate("10.0.0.0/16", one), translate("fd00::/48", Some(("eth1", "fd09::5")))]),
        wants(vec![translate("10.0.0.0/16", other), translate("10.2.0.0/24", one)]),
        wants(vec![translate("10.0.0.0/24", other), translate("10.0.1.0/24", None), translate("fd00::9/128", None)]),
        wants((0..=255).map(|n| translate(&format!("10.0.{n}.0/24"), if n % 2 == 0 { one } else { None })).collect()),
        HostState::default(),
    ];
    in_namespace(move || {
        let state = tempfile::tempdir().unwrap();
        let mut kernel = kernel(&state);
        for want in steps {
            let operations = reach(&mut kernel, &want);
            assert!(operations.iter().all(|operation| match operation {
                Operation::AddMasquerade(masquerade) => want.masquerades.contains(masquerade),
                Operation::DeleteMasquerade(masquerade) => !want.masquerades.contains(masquerade),
                _ => false,
            }));
        }
    });
}
