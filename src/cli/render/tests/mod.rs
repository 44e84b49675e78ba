//! How each report looks and what its JSON says, word by word.

mod audit;
mod doctor;
mod gateway;
mod outcome;
mod port;
mod route;
mod status;
mod style;
mod trace;
mod uplink;

use super::super::report::*;
use super::Style;

fn strings<const N: usize>(values: [&str; N]) -> Vec<String> {
    values.map(str::to_owned).to_vec()
}

fn counters(received: u64, transmitted: u64, drops: &[(&str, u64)]) -> Counters {
    let dropped = drops.iter().map(|&(reason, packets)| (reason.to_owned(), packets));
    let lost: u64 = drops.iter().map(|&(_, packets)| packets).sum();
    Counters {
        received,
        received_bytes: received * 98,
        sent: received - lost - 2,
        answered: 2,
        held: 0,
        dropped: dropped.collect(),
        transmitted,
        transmitted_bytes: transmitted * 98,
    }
}

fn gateway() -> Gateway {
    Gateway {
        interface: "vgw1".into(),
        instance: "default-domain:admin:net1:net1".into(),
        subnets: strings(["192.168.1.0/24", "2001:db8:1::/64"]),
        routes: strings(["0.0.0.0/0", "::/0"]),
        uplink: Some("display".into()),
        masquerade: true,
        masqueraded: Some(Traffic { packets: 1100, bytes: 92_400 }),
        weight: 3,
        is_static: false,
        version: 3,
        deleted_in_ms: None,
        counters: counters(1204, 998, &[("PKT_TOO_SMALL", 1), ("IP_CSUM", 12)]),
        rates: Some(rates(120, 14_990, 7)),
    }
}

/// Packets received, sent and dropped in ten seconds.
fn rates(packets: u64, transmitted: u64, drops: u64) -> Rates {
    let bytes = |packets| packets * 98;
    let transmitted_bytes = Some(bytes(transmitted));
    Rates { over_ms: 10_000, packets, bytes: bytes(packets), drops, transmitted: Some(transmitted), transmitted_bytes }
}

fn stale() -> Gateway {
    Gateway {
        interface: "vgw2".into(),
        instance: "default-domain:admin:net2:net2".into(),
        subnets: strings(["192.168.2.0/24"]),
        routes: strings(["0.0.0.0/0"]),
        uplink: None,
        masquerade: false,
        masqueraded: None,
        weight: 1,
        version: 2,
        deleted_in_ms: Some(41_200),
        counters: counters(12_345_678, 2, &[]),
        rates: None,
        ..gateway()
    }
}

fn fixed() -> Gateway {
    Gateway { interface: "vgw3".into(), is_static: true, version: 0, deleted_in_ms: None, ..stale() }
}

fn port() -> Port {
    Port {
        interface: "tap0".into(),
        instance: "default-domain:admin:net1:net1".into(),
        attached: false,
        guest: Some(Guest { netns: "guest1".into(), name: "eth0".into() }),
        addresses: strings(["192.168.1.253/32"]),
        gateways: strings(["192.168.1.1"]),
        mac: Some("02:00:00:00:00:01".into()),
        mtu: 1500,
        weight: 1,
        dhcp: None,
        router_advertisements: None,
        is_static: false,
        compute_id: None,
        network: None,
        deleted_in_ms: None,
        counters: counters(998, 1204, &[]),
        rates: None,
    }
}

fn told() -> Port {
    let dhcp = Dhcp {
        address: "192.168.1.253/24".into(),
        router: "192.168.1.1".into(),
        dns: strings(["192.0.2.53", "192.0.2.54"]),
        host_name: Some("guest7".into()),
        domain: Some("example.org".into()),
        lease_time: 3600,
    };
    let told = RouterAdvertisements { network: Some("2001:db8:1::/64".into()), autonomous: false, dns: vec![] };
    Port { dhcp: Some(dhcp), router_advertisements: Some(told), ..port() }
}

fn attached() -> Port {
    Port { interface: "vnet7".into(), attached: true, guest: None, gateways: vec![], mac: None, ..port() }
}

fn uplink() -> Uplink {
    Uplink {
        name: "display".into(),
        device: "eth1".into(),
        address: Some("20.0.0.5/24".into()),
        via: Some("20.0.0.1".into()),
        lease: None,
        table: 20_100,
        gateways: strings(["vgw1"]),
        is_static: true,
    }
}

fn audit() -> Audit {
    let running = vec![RunningAudit { remaining_ms: 41_200, gateways: strings(["vgw2"]) }];
    Audit { version: 3, timeout_ms: Some(60_000), running }
}

fn instance() -> Instance {
    Instance {
        name: "default-domain:admin:net1:net1".into(),
        routes_v4: 3,
        routes_v6: 1200,
        gateways: strings(["vgw1"]),
        ports: strings(["tap0", "vnet7"]),
    }
}

#[track_caller]
fn looks(report: &impl Report, expected: &str) {
    let shown = report.render(Style::PLAIN);
    assert!(shown == expected.trim_start_matches('\n'), "looks like this:\n{shown}");
}

#[track_caller]
fn says(report: &impl Report, expected: &str) {
    assert_eq!(to_json(report).unwrap(), expected);
}
