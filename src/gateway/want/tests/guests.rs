//! What guests are told.

use super::*;

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
