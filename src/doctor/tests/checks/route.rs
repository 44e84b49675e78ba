//! Ways out.

use super::*;

#[test]
fn routers_do_not_answer() {
    let silent = |facts: &mut Facts| {
        *facts.routers.values_mut().next().unwrap() = false;
        facts.ways[0].probed = Some(Probed { there: Leg::Blocked, back: None });
    };
    // That nothing comes out is no fault of the firewall's then.
    assert_eq!(found(silent), ["router-unreachable 20.0.0.1"]);
}

#[test]
fn ways_out_are_missing() {
    let none = |facts: &mut Facts| {
        (facts.ways[1].out, facts.ways[1].back, facts.ways[1].probed) = (Err(Refusal::Unreachable), None, None);
    };
    assert_eq!(found(none), ["no-route table main"]);
    // The daemon tells of an uplink that has no lease.
    let leaseless = |facts: &mut Facts| {
        none(facts);
        facts.told.as_mut().unwrap().uplinks[0].address = None;
        facts.told.as_mut().unwrap().gateways[1].uplink = Some("display".to_owned());
    };
    assert!(found(leaseless).is_empty());
    // A gateway for a few networks only needs no default route.
    assert!(found(|facts| (none(facts), facts.ways[1].question.everything = false).1).is_empty());
}
