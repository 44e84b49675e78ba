//! Packet filters.

use super::*;
use crate::doctor::filter::{Base, Chain, Language};
use crate::doctor::tests::site::port;

fn chain(language: Language, family: &str, chain: &str, hook: &str) -> Chain {
    let base = Some(Base { hook: hook.to_owned(), drops: true });
    let table = "filter".to_owned();
    Chain { language, family: family.to_owned(), table, name: chain.to_owned(), base, rules: Vec::new() }
}

#[test]
fn the_firewall_is_found_by_the_probe_and_named_by_its_rules() {
    let blocked = Some(Probed { there: Leg::Blocked, back: None });
    for (family, language, by, name, cures) in [
        (
            "inet",
            Language::Nftables,
            true,
            "forward",
            [
                "nft 'insert rule inet filter forward iifname \"vgw1\" accept'",
                "nft 'insert rule inet filter forward oifname \"vgw1\" accept'",
            ],
        ),
        (
            "ip",
            Language::Nftables,
            true,
            "FORWARD",
            ["iptables -t filter -I FORWARD -i vgw1 -j ACCEPT", "iptables -t filter -I FORWARD -o vgw1 -j ACCEPT"],
        ),
        (
            "ip",
            Language::Nftables,
            false,
            "FORWARD",
            [
                "nft 'insert rule ip filter FORWARD iifname \"vgw1\" accept'",
                "nft 'insert rule ip filter FORWARD oifname \"vgw1\" accept'",
            ],
        ),
        (
            "ip",
            Language::Legacy,
            false,
            "FORWARD",
            [
                "iptables-legacy -t filter -I FORWARD -i vgw1 -j ACCEPT",
                "iptables-legacy -t filter -I FORWARD -o vgw1 -j ACCEPT",
            ],
        ),
    ] {
        let finding = one(|facts| {
            facts.filter.chains = vec![chain(language, family, name, "forward")];
            facts.filter.has_iptables = by;
            facts.ways[0].probed = blocked;
        });
        assert_eq!((finding.check.as_str(), finding.subject.as_str()), ("forward-blocked", "vgw1 to eth1"));
        assert!(finding.evidence[1].ends_with("policy drop"), "{finding:?}");
        assert_eq!(cure(&finding), cures);
        assert!(!finding.cure.safe, "a firewall is not opened without being asked");
    }
}

#[test]
fn what_the_probe_has_seen_counts_more_than_what_the_rules_seem_to_say() {
    let drops = |facts: &mut Facts| facts.filter.chains = vec![chain(Language::Nftables, "inet", "forward", "forward")];
    assert!(found(drops).is_empty());
    let unprobed = |facts: &mut Facts| {
        drops(facts);
        facts.ways.iter_mut().for_each(|way| way.probed = None);
    };
    assert_eq!(found(unprobed), ["forward-blocked vgw1 to eth1", "forward-blocked vgw2 to eth1"]);
}

#[test]
fn packets_are_lost_before_they_are_routed() {
    let finding = one(|facts| {
        facts.filter.chains = vec![chain(Language::Nftables, "inet", "raw", "prerouting")];
        facts.ways[0].probed = Some(Probed { there: Leg::Passed, back: Some(Leg::Lost) });
    });
    assert_eq!((finding.check.as_str(), finding.subject.as_str()), ("packets-lost", "eth1 to vgw1"));
    assert_eq!(cure(&finding), ["nft 'insert rule inet filter raw iifname \"eth1\" ip daddr 192.168.1.0/24 accept'"]);
}

#[test]
fn bridged_guests_meet_the_firewall() {
    let bridged = |facts: &mut Facts| {
        let mut attached = port("vnet7", &["192.168.1.8/32"]);
        (attached.attached, attached.placed) = (true, false);
        facts.told.as_mut().unwrap().ports.push(attached);
        let vnet7 = Link { bridge: Some(5), index: 9, ..facts.links[&name("eth1")].clone() };
        facts.links.insert(name("vnet7"), vnet7);
        facts.bridge_filters = vec!["bridge-nf-call-iptables"];
    };
    assert!(found(bridged).is_empty(), "nothing drops");
    let drops = |facts: &mut Facts| {
        bridged(facts);
        facts.filter.chains = vec![chain(Language::Legacy, "ip", "FORWARD", "forward")];
    };
    let finding = one(drops);
    assert_eq!((finding.check.as_str(), finding.subject.as_str()), ("bridge-filter", "br0"));
    assert_eq!(cure(&finding), ["sysctl -w net.bridge.bridge-nf-call-iptables=0"]);
    assert!(found(|facts| (drops(facts), facts.bridge_filters.clear()).1).is_empty());
}
