//! A host on which everything is in order.

use std::collections::{BTreeMap, BTreeSet};

use crate::addr::{InterfaceName, Mac, Prefix};
use crate::doctor::filter::Filter;
use crate::doctor::{Facts, Gateway, Leads, Leg, Link, Port, Probed, Question, Switches, Told, Traffic, Uplink, Way};
use crate::host::Mark;

pub(in crate::doctor) fn name(text: &str) -> InterfaceName {
    text.parse().unwrap()
}

pub(in crate::doctor) fn gateway(tap: &str, subnets: &[&str]) -> Gateway {
    Gateway {
        name: name(tap),
        instance: "net1".to_owned(),
        subnets: subnets.iter().map(|subnet| subnet.parse().unwrap()).collect(),
        routes: vec![Prefix::DEFAULT_V4],
        uplink: None,
        masquerade: false,
        traffic: Traffic::default(),
    }
}

pub(in crate::doctor) fn port(tap: &str, addresses: &[&str]) -> Port {
    let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
    Port {
        name: name(tap),
        instance: "net1".to_owned(),
        addresses,
        mtu: 1500,
        attached: false,
        placed: true,
        traffic: Traffic::default(),
    }
}

/// A gateway with an uplink, and one that leaves as table main says; a guest's port.
pub(in crate::doctor) fn told() -> Told {
    let uplink = Uplink {
        name: "display".to_owned(),
        device: name("eth1"),
        address: Some("20.0.0.5/24".parse().unwrap()),
        via: Some("20.0.0.1".parse().unwrap()),
        table: 20_100,
    };
    let with_uplink = Gateway { uplink: Some("display".to_owned()), ..gateway("vgw1", &["192.168.1.0/24"]) };
    let without = Gateway { instance: "net2".to_owned(), ..gateway("vgw2", &["192.168.2.0/24"]) };
    let ports = vec![port("tap0", &["192.168.1.7/32"])];
    Told {
        gateways: vec![with_uplink, without],
        uplinks: vec![uplink],
        ports,
        problems: Vec::new(),
        unconfined: Vec::new(),
    }
}

/// The way of a gateway, as it should be.
pub(in crate::doctor) fn way(tap: &str, subnet: &str, table: Option<u32>) -> Way {
    let subnet: Prefix = subnet.parse().unwrap();
    let question = Question {
        gateway: name(tap),
        subnet,
        source: subnet.address(),
        destination: if subnet.address().is_ipv4() { "198.51.100.1" } else { "3fff:fff::1" }.parse().unwrap(),
        uplink: table.map(|table| ("wan".to_owned(), table)),
        everything: true,
    };
    let via = if subnet.address().is_ipv4() { "20.0.0.1" } else { "fe80::1" }.parse().ok();
    let back = Leads { device: name(tap), via: None, table: 254 };
    Way {
        question,
        out: Ok(Leads { device: name("eth1"), via, table: table.unwrap_or(254) }),
        back: Some(Ok(back)),
        probed: Some(Probed { there: Leg::Passed, back: Some(Leg::Passed) }),
        answered: None,
    }
}

/// Facts without any fault.
pub(in crate::doctor) fn facts() -> Facts {
    let link = |index: u32| Link {
        index,
        mac: Some(Mac([2, 0, 0, 0, 0, 7])),
        mtu: 1500,
        up: true,
        carrier: true,
        queue_length: 1000,
        bridge: None,
        sent: 1000,
        dropped: 0,
        switches: Switches {
            forwarding_v4: true,
            reverse_path: 1,
            force_forwarding_v6: Some(true),
            forwarding_v6: false,
            accept_ra: 1,
        },
    };
    let links: BTreeMap<InterfaceName, Link> = ["vgw1", "vgw2", "eth1", "br0"]
        .into_iter()
        .zip(2..)
        .map(|(device, index)| (name(device), link(index)))
        .collect();
    Facts {
        told: Ok(told()),
        mark: Mark::default(),
        missing_rights: Vec::new(),
        tun: None,
        links,
        reverse_path_all: 0,
        forwards_v6: false,
        addresses: BTreeSet::from([(name("eth1"), "20.0.0.5/24".parse().unwrap())]),
        routes: Vec::new(),
        rules: Vec::new(),
        ways: vec![way("vgw1", "192.168.1.0/24", Some(20_100)), way("vgw2", "192.168.2.0/24", None)],
        routers: BTreeMap::from([((name("eth1"), "20.0.0.1".parse().unwrap()), true)]),
        filter: Filter::default(),
        bridge_filters: Vec::new(),
        conntrack: Some((10, 1000)),
        networkd: None,
        network_manager: None,
        peer: None,
        unseen: Vec::new(),
    }
}
