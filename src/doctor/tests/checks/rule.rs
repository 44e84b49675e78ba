//! Policy rules.

use super::*;
use crate::addr::Family;
use crate::host::ForeignRule;

fn rule(text: &str, priority: u32, table: u32) -> ForeignRule {
    let from = (!text.is_empty()).then(|| text.parse().unwrap());
    ForeignRule { family: Family::V4, priority, from, to: None, input: None, table, protocol: 3, special: false }
}

#[test]
fn rules_of_others_are_in_the_way() {
    let finding = one(|facts| {
        facts.rules = vec![rule("10.0.0.0/8", 900, 100), rule("", 1000, 100), rule("", 32766, 254)];
        facts.ways[0].out.as_mut().unwrap().table = 100;
    });
    assert_eq!((finding.check.as_str(), finding.subject.as_str()), ("rule-first", "rule 1000"));
    assert!(finding.evidence[0].ends_with("and not as table 20100 of uplink wan"), "{:?}", finding.evidence);
    assert_eq!(cure(&finding), ["ip rule delete from all lookup 100 pref 1000"]);
    let finding = one(|facts| facts.rules = vec![rule("10.0.0.0/8", 20_500, 100)]);
    assert_eq!(finding.check.as_str(), "rule-in-block");
    assert_eq!(
        cure(&finding),
        ["ip rule add from 10.0.0.0/8 lookup 100 pref 22100", "ip rule delete from 10.0.0.0/8 lookup 100 pref 20500"]
    );
    assert!(found(|facts| facts.rules = vec![rule("", 20_099, 254), rule("", 22_100, 254)]).is_empty());
}
