//! Several ways to one place: how the flows spread, and what a change costs them.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use vgw::api::generated::virtual_gateway::{Gateway, Guest as Place, Port, TVirtualGatewaySyncClient};

use crate::daemon::Daemon;
use crate::lab::eventually;
use crate::namespace::Namespace;
use crate::site::{GATEWAYS, Guest, NET1, SUBNETS, Site};
use crate::traffic::{bind, receive, unspecified};

const FLOWS: usize = 400;

/// Where the guests' echo servers are.
const ECHO: u16 = 7;

pub(crate) fn gateway(interface: &str, weight: i32) -> Gateway {
    let subnets = SUBNETS.map(str::to_owned).to_vec();
    Gateway::new(interface.to_owned(), NET1.to_owned(), subnets, None, None, None, weight)
}

fn add(daemon: &Daemon<'_>, interface: &str, weight: i32) {
    daemon.call(|daemon| daemon.add_gateway(gateway(interface, weight))).unwrap();
}

/// A site whose compute node spreads flows by their ports too.
fn by_flow() -> Site {
    let site = Site::new();
    for family in ["ipv4", "ipv6"] {
        site.compute.sysctl(&format!("net.{family}.fib_multipath_hash_policy"), "1");
    }
    site
}

/// Tells threads to end when it goes, also when a test fails.
pub(crate) struct End<'a>(pub(crate) &'a AtomicBool);

impl<'a> End<'a> {
    pub(crate) fn of(flag: &'a AtomicBool) -> Self {
        flag.store(false, Ordering::Relaxed);
        Self(flag)
    }
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Answers what comes to a namespace's [`ECHO`] until it is told to end.
pub(crate) fn echo<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    place: &Namespace,
    address: &str,
    ended: &'scope AtomicBool,
) {
    let any = unspecified(address.parse().unwrap());
    let socket = place.enter(|| UdpSocket::bind(SocketAddr::new(any, ECHO))).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    scope.spawn(move || {
        let mut buffer = [0; 64];
        while !ended.load(Ordering::Relaxed) {
            if let Ok((length, peer)) = socket.recv_from(&mut buffer) {
                let _ = socket.send_to(&buffer[..length], peer);
            }
        }
    });
}

/// Sockets that each are a flow of their own to the address.
pub(crate) fn flows(from: &Namespace, address: &str, count: usize) -> Vec<UdpSocket> {
    let address = SocketAddr::new(address.parse().unwrap(), ECHO);
    let flow = |_| {
        let socket = bind(from, SocketAddr::new(unspecified(address.ip()), 0));
        socket.connect(address).unwrap();
        socket
    };
    (0..count).map(flow).collect()
}

/// One datagram of each flow, there and back.
fn exchange(flows: &[UdpSocket], round: u32) {
    // Fewer than a neighbour may have waiting while it is asked for.
    for part in flows.chunks(2) {
        part.iter().for_each(|flow| _ = flow.send(&round.to_be_bytes()).unwrap());
        for flow in part {
            let mut buffer = [0; 64];
            let (length, _) = receive(flow, &mut buffer).expect("every datagram is answered");
            assert_eq!(buffer[..length], round.to_be_bytes());
        }
    }
}

/// Fails unless of all the first has three times the second, give or take what chance does.
fn assert_three_to_one(what: &str, [first, second]: [i64; 2]) {
    let all = first + second;
    // Ten standard deviations to either side, neighbour discovery aside.
    assert!((all * 53 / 100..all * 97 / 100).contains(&first), "{what}: {first} to {second}");
}

#[test]
fn flows_are_in_proportion_to_the_gateways_weights() {
    let (site, guest, ended) = (by_flow(), Guest::new(10), AtomicBool::new(false));
    let daemon = site.start(&guest.port("tap0", NET1, ""));
    guest.settle();
    add(&daemon, "vgw1", 3);
    add(&daemon, "vgw2", 1);
    let shown = site.compute.ip("route show 192.168.1.0/24") + &site.compute.ip("-6 route show 2001:db8:2::/64");
    for device in ["vgw1 weight 3", "vgw2 weight 1"] {
        assert_eq!(shown.matches(device).count(), 2, "{shown}");
    }
    for inside in guest.addresses() {
        thread::scope(|scope| {
            let _end = End::of(&ended);
            echo(scope, &guest.namespace, &inside, &ended);
            let counted = |name| daemon.counters(name);
            let before = ["vgw1", "vgw2"].map(counted);
            exchange(&flows(&site.outside, &inside, FLOWS), 0);
            let after = ["vgw1", "vgw2"].map(counted);
            let inward = [0, 1].map(|at| after[at].received - before[at].received);
            let outward = [0, 1].map(|at| after[at].transmitted - before[at].transmitted);
            assert_three_to_one(&format!("to {inside}"), inward);
            assert_three_to_one(&format!("from {inside}"), outward);
        });
    }
    daemon.assert_accounted();
}

#[test]
fn flows_are_in_proportion_to_the_ports_weights() {
    let (site, ended) = (by_flow(), AtomicBool::new(false));
    let guests = [Guest::new(10), Guest::new(10)];
    let config = guests[0].port("tap0", NET1, "weight = 3") + &guests[1].port("tap1", NET1, "weight = 1");
    let daemon = site.start(&config);
    guests.iter().for_each(Guest::settle);
    add(&daemon, "vgw1", 1);
    for inside in guests[0].addresses() {
        thread::scope(|scope| {
            let _end = End::of(&ended);
            guests.iter().for_each(|guest| echo(scope, &guest.namespace, &inside, &ended));
            let counted = |name| daemon.counters(name).transmitted;
            let before = ["tap0", "tap1"].map(counted);
            exchange(&flows(&site.outside, &inside, FLOWS), 0);
            let after = ["tap0", "tap1"].map(counted);
            assert_three_to_one(&inside, [0, 1].map(|at| after[at] - before[at]));
        });
    }
    daemon.assert_accounted();
}

#[test]
fn gateways_that_come_and_go_cost_no_datagram() {
    let (site, guest, ended) = (by_flow(), Guest::new(10), AtomicBool::new(false));
    let daemon = site.start(&guest.port("tap0", NET1, ""));
    guest.settle();
    add(&daemon, "vgw1", 1);
    for inside in guest.addresses() {
        thread::scope(|scope| {
            let _end = End::of(&ended);
            echo(scope, &guest.namespace, &inside, &ended);
            let (flows, changed) = (flows(&site.outside, &inside, 32), AtomicBool::new(false));
            let rounds = AtomicU32::new(0);
            thread::scope(|scope| {
                let end = End::of(&changed);
                let traffic = scope.spawn(|| {
                    while !changed.load(Ordering::Relaxed) {
                        exchange(&flows, rounds.load(Ordering::Relaxed));
                        rounds.fetch_add(1, Ordering::Relaxed);
                    }
                });
                // What waits for a neighbour on a tap goes with it, as with any link: each flow has
                // gone its new way before the next change.
                let carried = || {
                    let goal = rounds.load(Ordering::Relaxed) + 2;
                    eventually("two more rounds", || rounds.load(Ordering::Relaxed) >= goal);
                };
                for _ in 0..3 {
                    for (name, weight) in [("vgw2", 3), ("vgw2", 256), ("vgw1", 7), ("vgw3", 1)] {
                        add(&daemon, name, weight);
                        carried();
                    }
                    for name in ["vgw2", "vgw3"] {
                        assert!(daemon.delete(&[name]));
                        carried();
                    }
                }
                drop(end);
                // It panics if a datagram was lost.
                traffic.join().unwrap();
            });
        });
    }
    daemon.assert_accounted();
}

#[test]
fn a_port_that_joins_others_costs_no_datagram() {
    let (site, ended) = (by_flow(), AtomicBool::new(false));
    let guests = [Guest::new(10), Guest::new(10)];
    let daemon = site.start(&guests[0].port("tap0", NET1, ""));
    guests[0].settle();
    add(&daemon, "vgw1", 1);
    let port = |weight| {
        let [v4, v6] = guests[1].addresses();
        let place =
            Place::new(guests[1].namespace.path(), "eth0".to_owned(), vec![format!("{v4}/24"), format!("{v6}/64")]);
        let addresses = guests[1].addresses().to_vec();
        let gateways = GATEWAYS.map(str::to_owned).to_vec();
        Port::new("tap1".into(), NET1.into(), addresses, None, gateways, None, None, place, weight, None, None)
    };
    for inside in guests[0].addresses() {
        thread::scope(|scope| {
            let _end = End::of(&ended);
            guests.iter().for_each(|guest| echo(scope, &guest.namespace, &inside, &ended));
            let (flows, changed) = (flows(&site.outside, &inside, 32), AtomicBool::new(false));
            thread::scope(|scope| {
                let end = End::of(&changed);
                let traffic = scope.spawn(|| {
                    let mut round = 0;
                    while !changed.load(Ordering::Relaxed) {
                        exchange(&flows, round);
                        round += 1;
                    }
                });
                for weight in [3, 256, 2] {
                    daemon.call(|daemon| daemon.add_port(port(weight))).unwrap();
                }
                drop(end);
                traffic.join().unwrap();
            });
            exchange(&flows, u32::MAX);
            assert!(daemon.counters("tap1").transmitted > 0);
            // It takes its flows with it.
            daemon.call(|daemon| daemon.delete_port("tap1".to_owned())).unwrap();
            exchange(&flows, u32::MAX);
        });
    }
    daemon.assert_accounted();
}
