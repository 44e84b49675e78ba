//! What senders leave to devices (checksums, segmentation) and what they do themselves, between all
//! kinds of ports.

use std::net::{IpAddr, SocketAddr};

use crate::daemon::Daemon;
use crate::namespace::Namespace;
use crate::site::{GATEWAYS, Guest, NET1, OUTSIDE, Site, port};
use crate::traffic::{assert_tcp, assert_udp, assert_udp_segments};

/// Enough for super-packets and a last small one.
const STREAM: usize = 300_001;

/// What a sender's interface does for it (ethtool(8)).
const OFFLOADS: [&str; 3] = [
    "tx on tso on gso on tx-udp-segmentation on",
    // Checksums are left open, but every packet is a small one.
    "tx on tso off gso off tx-udp-segmentation off",
    "tx off",
];

/// Somebody who sends and receives by `eth0`, and the port that its packets come in by.
struct Station<'a> {
    namespace: &'a Namespace,
    addresses: [String; 2],
    port: &'static str,
}

/// Two guests behind taps, two behind attached interfaces, and the host outside; calls the test
/// with all of them.
fn with_stations(test: impl FnOnce(&[Station<'_>], &Daemon<'_>)) {
    let site = Site::new();
    let guests = [10, 11, 12, 13].map(Guest::new);
    let [tap0, tap1, veth2, veth3] = &guests;
    let mut config = tap0.port("tap0", NET1, "") + &tap1.port("tap1", NET1, "");
    for (name, guest) in [("veth2", veth2), ("veth3", veth3)] {
        let [v4, v6] = guest.addresses();
        site.compute.connect(name, &guest.namespace, "eth0");
        guest.namespace.add_address("eth0", &format!("{v4}/24"));
        guest.namespace.add_address("eth0", &format!("{v6}/64"));
        guest.namespace.ip(&format!("route add default via {}", GATEWAYS[0]));
        guest.namespace.ip(&format!("-6 route add default via {}", GATEWAYS[1]));
        config += &port(name, NET1, &[&v4, &v6], "attach = true");
    }
    let daemon = site.start_with_gateway(&config);
    guests.iter().for_each(Guest::settle);

    let mut stations = Vec::new();
    for (guest, port) in guests.iter().zip(["tap0", "tap1", "veth2", "veth3"]) {
        stations.push(Station { namespace: &guest.namespace, addresses: guest.addresses(), port });
    }
    stations.push(Station { namespace: &site.outside, addresses: OUTSIDE.map(str::to_owned), port: "vgw1" });
    test(&stations, &daemon);
    daemon.assert_accounted();
}

/// Calls the test for each ordered pair of stations.
fn for_each_pair<'a>(stations: &'a [Station<'a>], mut test: impl FnMut(&Station<'a>, &Station<'a>)) {
    for from in stations {
        for to in stations.iter().filter(|to| to.port != from.port) {
            test(from, to);
        }
    }
}

/// What the kernel has received with a wrong checksum.
fn checksum_errors(namespace: &Namespace) -> u64 {
    let (v4, v6) = (namespace.proc_net("snmp"), namespace.proc_net("snmp6"));
    let mut lines = v4.lines();
    let mut errors = 0;
    while let (Some(names), Some(values)) = (lines.next(), lines.next()) {
        let named = names.split_whitespace().zip(values.split_whitespace());
        let of_interest = named.filter(|(name, _)| matches!(*name, "InCsumErrors" | "InHdrErrors"));
        errors += of_interest.map(|(_, value)| value.parse::<u64>().unwrap()).sum::<u64>();
    }
    let named = v6.lines().filter_map(|line| line.split_once(char::is_whitespace));
    let of_interest = named.filter(|(name, _)| name.ends_with("InCsumErrors") || *name == "Ip6InHdrErrors");
    errors + of_interest.map(|(_, value)| value.trim().parse::<u64>().unwrap()).sum::<u64>()
}

#[test]
fn every_sender_is_understood_by_every_receiver() {
    with_stations(|stations, _| {
        for offloads in OFFLOADS {
            for station in stations {
                let (well, text) = station.namespace.run(&format!("ethtool -K eth0 {offloads}"));
                assert!(well, "{offloads}: {text}");
            }
            for_each_pair(stations, |from, to| {
                for address in &to.addresses {
                    assert_tcp(from.namespace, to.namespace, address, STREAM);
                    // Whole, and in fragments.
                    assert_udp(from.namespace, to.namespace, address, 1001);
                    assert_udp(from.namespace, to.namespace, address, 4001);
                }
            });
            for station in stations {
                assert_eq!(checksum_errors(station.namespace), 0, "{}: {offloads}", station.port);
            }
        }
    });
}

#[test]
fn udp_super_packets_travel_whole_and_arrive_as_datagrams() {
    const SUPER_PACKETS: usize = 20;
    const DATAGRAMS: usize = 40;
    with_stations(|stations, daemon| {
        for_each_pair(stations, |from, to| {
            for address in &to.addresses {
                // Neighbours are known after that.
                assert_udp(from.namespace, to.namespace, address, 1);
                let (before, out_before) = (daemon.counters(from.port).received, daemon.counters(to.port).transmitted);
                let address = SocketAddr::new(address.parse::<IpAddr>().unwrap(), 0);
                assert_udp_segments(from.namespace, to.namespace, address, (SUPER_PACKETS, DATAGRAMS));
                let received = daemon.counters(from.port).received - before;
                let transmitted = daemon.counters(to.port).transmitted - out_before;
                let few = SUPER_PACKETS as i64..(2 * SUPER_PACKETS) as i64;
                assert!(
                    few.contains(&received) && few.contains(&transmitted),
                    "{} to {}: {SUPER_PACKETS} super-packets came as {received} packets and left as {transmitted}",
                    from.port,
                    to.port
                );
            }
        });
    });
}

#[test]
fn super_packets_that_allow_it_pass_a_narrow_port_in_fragments() {
    let (site, one, other) = (Site::new(), Guest::new(10), Guest::new(11));
    let daemon = site.start(&(one.port("tap0", NET1, "") + &other.port("tap1", NET1, "mtu = 1300")));
    one.settle();
    other.settle();
    // Else the guest would ask for small segments from the start.
    other.namespace.ip("link set eth0 mtu 1500");
    one.namespace.sysctl("net.ipv4.ip_no_pmtu_disc", "1");
    let [address, _] = other.addresses();
    assert_tcp(&one.namespace, &other.namespace, &address, STREAM);
    let (sent, taken) = (daemon.counters("tap0"), daemon.counters("tap1").transmitted);
    assert!(["PKT_TOO_BIG", "FRAG_QUEUEFULL"].iter().all(|reason| daemon.dropped("tap0", reason) == 0), "{sent:?}");
    assert!(taken > 2 * (STREAM / 1448) as i64, "each segment leaves in two fragments, {taken} have left");
    assert!(sent.received < taken / 2, "{} packets came in and {taken} have left", sent.received);
    assert_eq!(checksum_errors(&other.namespace), 0);
    daemon.assert_accounted();
}
