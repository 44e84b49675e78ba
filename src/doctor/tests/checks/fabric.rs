//! The network outside.

use super::*;
use crate::doctor::tests::site::told;

#[test]
fn the_outside_does_not_answer() {
    let asked = |answered| {
        move |facts: &mut Facts| {
            facts.peer = "10.9.9.9".parse().ok();
            facts.ways[0].answered = Some(answered);
        }
    };
    assert!(found(asked(true)).is_empty());
    let finding = one(asked(false));
    assert_eq!((finding.check.as_str(), finding.subject.as_str()), ("fabric-route", "192.168.1.0/24"));
    let remark = finding.cure.remark.unwrap();
    for line in [
        "ip route add 192.168.1.0/24 via 20.0.0.5",
        "route 192.168.1.0/24 via 20.0.0.5;",
        "192.168.1.0 255.255.255.0 20.0.0.5",
    ] {
        assert!(remark.contains(line), "{remark}");
    }
    assert_eq!(told().gateways.len(), 2);
}
