//! Networks that leave under the host's address.

use super::*;

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
