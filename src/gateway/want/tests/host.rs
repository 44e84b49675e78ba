//! What gateways want of the host.

use super::*;

#[test]
fn a_gateway_is_a_tap_with_routes_and_forwarding() {
    let registry = registry().with_gateway(gateway("vgw1", "a", "10.0.0.0/24"));
    assert_text(
        &host_text(&registry),
        "link vgw1 00:00:5e:00:01:00 mtu 1500 up true
         route 10.0.0.0/24 table 254 metric 0 dev vgw1
         setting eth0 ForwardV4
         setting vgw1 ForwardV4",
    );
    let Want { ports, .. } = want(&registry, &Surroundings::default());
    let expected = PortWant::Gateway { instance: good("a"), own_addresses: BTreeSet::new() };
    assert_eq!(ports.into_iter().collect::<Vec<_>>(), [(good("vgw1"), expected)]);
}

#[test]
fn gateways_of_one_instance_share_a_subnet() {
    let registry = registry().with_gateway(gateway("vgw1", "a", "10.0.0.0/24 fd00::/64")).with_gateway(gateway(
        "vgw2",
        "a",
        "10.0.0.0/24 fd00::/64 fd01::/64",
    ));
    assert_text(
        &host_text(&registry),
        "link vgw1 00:00:5e:00:01:00 mtu 1500 up true
         link vgw2 00:00:5e:00:01:00 mtu 1500 up true
         address fe80::1/64 dev vgw1
         address fe80::1/64 dev vgw2
         route 10.0.0.0/24 table 254 metric 0 dev vgw1 dev vgw2
         route fd00::/64 table 254 metric 1024 via fe80::200:5eff:fe00:100 dev vgw1 via fe80::200:5eff:fe00:100 dev vgw2
         route fd01::/64 table 254 metric 1024 dev vgw2
         setting eth0 ForwardV4
         setting eth0 ForwardV6
         setting vgw1 ForwardV4
         setting vgw1 ForwardV6
         setting vgw2 ForwardV4
         setting vgw2 ForwardV6",
    );
    let ports = want(&registry, &Surroundings::default()).ports;
    let own_addresses = set("fe80::200:5eff:fe00:100");
    assert_eq!(ports[&good::<InterfaceName>("vgw1")], PortWant::Gateway { instance: good("a"), own_addresses });
}

#[test]
fn shares_are_in_proportion_to_the_weights() {
    let registry = registry()
        .with_gateway(gateway("vgw1", "a", "10.0.0.0/24 fd00::/64").weighing("3"))
        .with_gateway(gateway("vgw2", "a", "10.0.0.0/24 fd00::/64 10.1.0.0/24"))
        .with_gateway(gateway("vgw3", "a", "10.2.0.0/24").weighing("256"));
    let text = host_text(&registry);
    for route in [
        "route 10.0.0.0/24 table 254 metric 0 dev vgw1 weight 3 dev vgw2\n",
        "route fd00::/64 table 254 metric 1024 via fe80::200:5eff:fe00:100 dev vgw1 weight 3 via",
        // What is alone has no share.
        "route 10.2.0.0/24 table 254 metric 0 dev vgw3\n",
    ] {
        assert!(text.contains(route), "{route} in\n{text}");
    }
    let text = instances_text(&registry);
    let default = "0.0.0.0/0 nexthop dev vgw1 weight 3 nexthop dev vgw2 nexthop dev vgw3 weight 256 (gateway)";
    assert!(text.contains(default), "{text}");
}
