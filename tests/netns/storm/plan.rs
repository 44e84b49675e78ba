//! Where everything is: two ways out, twenty networks, and what others have beside ours.

use std::net::{IpAddr, SocketAddr};

pub(super) const NETWORKS: usize = 20;
/// Where the guests send to; both routers have the addresses.
pub(super) const FAR: [&str; 2] = ["198.51.100.1", "2001:db8:f::1"];
pub(super) const PORT: u16 = 7007;

/// A way out: the host's device and addresses, and the router's, by family.
pub(super) struct Way {
    pub(super) device: &'static str,
    pub(super) own: [&'static str; 2],
    pub(super) router: [&'static str; 2],
    pub(super) uplinks: [&'static str; 2],
}

pub(super) const WAYS: [Way; 2] = [
    Way {
        device: "eth1",
        own: ["10.1.1.254/24", "2001:db8:1::254/64"],
        router: ["10.1.1.253", "2001:db8:1::253"],
        uplinks: ["one", "one-six"],
    },
    Way {
        device: "eth2",
        own: ["20.0.0.5/24", "2001:db8:20::5/64"],
        router: ["20.0.0.1", "2001:db8:20::1"],
        uplinks: ["two", "two-six"],
    },
];

/// Somebody else's, as like ours as can be without being it.
pub(super) const PLANTED: [&str; 6] = [
    "route add 10.250.0.0/24 dev eth9 proto 201 table 300",
    "route add 10.251.0.0/24 dev eth9 proto 202 table 20100",
    "rule add from 10.250.0.0/24 lookup 300 pref 20120",
    "rule add from 10.251.0.0/24 lookup 20100 pref 20120 protocol 202",
    "rule add from 10.252.0.0/24 lookup 300 pref 30000 protocol 201",
    "-6 rule add from 2001:db8:fa::/64 lookup 300 pref 20120",
];

/// True for a rule of ours as `ip -N rule` shows it.
pub(super) fn is_ours(rule: &str) -> bool {
    let priority = rule.split(':').next().and_then(|priority| priority.parse().ok());
    rule.contains("proto 201") && priority.is_some_and(|priority: u32| (20_100..22_100).contains(&priority))
}

/// One network in four has IPv6.
pub(super) fn is_six(number: usize) -> bool {
    number % 4 == 3
}

/// A network's guest, its gateway, and the length of both's network.
pub(super) fn addresses(number: usize) -> (String, String, u8) {
    if is_six(number) {
        (format!("2001:db8:a{number:02}::10"), format!("2001:db8:a{number:02}::1"), 64)
    } else {
        (format!("10.{}.0.10", 100 + number), format!("10.{}.0.1", 100 + number), 24)
    }
}

pub(super) fn address(text: &str, port: u16) -> SocketAddr {
    SocketAddr::new(text.parse::<IpAddr>().unwrap(), port)
}
