//! What the configuration file declares.

use super::*;

fn declared() -> Declared {
    Declared {
        gateways: vec![gateway("vgw1", "a", "10.0.0.0/24").by_uplink("wan")],
        ports: vec![port("tap1", "a", "10.0.0.9/32", "10.0.0.1")],
        uplinks: vec![uplink("wan", "eth1", "20.0.0.5/24", "20.0.0.1")],
        routes: vec![route("a", "10.9.0.0/16", "tap1", "")],
        ..Declared::default()
    }
}

#[test]
fn static_things_change_in_the_file_only() {
    let mut f = fixture();
    f.reload(&declared()).unwrap();
    let loaded = f.registry.clone();
    let in_file =
        |what| refused::<Applied>(&format!("{what} is defined in the configuration file and changes only there"));
    assert_eq!(f.gateway(gateway("vgw1", "a", "10.0.0.0/24").by_uplink("wan"), 1), in_file("vgw1"));
    assert_eq!(text(f.registry.delete_gateway(&good("vgw1"))), in_file("vgw1"));
    f.registry.seen([good("vgw1")], 1);
    assert!(f.registry.stale(Auditee::Gateways, u32::MAX).is_empty());
    assert!(text(f.registry.add_port(port("tap1", "a", "10.0.0.8/32", ""))).is_err());
    assert!(f.registry.delete_port(&good("tap1")).is_err());
    assert!(f.uplink(uplink("wan", "eth1", "20.0.0.6/24", "20.0.0.1")).is_err());
    assert!(f.registry.delete_uplink(&good("wan")).is_err());
    assert!(f.registry.add_route(route("a", "10.9.0.0/16", "vgw1", "")).is_err());
    assert!(f.registry.delete_route(&good("a"), good("10.9.0.0/16")).is_err());
    assert_eq!(f.registry, loaded);
}

#[test]
fn a_reload_keeps_what_calls_have_added() {
    let mut f = fixture();
    f.reload(&declared()).unwrap();
    f.gateway(gateway("vgw2", "b", "10.1.0.0/24"), 3).unwrap();
    f.registry.add_port(port("tap2", "b", "10.1.0.9/32", "")).unwrap();
    f.uplink(uplink("lan", "eth2", "30.0.0.5/24", "30.0.0.1")).unwrap();
    let before = f.registry.clone();
    f.reload(&declared()).unwrap();
    assert_eq!(f.registry, before, "the same file changes nothing");

    // An earlier name takes no table from those that stand.
    let mut more = declared();
    more.uplinks.insert(0, uplink("first", "eth3", "40.0.0.5/24", "40.0.0.1"));
    f.reload(&more).unwrap();
    assert_eq!(["wan", "lan", "first"].map(|name| f.table(name)), [20_100, 20_101, 20_102]);

    let limits = Limits { gateways: 1, ..Limits::default() };
    f.reload(&Declared { limits, ..Declared::default() }).unwrap();
    assert!(f.gateway(gateway("vgw3", "b", "10.3.0.0/24"), 0).is_err(), "the new limit holds");
    assert_eq!(f.registry.gateways().count(), 1);
    assert_eq!(f.standing("vgw2"), Some(Standing::Dynamic { version: 3 }));
    assert_eq!(f.registry.uplinks().map(|uplink| uplink.table).collect::<Vec<_>>(), [20_101]);
    assert_eq!(f.registry.instances(), set("b"));
}

#[test]
fn the_file_takes_over_what_it_defines() {
    let mut f = fixture();
    f.gateway(gateway("vgw1", "a", "10.0.0.0/25"), 3).unwrap();
    f.registry.add_port(port("tap1", "a", "10.0.0.8/32", "")).unwrap();
    f.uplink(uplink("wan", "eth1", "20.0.0.6/24", "20.0.0.1")).unwrap();
    f.reload(&declared()).unwrap();
    let mut fresh = fixture();
    fresh.reload(&declared()).unwrap();
    assert_eq!(f.registry, fresh.registry);
}

#[test]
fn a_file_that_does_not_fit_says_which_element() {
    let mut f = fixture();
    f.gateway(gateway("vgw1", "other", "10.7.0.0/24"), 0).unwrap();
    let other = "vgw1 belongs to routing instance other; delete it there first".to_owned();
    assert_eq!(f.reload(&declared()), Err((Some(Element::Gateway(0)), other)));
    f.registry.delete_gateway(&good("vgw1")).unwrap();

    let broken = |change: fn(&mut Declared)| {
        let mut broken = declared();
        change(&mut broken);
        fixture().reload(&broken).unwrap_err().0
    };
    assert_eq!(broken(|d| d.ports.push(port("vgw1", "a", "10.0.0.9/32", ""))), Some(Element::Port(1)));
    assert_eq!(broken(|d| d.routes.push(route("b", "10.9.0.0/16", "tap1", ""))), Some(Element::Route(1)));
    assert_eq!(
        broken(|d| d.uplinks.insert(0, uplink("x", "vgw9", "20.0.0.5/24", "20.0.0.1"))),
        Some(Element::Uplink(1)),
        "the second of two with one address"
    );

    f.reload(&declared()).unwrap();
    f.gateway(gateway("vgw2", "b", "10.1.0.0/24").by_uplink("wan"), 0).unwrap();
    let used = "uplink wan is used by gateway vgw2".to_owned();
    assert_eq!(f.reload(&Declared::default()), Err((None, used)));
}

#[test]
fn a_static_gateway_changes_its_instance_by_the_file() {
    let mut f = fixture();
    f.reload(&declared()).unwrap();
    let mut moved = declared();
    moved.gateways[0].instance = good("b");
    f.reload(&moved).unwrap();
    assert_eq!(f.registry.gateway(&good("vgw1")).unwrap().spec.instance, good("b"));
}
