//! Routing instances.

use super::*;

#[test]
fn instances_lead_out_by_gateways_and_in_by_ports() {
    let registry = registry()
        .with_gateway(gateway("vgw1", "a", "10.0.0.0/24 fd00::/64"))
        .with_gateway(gateway("vgw2", "a", "10.0.0.0/24"))
        .with_gateway(gateway("vgw3", "b", "10.3.0.0/24").with_routes("8.8.0.0/16"))
        .with_port(port("tap1", "a", "10.0.0.9/32", "10.0.0.1"))
        .with_port(port("tap2", "a", "10.0.0.9/32 10.0.0.10/32", "10.0.0.1"));
    assert_text(
        &instances_text(&registry),
        "instance a
           0.0.0.0/0 nexthop dev vgw1 nexthop dev vgw2 (gateway)
           10.0.0.0/24 unreachable (subnet)
           10.0.0.1/32 local (local)
           10.0.0.9/32 nexthop dev tap1 nexthop dev tap2 (port)
           10.0.0.10/32 dev tap2 (port)
           ::/0 dev vgw1 (gateway)
           fd00::/64 unreachable (subnet)
         instance b
           8.8.0.0/16 dev vgw3 (gateway)
           10.3.0.0/24 unreachable (subnet)",
    );
}

/// One prefix that everything wants: taking away the winner shows the next.
#[test]
fn the_origin_decides_over_the_same_prefix() {
    let subnet = || registry().with_gateway(gateway("vgw1", "a", "10.0.0.9/32").with_routes("8.0.0.0/8"));
    let gateway = || registry().with_gateway(gateway("vgw1", "a", "10.0.0.9/32").with_routes("10.0.0.9/32"));
    let port_and = |gateways| gateway().with_port(port("tap1", "a", "10.0.0.9/32", gateways));
    let route = || port_and("10.0.0.9").with_route(route("a", "10.0.0.9/32", "vgw1", "10.0.0.77"));
    let cases = [
        (subnet(), "unreachable (subnet)"),
        (gateway(), "dev vgw1 (gateway)"),
        (port_and(""), "dev tap1 (port)"),
        (port_and("10.0.0.9"), "local (local)"),
        (route(), "via 10.0.0.77 dev vgw1 (static)"),
    ];
    for (registry, expected) in cases {
        let routes = &want(&registry, &Surroundings::default()).instances[&good::<InstanceName>("a")].routes;
        let RouteWant { next_hop, origin } = &*routes[&good::<Prefix>("10.0.0.9/32")];
        assert_eq!(format!("{next_hop} ({origin})"), expected);
    }
}

#[test]
fn a_static_route_outlives_its_ports() {
    let hop = |name| Hop { port: good(name), gateway: None, weight: Weight::ONE };
    let both = NextHop::group([hop("tap1"), hop("tap2")]);
    let mut registry = registry()
        .with_port(port("tap1", "a", "10.0.0.1/32", ""))
        .with_port(port("tap2", "a", "10.0.0.2/32", ""))
        .with_route(StaticRoute { instance: good("a"), prefix: good("10.9.0.0/16"), next_hop: both });
    let text = |registry: &Registry| {
        let instances = want(registry, &Surroundings::default()).instances;
        instances[&good::<InstanceName>("a")].routes[&good::<Prefix>("10.9.0.0/16")].next_hop.to_string()
    };
    assert_eq!(text(&registry), "nexthop dev tap1 nexthop dev tap2");
    registry.delete_port(&good("tap1")).unwrap();
    assert_eq!(text(&registry), "dev tap2");
    registry.delete_port(&good("tap2")).unwrap();
    assert_eq!(text(&registry), "unreachable");
    registry.add_port(port("tap1", "b", "10.0.0.1/32", "")).unwrap();
    assert_eq!(text(&registry), "unreachable", "a port of another instance does not stand in");
    registry.delete_route(&good("a"), good("10.9.0.0/16")).unwrap();
    assert_eq!(want(&registry, &Surroundings::default()).instances.keys().cloned().collect::<Vec<_>>(), [good("b")]);
}
