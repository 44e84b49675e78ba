//! Switches for forwarding and reverse paths.

use super::*;
use crate::doctor::tests::site::way;

#[test]
fn interfaces_do_not_forward() {
    let finding = one(|facts| link(facts, "eth1").switches.forwarding_v4 = false);
    assert_eq!(
        (finding.check.as_str(), cure(&finding)),
        ("forwarding-off", vec!["sysctl -w net.ipv4.conf.eth1.forwarding=1".to_owned()])
    );
    assert!(finding.cure.safe);
    let v6 = |facts: &mut Facts| {
        facts.ways = vec![way("vgw1", "2001:db8::/64", None)];
        // The family that nobody uses does not matter.
        link(facts, "vgw1").switches.forwarding_v4 = false;
    };
    assert!(found(v6).is_empty());
    let forced = one(|facts| (v6(facts), link(facts, "eth1").switches.force_forwarding_v6 = Some(false)).1);
    assert_eq!(cure(&forced), ["sysctl -w net.ipv6.conf.eth1.force_forwarding=1"]);
    let old = |facts: &mut Facts| {
        v6(facts);
        facts.links.values_mut().for_each(|link| link.switches.force_forwarding_v6 = None);
    };
    assert!(found(|facts| (old(facts), facts.forwards_v6 = true).1).is_empty());
    assert_eq!(found(old), ["forwarding-off eth1", "forwarding-off vgw1"]);
}

#[test]
fn answers_come_by_another_way() {
    let finding = one(|facts| {
        facts.ways[0].back = Some(Err(Refusal::ReversePath));
        facts.ways[0].probed = None;
    });
    assert_eq!((finding.check.as_str(), finding.subject.as_str()), ("rp-filter", "eth1"));
    assert_eq!(cure(&finding), ["sysctl -w net.ipv4.conf.eth1.rp_filter=2"]);
    let finding = one(|facts| {
        (facts.ways[0].out, facts.ways[0].back, facts.ways[0].probed) = (Err(Refusal::ReversePath), None, None);
    });
    assert_eq!((finding.check.as_str(), finding.subject.as_str()), ("rp-filter", "vgw1"));
    // What has come through counts more than what the lookup foretells.
    assert!(found(|facts| facts.ways[0].back = Some(Err(Refusal::ReversePath))).is_empty());
    // What the probe makes of it is the same fault.
    let lost = Some(Probed { there: Leg::Passed, back: Some(Leg::Lost) });
    assert_eq!(
        found(|facts| (facts.ways[0].back, facts.ways[0].probed) = (Some(Err(Refusal::ReversePath)), lost)),
        ["rp-filter eth1"]
    );
}

#[test]
fn an_advertised_default_route_is_about_to_go() {
    let advertised = |facts: &mut Facts| {
        facts.routes = vec![route("::/0", 1024, 9, "eth1")];
        link(facts, "eth1").switches.forwarding_v6 = true;
    };
    let finding = one(advertised);
    assert_eq!(
        (finding.check.as_str(), cure(&finding)),
        ("router-ignored", vec!["sysctl -w net.ipv6.conf.eth1.accept_ra=2".to_owned()])
    );
    assert!(found(|facts| (advertised(facts), link(facts, "eth1").switches.accept_ra = 2).1).is_empty());
    assert!(found(|facts| (advertised(facts), link(facts, "eth1").switches.forwarding_v6 = false).1).is_empty());
}
