//! What uplinks want of the host.

use super::*;

#[test]
fn an_uplink_has_a_table_that_knows_the_way_back() {
    let registry = registry()
        .with_uplink(uplink("display", "eth1", "20.0.0.5/24", "20.0.0.1"))
        .with_gateway(gateway("vgw1", "a", "10.0.0.0/24 fd00::/64").by_uplink("display"))
        .with_gateway(gateway("vgw2", "b", "10.2.0.0/24"));
    assert_text(
        &host_text(&registry),
        "link vgw1 00:00:5e:00:01:00 mtu 1500 up true
         link vgw2 00:00:5e:00:01:00 mtu 1500 up true
         address fe80::1/64 dev vgw1
         route 10.0.0.0/24 table 254 metric 0 dev vgw1
         route 10.2.0.0/24 table 254 metric 0 dev vgw2
         route fd00::/64 table 254 metric 1024 dev vgw1
         route 0.0.0.0/0 table 20100 metric 0 via 20.0.0.1 dev eth1 src 20.0.0.5
         route 0.0.0.0/0 table 20100 metric 4294967295 unreachable
         route 10.0.0.0/24 table 20100 metric 0 dev vgw1
         route 10.2.0.0/24 table 20100 metric 0 dev vgw2
         route 20.0.0.0/24 table 20100 metric 0 dev eth1 src 20.0.0.5
         rule from 20.0.0.5/32 lookup 20100 pref 20110
         rule from 10.0.0.0/24 lookup 20100 pref 20128
         setting eth0 ForwardV4
         setting eth0 ForwardV6
         setting eth1 ForwardV4
         setting vgw1 ForwardV4
         setting vgw1 ForwardV6
         setting vgw2 ForwardV4",
    );
}

#[test]
fn an_ipv6_uplink_without_a_connected_network() {
    let registry = registry()
        .with_uplink(uplink("six", "eth1", "2001:db8::5/128", "fe80::1").with_table(700))
        .with_gateway(gateway("vgw1", "a", "fd00::/64").by_uplink("six"));
    assert_text(
        &host_text(&registry),
        "link vgw1 00:00:5e:00:01:00 mtu 1500 up true
         address fe80::1/64 dev vgw1
         route fd00::/64 table 254 metric 1024 dev vgw1
         route ::/0 table 700 metric 1024 via fe80::1 dev eth1 src 2001:db8::5
         route ::/0 table 700 metric 4294967295 unreachable
         route fd00::/64 table 700 metric 1024 dev vgw1
         rule from 2001:db8::5/128 lookup 700 pref 20110
         rule from fd00::/64 lookup 700 pref 20184
         setting eth1 ForwardV6
         setting vgw1 ForwardV6",
    );
}

#[test]
fn the_network_of_an_uplink_stays_on_its_link() {
    let registry = registry().with_uplink(uplink("wan", "eth1", "20.0.0.5/24", "20.0.0.1")).with_gateway(gateway(
        "vgw1",
        "a",
        "20.0.0.0/24",
    ));
    let text = host_text(&registry);
    assert!(text.contains("route 20.0.0.0/24 table 20100 metric 0 dev eth1 src 20.0.0.5\n"), "{text}");
}

#[test]
fn networks_that_the_host_is_connected_to_are_near_in_every_uplinks_table() {
    let connected = [("30.0.0.0/24", "br0"), ("20.0.0.0/24", "eth9"), ("10.0.0.0/24", "br0"), ("fd07::/64", "br0")];
    let connected = connected.map(|(network, device)| (good(network), good(device)));
    let surroundings = Surroundings { connected: connected.into_iter().collect(), ..Surroundings::default() };
    let registry = registry()
        .with_uplink(uplink("wan", "eth1", "20.0.0.5/24", "20.0.0.1"))
        .with_uplink(uplink("six", "eth1", "fd08::5/64", "fd08::1"))
        .with_gateway(gateway("vgw1", "a", "10.0.0.0/24"));
    let routes = want(&registry, &surroundings).host.routes;
    let devices = |table: u32, prefix: &str, metric| -> Vec<_> {
        let route = routes.get(&RouteKey { table, prefix: good(prefix), metric });
        route.into_iter().flat_map(|route| &route.hops).map(|hop| hop.device.to_string()).collect()
    };
    let (wan, six) = (registry.uplink(&good("wan")).unwrap().table, registry.uplink(&good("six")).unwrap().table);
    assert_eq!(devices(wan, "30.0.0.0/24", 0), ["br0"]);
    assert_eq!(devices(wan, "20.0.0.0/24", 0), ["eth1"], "the uplink's own network stays on its link");
    assert_eq!(devices(wan, "10.0.0.0/24", 0), ["vgw1"], "a gateway's subnet is the gateway's");
    assert_eq!(devices(six, "fd07::/64", 1024), ["br0"]);
    assert!(devices(six, "30.0.0.0/24", 0).is_empty());
    assert!(devices(RouteKey::MAIN, "30.0.0.0/24", 0).is_empty(), "there it is the host's own");
}

#[test]
fn an_uplink_without_a_lease_leads_nowhere() {
    let mut leased = registry()
        .with_uplink(leased_uplink("wan", "eth1"))
        .with_gateway(gateway("vgw1", "a", "10.0.0.0/24").by_uplink("wan"));
    let without = host_text(&leased);
    assert!(without.contains("route 0.0.0.0/0 table 20100 metric 4294967295 unreachable\n"), "{without}");
    assert!(without.contains("10.0.0.0/24 lookup 20100"), "its gateways' traffic is led there: {without}");
    assert!(without.contains("setting eth1 ForwardV4"), "{without}");
    assert!(!without.contains("dev eth1") && !without.contains("20.0.0"), "{without}");
    leased.take_leases(leases(&["eth1.ipv4 20.0.0.5/24 via 20.0.0.1"]));
    let fixed = registry().with_uplink(uplink("wan", "eth1", "20.0.0.5/24", "20.0.0.1"));
    let fixed = fixed.with_gateway(gateway("vgw1", "a", "10.0.0.0/24").by_uplink("wan"));
    assert_eq!(host_text(&leased), host_text(&fixed), "a leased address is as good as any");
    leased.take_leases(leases(&[]));
    assert_eq!(host_text(&leased), without);
}
