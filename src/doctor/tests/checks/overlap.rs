//! What is the guests' and the host has.

use super::*;
use crate::doctor::tests::site::gateway;

#[test]
fn the_host_has_what_is_the_guests() {
    let finding = one(|facts| {
        facts.addresses.insert((name("eth1"), "192.168.1.77/24".parse().unwrap()));
        facts.routes = vec![route("192.168.1.0/24", 0, 2, "eth1")];
    });
    assert_eq!(
        (finding.check.as_str(), cure(&finding)),
        ("address-in-subnet", vec!["ip address delete 192.168.1.77/24 dev eth1".to_owned()])
    );
    let finding = one(|facts| facts.routes = vec![route("192.168.1.128/25", 7, 3, "eth1")]);
    assert_eq!(
        (finding.check.as_str(), cure(&finding)),
        ("route-in-subnet", vec!["ip route delete 192.168.1.128/25 dev eth1 metric 7".to_owned()])
    );
    // What else it looks like is no fault of its own.
    let same = found(|facts| {
        let way = &mut facts.ways[0];
        way.question.source = "192.168.1.200".parse().unwrap();
        (way.out, way.back, way.probed) = (Err(Refusal::ReversePath), None, None);
        facts.routes = vec![route("192.168.1.128/25", 7, 3, "eth1")];
    });
    assert_eq!(same, ["route-in-subnet 192.168.1.128/25"]);
    for harmless in [
        route("0.0.0.0/0", 0, 3, "eth1"),
        route("192.168.0.0/16", 0, 3, "eth1"),
        route("192.168.1.0/24", 50, 3, "eth1"),
        route("192.168.3.0/24", 0, 3, "eth1"),
    ] {
        assert!(found(|facts| facts.routes = vec![harmless.clone()]).is_empty(), "{harmless:?}");
    }
    let v6 = |metric| {
        found(|facts| {
            let told = facts.told.as_mut().unwrap();
            told.gateways.push(gateway("vgw3", &["2001:db8::/64"]));
            facts.links.insert(name("vgw3"), facts.links[&name("vgw1")].clone());
            facts.routes = vec![route("2001:db8::/64", metric, 3, "eth1")];
        })
    };
    assert_eq!(v6(256), ["route-in-subnet 2001:db8::/64"]);
    assert!(v6(1024).is_empty());
}
