//! Ports, and routes over them.

use super::*;

#[test]
fn ports_share_addresses_within_an_instance_and_keep_to_it() {
    let mut f = fixture();
    assert_eq!(f.registry.add_port(port("tap1", "a", "10.0.0.9/32", "10.0.0.1")), Ok(Applied::Added));
    assert_eq!(f.registry.add_port(port("tap2", "a", "10.0.0.9/32", "10.0.0.1")), Ok(Applied::Added));
    assert_eq!(f.registry.add_port(port("tap2", "a", "10.0.0.9/32", "10.0.0.1")), Ok(Applied::Unchanged));
    let moved = f.registry.add_port(port("tap1", "b", "10.0.0.9/32", ""));
    assert_eq!(text(moved), refused("tap1 belongs to routing instance a; delete it there first"));
    let multicast = f.registry.add_port(port("tap3", "a", "10.0.0.9/32", "224.0.0.1"));
    assert_eq!(text(multicast), refused("address 224.0.0.1/32 overlaps the multicast range 224.0.0.0/4"));
    let loopback = f.registry.add_port(port("tap3", "a", "127.0.0.1/32", ""));
    assert_eq!(text(loopback), refused("address 127.0.0.1/32 overlaps the loopback network 127.0.0.0/8"));
    assert_eq!(f.registry.delete_port(&good("tap1")), Ok(Applied::Deleted));
    assert_eq!(text(f.registry.delete_port(&good("tap1"))), refused("there is no port tap1"));
}

#[test]
fn routes_lead_by_ports_of_their_instance() {
    let mut f = fixture();
    f.gateway(gateway("vgw1", "a", "10.0.0.0/24"), 0).unwrap();
    f.registry.add_port(port("tap1", "b", "10.0.0.9/32", "")).unwrap();
    assert_eq!(f.registry.add_route(route("a", "10.9.0.0/16", "vgw1", "")), Ok(Applied::Added));
    assert_eq!(f.registry.add_route(route("b", "10.9.0.0/16", "tap1", "10.0.0.9")), Ok(Applied::Added));
    assert_eq!(f.registry.add_route(route("b", "10.9.0.0/16", "tap1", "10.0.0.9")), Ok(Applied::Unchanged));
    let strange = f.registry.add_route(route("a", "10.8.0.0/16", "tap1", ""));
    assert_eq!(text(strange), refused("there is no port tap1 in routing instance a"));
    let mixed = f.registry.add_route(route("b", "10.8.0.0/16", "tap1", "fe80::1"));
    assert_eq!(text(mixed), refused("gateway fe80::1 is of another address family than 10.8.0.0/16"));
    assert_eq!(f.registry.delete_route(&good("a"), good("10.9.0.0/16")), Ok(Applied::Deleted));
    let absent = text(f.registry.delete_route(&good("a"), good("10.9.0.0/16")));
    assert_eq!(absent, refused("there is no static route 10.9.0.0/16"));
    assert_eq!(f.registry.instances(), set("a b"));
}
