use std::fmt::Write;

use imbl::OrdSet;

use super::*;
use crate::addr::Weight;
use crate::gateway::Plan;
use crate::gateway::fixtures::{gateway, good, leased_uplink, leases, port, route, set, uplink};
use crate::gateway::{AdvertisementSpec, DhcpSpec, FABRIC, Limits, StaticRoute};
use crate::host::{Mark, Observed, RouteKey};
use crate::routing::Hop;

/// What a registry calls for, asked from nothing.
fn want(registry: &Registry, surroundings: &Surroundings) -> Want {
    Plan::new(registry.clone(), surroundings.clone()).want().clone()
}

/// A host with one device that leads out.
fn by_eth0() -> Surroundings {
    Surroundings { exit_devices: OrdSet::unit(good("eth0")), ..Surroundings::default() }
}

fn registry() -> Registry {
    Registry::new(Limits::default(), Mark::default())
}

impl Registry {
    fn with_gateway(mut self, spec: crate::gateway::GatewaySpec) -> Self {
        self.add_gateway(spec, 0, &Observed::default()).unwrap();
        self
    }

    fn with_port(mut self, spec: PortSpec) -> Self {
        self.add_port(spec).unwrap();
        self
    }

    fn with_uplink(mut self, spec: crate::gateway::UplinkSpec) -> Self {
        self.add_uplink(spec, &Observed::default()).unwrap();
        self
    }

    fn with_route(mut self, route: StaticRoute) -> Self {
        self.add_route(route).unwrap();
        self
    }
}

/// The host's part, one object a line.
fn host_text(registry: &Registry) -> String {
    let state = want(registry, &by_eth0()).host;
    let mut text = String::new();
    for (name, link) in &state.links {
        writeln!(text, "link {name} {} mtu {} up {}", link.mac, link.mtu, link.up).unwrap();
    }
    for (name, address) in &state.addresses {
        writeln!(text, "address {address} dev {name}").unwrap();
    }
    for (key, route) in &state.routes {
        write!(text, "route {} table {} metric {}", key.prefix, key.table, key.metric).unwrap();
        if route.hops.is_empty() {
            text.push_str(" unreachable");
        }
        for hop in &route.hops {
            let via = hop.via.map(|via| format!("via {via} ")).unwrap_or_default();
            write!(text, " {via}dev {}", hop.device).unwrap();
            if hop.weight != Weight::ONE {
                write!(text, " weight {}", hop.weight).unwrap();
            }
        }
        let source = route.source.map(|source| format!(" src {source}")).unwrap_or_default();
        writeln!(text, "{source}").unwrap();
    }
    for rule in &state.rules {
        writeln!(text, "rule {rule}").unwrap();
    }
    for setting in &state.settings {
        writeln!(text, "setting {} {:?}", setting.interface, setting.kind).unwrap();
    }
    text
}

/// The instances, one route a line.
fn instances_text(registry: &Registry) -> String {
    let mut text = String::new();
    for (name, instance) in want(registry, &Surroundings::default()).instances {
        writeln!(text, "instance {name}").unwrap();
        for (prefix, route) in instance.routes {
            writeln!(text, "  {prefix} {} ({})", route.next_hop, route.origin).unwrap();
        }
    }
    text
}

/// Compares line by line, ignoring the indentation of the expectation's margin.
#[track_caller]
fn assert_text(found: &str, expected: &str) {
    let lines: Vec<_> = expected.trim().lines().map(str::trim).collect();
    let found: Vec<_> = found.lines().map(str::trim).collect();
    assert_eq!(found, lines, "\n{found:#?}");
}

#[test]
fn nothing_asked_nothing_wanted() {
    assert_eq!(want(&registry(), &by_eth0()), Want::default());
}

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
fn guests_are_told_of_the_narrowest_subnet() {
    let spec = PortSpec {
        dhcp: Some(DhcpSpec::default()),
        router_advertisements: Some(AdvertisementSpec::default()),
        ..port("tap0", "a", "10.0.0.9/32 fd00::9/128", "10.0.0.1")
    };
    let registry = registry().with_port(spec).with_port(port("tap1", "a", "10.0.0.8/32", "10.0.0.1"));
    let told = |registry: &Registry, name: &str| match &want(registry, &Surroundings::default()).ports
        [&good::<InterfaceName>(name)]
    {
        PortWant::Guest(_, told) => (told.v4, told.v6),
        other => panic!("{other:?}"),
    };
    assert_eq!(told(&registry, "tap0"), (None, None));
    let registry = registry.with_gateway(gateway("vgw1", "a", "10.0.0.0/16 10.0.0.0/24 fd00::/48 fd00::/64"));
    assert_eq!(told(&registry, "tap0"), (Some(good("10.0.0.0/24")), Some(good("fd00::/64"))));
    assert_eq!(told(&registry, "tap1"), (None, None), "not asked for");
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

#[test]
fn what_lies_inside_a_masqueraded_network_needs_nothing_of_its_own() {
    let masquerades = |registry: &Registry| {
        let state = want(registry, &Surroundings::default()).host;
        state.masquerades.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let mut registry = registry()
        .with_gateway(gateway("vgw1", "a", "10.0.0.0/16 fd00::/64").masqueraded())
        .with_gateway(gateway("vgw2", "a", "10.0.1.0/24 10.0.1.9/32").masqueraded())
        .with_gateway(gateway("vgw3", "b", "10.1.0.0/24"));
    assert_eq!(masquerades(&registry), ["anywhere4 { 10.0.0.0/16 }", "anywhere6 { fd00::/64 }"]);
    let refused = registry.add_gateway(gateway("vgw4", "a", "10.0.1.0/24"), 0, &Observed::default());
    assert_eq!(refused.unwrap_err().field(), "masquerade");
    registry.delete_gateway(&good("vgw1")).unwrap();
    assert_eq!(masquerades(&registry), ["anywhere4 { 10.0.1.0/24 }"]);
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

#[test]
fn what_is_masqueraded_takes_the_leased_address() {
    let mut leased = registry()
        .with_uplink(leased_uplink("wan", "eth1"))
        .with_gateway(gateway("vgw1", "a", "10.0.0.0/24").by_uplink("wan").masqueraded());
    let masquerades = |registry: &Registry| {
        let state = want(registry, &Surroundings::default()).host;
        state.masquerades.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let elsewhere = "anywhere4 { 10.0.0.0/24 }";
    assert_eq!(masquerades(&leased), [elsewhere], "nothing leaves by the uplink without a lease");
    for address in ["20.0.0.5", "20.0.0.9"] {
        leased.take_leases(leases(&[&format!("eth1.ipv4 {address}/24 via 20.0.0.1")]));
        let by_uplink = format!("uplinks4 {{ 10.0.0.0/24 . \"eth1\" : {address} }}");
        assert_eq!(masquerades(&leased), [elsewhere, &by_uplink]);
    }
}

#[test]
fn the_fabrics_instance_says_what_the_node_stands_for() {
    let fabric = Fabric {
        wire: good("eth0"),
        host: good("vhost0"),
        mac: good("02:00:00:00:00:10"),
        addresses: ["10.9.0.5", "fd09::5"].map(good).into(),
        connected: set("10.9.0.0/24 10.1.0.0/24 fd09::/64"),
        routers: ["10.9.0.1", "10.9.0.2", "fd09::1"].map(good).into(),
    };
    let mut registry = registry().with_gateway(gateway("vgw1", "a", "10.1.0.0/24 fd00:1::/64"));
    let instance: InstanceName = good(FABRIC);
    assert!(!want(&registry, &by_eth0()).instances.contains_key(&instance));
    registry.set_fabric(Some(fabric.clone()));
    let wanted = want(&registry, &by_eth0());
    let mut text = String::new();
    for (prefix, route) in &wanted.instances[&instance].routes {
        let NextHop::Forward(hops) = &route.next_hop else { panic!("{route:?}") };
        let hops: Vec<_> = hops.iter().map(|hop| format!("{} {:?}", hop.port, hop.gateway)).collect();
        writeln!(text, "{prefix} {} {}", route.origin, hops.join(", ")).unwrap();
    }
    let expected = "\
0.0.0.0/0 fabric eth0 Some(10.9.0.1), eth0 Some(10.9.0.2)
10.1.0.0/24 gateway vhost0 None
10.9.0.0/24 fabric eth0 None
10.9.0.5/32 fabric vhost0 None
::/0 fabric eth0 Some(fd09::1)
fd00:1::/64 gateway vhost0 None
fd09::/64 fabric eth0 None
fd09::5/128 fabric vhost0 None
";
    assert_eq!(text, expected);
    assert!(matches!(wanted.ports.get(&good::<InterfaceName>("eth0")), Some(PortWant::Fabric(FabricEnd::Wire, _))));
    assert!(matches!(wanted.ports.get(&good::<InterfaceName>("vhost0")), Some(PortWant::Fabric(FabricEnd::Host, _))));
}

#[test]
fn the_fabric_is_nobody_elses() {
    let mut registry = registry();
    let none = Observed::default();
    let refused = |result: Result<_, crate::gateway::Refusal>| result.unwrap_err().to_string();
    let own = "FABRIC is the routing instance of the host's own network; choose another";
    assert_eq!(refused(registry.add_gateway(gateway("vgw1", FABRIC, "10.1.0.0/24"), 0, &none)), own);
    assert_eq!(refused(registry.add_port(port("tap0", FABRIC, "10.1.0.5/32", ""))), own);
    registry.set_fabric(Some(Fabric {
        wire: good("eth0"),
        host: good("vhost0"),
        mac: good("02:00:00:00:00:10"),
        addresses: BTreeSet::new(),
        connected: BTreeSet::new(),
        routers: BTreeSet::new(),
    }));
    assert_eq!(refused(registry.add_port(port("eth0", "a", "10.1.0.5/32", ""))), "eth0 is already a fabric device");
    assert_eq!(
        refused(registry.add_gateway(gateway("vhost0", "a", "10.1.0.0/24"), 0, &none)),
        "vhost0 is already a fabric interface"
    );
    let by = |device| uplink("up", device, "10.9.0.5/24", "10.9.0.1");
    assert_eq!(refused(registry.add_uplink(by("eth0"), &none)), "eth0 is already a fabric device");
    registry.add_uplink(by("vhost0"), &none).unwrap();
}

#[test]
fn guests_learn_that_a_gateway_has_moved_to_another_instance() {
    let told = PortSpec {
        router_advertisements: Some(AdvertisementSpec::default()),
        ..port("tap0", "b", "fd00::9/128", "fd00::1")
    };
    let before = registry().with_port(told).with_gateway(gateway("vgw1", "b", "fd00::/64"));
    let mut after = before.clone();
    after.delete_gateway(&good("vgw1")).unwrap();
    let after = after.with_gateway(gateway("vgw1", "a", "fd00::/64"));
    let followed = Plan::new(before, by_eth0()).then(after.clone(), by_eth0());
    assert_eq!(followed, Plan::new(after, by_eth0()));
}
