//! Interfaces.

use super::*;
use crate::doctor::Traffic;

#[test]
fn links_are_not_as_they_should() {
    assert_eq!(found(|facts| facts.links.retain(|device, _| *device != name("vgw2"))), ["tap-missing vgw2"]);
    assert_eq!(found(|facts| link(facts, "eth1").up = false), ["uplink-down display"]);
    assert_eq!(found(|facts| link(facts, "eth1").carrier = false), ["uplink-down display"]);
    let finding = one(|facts| link(facts, "vgw1").queue_length = 100);
    assert!(finding.cure.remark.is_some_and(|remark| remark.contains("queue_length to 500")));
    for (dropped, sent, expected) in [(99, 1000, 0), (100, 100_001, 0), (100, 100_000, 1)] {
        let found = found(|facts| (link(facts, "vgw1").dropped, link(facts, "vgw1").sent) = (dropped, sent));
        assert_eq!(found.len(), expected, "{dropped} of {sent}: {found:?}");
    }
    for (full_ring, received, expected) in [(99, 1000, 0), (100, 100_001, 0), (100, 100_000, 1)] {
        let traffic = Traffic { received, full_ring };
        let found = found(|facts| facts.told.as_mut().unwrap().ports[0].traffic = traffic);
        assert_eq!(found.len(), expected, "{full_ring} of {received}: {found:?}");
    }
    let long = found(|facts| (link(facts, "vgw1").dropped, link(facts, "vgw1").queue_length) = (1000, 10_000));
    assert!(long.is_empty(), "there is nothing more to do: {long:?}");
}
