//! Gateways.

use super::*;

#[test]
fn adding_again_replaces_and_confirms() {
    let mut f = fixture();
    assert_eq!(f.gateway(gateway("vgw1", "a", "10.0.0.0/24"), 1), Ok(Applied::Added));
    assert_eq!(f.gateway(gateway("vgw1", "a", "10.0.0.0/24"), 2), Ok(Applied::Unchanged));
    assert_eq!(f.standing("vgw1"), Some(Standing::Dynamic { version: 2 }));
    assert_eq!(f.gateway(gateway("vgw1", "a", "10.0.1.0/24"), 2), Ok(Applied::Changed));
    assert_eq!(f.registry.announced().map(|(subnet, _)| subnet).collect::<Vec<_>>(), [good("10.0.1.0/24")]);
    assert_eq!(f.registry.delete_gateway(&good("vgw1")), Ok(Applied::Deleted));
    assert_eq!(f.registry.delete_gateway(&good("vgw1")), Ok(Applied::Absent));
    assert_eq!(f.registry, fixture().registry);
}

#[test]
fn a_refused_replay_confirms_what_stands() {
    let mut f = fixture();
    f.gateway(gateway("vgw1", "a", "10.0.0.0/24"), 1).unwrap();
    let moved = f.gateway(gateway("vgw1", "b", "10.0.0.0/24"), 2);
    assert_eq!(moved, refused("vgw1 belongs to routing instance a; delete it there first"));
    assert_eq!(f.standing("vgw1"), Some(Standing::Dynamic { version: 2 }));
    f.gateway(gateway("vgw1", "a", "127.0.0.0/24"), 3).unwrap_err();
    assert!(f.registry.stale(Auditee::Gateways, 3).is_empty());
    f.registry.seen([good("vgw1"), good("nobody")], 4);
    assert_eq!(f.standing("vgw1"), Some(Standing::Dynamic { version: 4 }));
    assert_eq!(f.registry.stale(Auditee::Gateways, 5), [good("vgw1")]);
}

#[test]
fn subnets_belong_to_one_instance() {
    let mut f = fixture();
    f.gateway(gateway("vgw1", "a", "10.0.0.0/16"), 0).unwrap();
    for taken in ["10.0.0.0/16", "10.0.7.0/24", "10.0.0.0/8"] {
        let expected = format!(
            "subnet {taken} overlaps 10.0.0.0/16, which gateway vgw1 of routing instance a announces to the host"
        );
        assert_eq!(f.gateway(gateway("vgw2", "b", &format!("20.0.0.0/24 {taken}")), 0), Err(expected));
    }
    assert_eq!(f.gateway(gateway("vgw2", "a", "10.0.0.0/16 10.0.7.0/24"), 0), Ok(Applied::Added));
    f.registry.delete_gateway(&good("vgw1")).unwrap();
    assert!(f.gateway(gateway("vgw3", "b", "10.0.0.0/16"), 0).is_err(), "vgw2 still announces it");
    f.registry.delete_gateway(&good("vgw2")).unwrap();
    assert_eq!(f.gateway(gateway("vgw3", "b", "10.0.0.0/16"), 0), Ok(Applied::Added));
}

#[test]
fn the_hosts_own_routes_stay_the_hosts() {
    let mut f = fixture();
    f.gateway(gateway("vgw1", "a", "10.0.0.0/24"), 0).unwrap();
    let key = |prefix, metric| RouteKey { table: RouteKey::MAIN, prefix: good(prefix), metric };
    f.host.foreign_routes =
        [key("10.0.0.0/24", 0), key("20.0.0.0/24", 0), key("fd00::/64", 1024)].into_iter().collect();
    let foreign = "the host already has a route to 20.0.0.0/24 that is not ours";
    assert_eq!(f.gateway(gateway("vgw2", "a", "20.0.0.0/24"), 0), refused(foreign));
    assert!(f.gateway(gateway("vgw2", "a", "fd00::/64"), 0).is_err());
    assert_eq!(f.gateway(gateway("vgw2", "a", "20.0.0.0/25"), 0), Ok(Applied::Added));
    assert_eq!(f.gateway(gateway("vgw1", "a", "10.0.0.0/24"), 1), Ok(Applied::Unchanged), "it stands already");
}

#[test]
fn gateways_that_share_a_subnet_move_together() {
    let mut f = fixture();
    f.uplink(uplink("wan", "eth1", "20.0.0.5/24", "20.0.0.1")).unwrap();
    f.uplink(uplink("lan", "eth2", "30.0.0.5/24", "30.0.0.1")).unwrap();
    let specs = [("vgw1", "10.0.0.0/24"), ("vgw2", "10.0.0.0/24 10.1.0.0/24"), ("vgw3", "10.1.0.0/24")];
    let [first, second, third] = specs.map(|(name, subnets)| gateway(name, "a", subnets));
    for spec in [&first, &second, &third] {
        f.gateway(spec.clone().by_uplink("wan"), 0).unwrap();
    }
    f.gateway(gateway("vgw4", "a", "10.0.0.0/16").by_uplink("wan"), 0).unwrap();
    let uplinks = |f: &Fixture| {
        let names = f.registry.gateways().map(|gateway| gateway.spec.uplink.as_ref().map(ToString::to_string));
        names.map(Option::unwrap_or_default).collect::<Vec<_>>()
    };
    assert_eq!(f.gateway(third.clone().by_uplink("lan"), 7), Ok(Applied::Changed));
    assert_eq!(uplinks(&f), ["lan", "lan", "lan", "wan"], "the last is another network");
    assert_eq!(f.standing("vgw1"), Some(Standing::Dynamic { version: 0 }), "nobody has confirmed it");

    let alone = refused("subnet 10.0.0.0/24 is also that of gateway vgw2, which has another uplink");
    assert_eq!(f.gateway(first.clone(), 0), alone, "naming none moves nobody");
    let joining = f.registry.with_present_uplink(&gateway("vgw5", "a", "10.1.0.0/24"));
    assert_eq!(joining.uplink, Some(good("lan")));

    let mut file = Declared { gateways: vec![first.clone().by_uplink("wan")], ..Declared::default() };
    f.reload(&file).unwrap();
    assert_eq!(uplinks(&f), ["wan", "wan", "wan", "wan"], "the file decides");
    let held = refused("subnet 10.0.0.0/24 is also that of gateway vgw1, which has another uplink");
    assert_eq!(f.gateway(second.clone().by_uplink("lan"), 0), held);
    file.gateways.push(second.by_uplink("lan"));
    assert!(f.reload(&file).is_err(), "the file must agree with itself");
}
