//! The host's own card, taken in front of the host.

use super::*;

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
