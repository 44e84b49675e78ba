//! The size of packets.

use super::*;

#[test]
fn packets_do_not_fit() {
    let finding = one(|facts| link(facts, "eth1").mtu = 1400);
    assert_eq!((finding.check.as_str(), finding.severity), ("mtu", Severity::Warning));
    assert_eq!(cure(&finding), ["ip link set dev eth1 mtu 1500"]);
    // All guests that are there send no more than that.
    let adapted = |facts: &mut Facts| {
        link(facts, "eth1").mtu = 1400;
        facts.ways.truncate(1);
        facts.told.as_mut().unwrap().ports[0].mtu = 1400;
    };
    assert!(found(adapted).is_empty());
    assert!(found(|facts| link(facts, "eth1").mtu = 9000).is_empty());
    assert_eq!(found(|facts| facts.told.as_mut().unwrap().ports[0].mtu = 9000), ["mtu tap0"]);
}
