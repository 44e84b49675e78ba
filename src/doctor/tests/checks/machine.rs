//! The machine.

use super::*;

#[test]
fn the_machine_lacks_something() {
    assert_eq!(found(|facts| facts.missing_rights = vec!["CAP_NET_RAW"]), ["rights vgw doctor"]);
    assert_eq!(found(|facts| facts.tun = Some("no such file".to_owned())), ["tun /dev/net/tun"]);
    let severity = |count, limit| {
        let mut facts = facts();
        facts.conntrack = Some((count, limit));
        examine(&facts).first().map(|finding| finding.severity)
    };
    assert_eq!(severity(899, 1000), None);
    assert_eq!(severity(900, 1000), Some(Severity::Warning));
    assert_eq!(severity(1000, 1000), Some(Severity::Failure));
    let finding = one(|facts| facts.conntrack = Some((5, 4)));
    assert_eq!(cure(&finding), ["sysctl -w net.netfilter.nf_conntrack_max=10"]);
}
