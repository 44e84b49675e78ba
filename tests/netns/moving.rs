//! Gateways that move from one uplink to another while packets pass.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use vgw::api::generated::virtual_gateway::TVirtualGatewaySyncClient;

use crate::daemon::Daemon;
use crate::lab::eventually;
use crate::namespace::Namespace;
use crate::site::{Guest, NET1, SUBNETS, Site};
use crate::sniffer::Sniffer;
use crate::uplink::{FAR, gateway, uplink_by, with_two_routers};

/// What each packet carries, before its number.
const MARK: &[u8] = b"moving";
/// Packets on their way at the same time, each of a flow of its own.
const FLOWS: usize = 8;

/// As with two routers, and a third by eth3.
fn with_three_routers() -> (Site, Namespace, Namespace) {
    let ((site, second), third) = (with_two_routers(), Namespace::new());
    site.compute.connect("eth3", &third, "eth0");
    for address in ["40.0.0.5/24", "2001:db8:40::5/64", "fe80::40/64"] {
        site.compute.add_address("eth3", address);
    }
    for address in ["40.0.0.1/24", "2001:db8:40::1/64"] {
        third.add_address("eth0", address);
    }
    third.ip("route add 192.168.1.0/24 via 40.0.0.5");
    third.ip("-6 route add 2001:db8:2::/64 via 2001:db8:40::5");
    third.add_address("eth0", "fe80::1/64");
    third.add_address("lo", &format!("{}/32", FAR[0]));
    third.add_address("lo", &format!("{}/128", FAR[1]));
    (site, second, third)
}

/// The numbers of the packets that came since the last look.
fn numbers(sniffer: &Sniffer) -> BTreeSet<u32> {
    let mut numbers = BTreeSet::new();
    for frame in sniffer.frames() {
        let marks = frame.windows(MARK.len() + 4).filter(|part| part.starts_with(MARK));
        numbers.extend(marks.map(|part| u32::from_be_bytes(part[MARK.len()..].try_into().unwrap())));
    }
    numbers
}

/// Sends numbered packets until told to stop; `next` is the number of the next one.
fn send(far: IpAddr, next: &AtomicU32, stop: &AtomicBool) {
    let any: IpAddr = if far.is_ipv4() { [0; 4].into() } else { [0u16; 8].into() };
    let sockets: Vec<_> = (0..FLOWS).map(|_| UdpSocket::bind((any, 0)).unwrap()).collect();
    while !stop.load(Ordering::SeqCst) {
        for socket in &sockets {
            let number = next.fetch_add(1, Ordering::SeqCst);
            let packet = [MARK, &number.to_be_bytes()].concat();
            socket.send_to(&packet, SocketAddr::new(far, 9)).unwrap();
        }
        thread::park_timeout(Duration::from_millis(1));
    }
}

/// Moves gateways of one subnet by asking for one of them, and counts each packet where it passed.
fn assert_moves(daemon: &Daemon<'_>, guest: &Guest, routers: [&Sniffer; 3], gateways: &[&str], family: usize) {
    let [main, old, new] = routers;
    let [from, to] = [["display", "other"], ["six", "seven"]][family];
    let ask = |name: &str, uplink: &str| {
        daemon.call(|daemon| daemon.add_gateway(gateway(name, NET1, SUBNETS[family], uplink))).unwrap();
    };
    gateways.iter().for_each(|name| ask(name, from));
    let (next, stop) = (AtomicU32::new(0), AtomicBool::new(false));
    let sent = || next.load(Ordering::SeqCst);
    let far = FAR[family].parse().unwrap();
    let (mut by_old, mut by_new) = (BTreeSet::new(), BTreeSet::new());
    routers.into_iter().for_each(|router| _ = numbers(router));
    thread::scope(|scope| {
        scope.spawn(|| guest.namespace.enter(|| send(far, &next, &stop)));
        eventually("packets pass by the old uplink", || {
            by_old.extend(numbers(old));
            by_old.len() > 200
        });
        assert_eq!(numbers(new), BTreeSet::new(), "before the move");
        ask(gateways[0], to);
        let moved = sent();
        eventually("packets pass by the new uplink", || sent() > moved + 400);
        stop.store(true, Ordering::SeqCst);
        eventually("every packet has passed", || {
            by_old.extend(numbers(old));
            by_new.extend(numbers(new));
            by_old.len() + by_new.len() >= sent() as usize
        });
        assert_eq!(by_old.range(moved..).next(), None, "by the old uplink after the answer");
    });
    assert!(by_old.is_disjoint(&by_new));
    assert_eq!(numbers(main), BTreeSet::new(), "by neither uplink");
}

/// Does it with so many gateways that share each subnet, in both families.
fn assert_all_move(names: &[&str]) {
    let ((site, second, third), guest) = (with_three_routers(), Guest::new(10));
    let daemon = site.start(&guest.port("tap0", NET1, ""));
    guest.settle();
    for (name, device, address, via) in [
        ("display", "eth2", "20.0.0.5/24", "20.0.0.1"),
        ("six", "eth2", "2001:db8:20::5/64", "2001:db8:20::1"),
        ("other", "eth3", "40.0.0.5/24", "40.0.0.1"),
        ("seven", "eth3", "2001:db8:40::5/64", "2001:db8:40::1"),
    ] {
        daemon.call(|daemon| daemon.add_uplink(uplink_by(name, device, address, via))).unwrap();
    }
    let routers = [&site.outside, &second, &third].map(Sniffer::new);
    for family in [0, 1] {
        assert_moves(&daemon, &guest, routers.each_ref(), names, family);
        names.iter().for_each(|name| _ = daemon.call(|daemon| daemon.delete_gateway((*name).to_owned())).unwrap());
    }
    daemon.assert_accounted();
}

#[test]
fn a_gateway_moves_without_a_packet_astray() {
    assert_all_move(&["vgw1"]);
}

#[test]
fn gateways_that_share_a_subnet_move_without_a_packet_astray() {
    assert_all_move(&["vgw1", "vgw2"]);
}
