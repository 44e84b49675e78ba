use crate::doctor::filter::{Base, Chain, Language};
use crate::doctor::{
    Facts, Finding, Leg, Networkd, Probed, Problem, Refusal, Route, Severity, Step, Unconfined, examine,
};
use crate::host::ForeignRule;

use super::site::{facts, gateway, name, port, told, way};

/// What is found after something was planted, by name and subject.
fn found(plant: impl FnOnce(&mut Facts)) -> Vec<String> {
    let mut facts = facts();
    plant(&mut facts);
    examine(&facts).iter().map(|finding| format!("{} {}", finding.check, finding.subject)).collect()
}

/// The one finding after something was planted.
fn one(plant: impl FnOnce(&mut Facts)) -> Finding {
    let mut facts = facts();
    plant(&mut facts);
    let mut findings = examine(&facts);
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.remove(0)
}

fn cure(finding: &Finding) -> Vec<String> {
    finding.cure.steps.iter().map(Step::to_string).collect()
}

fn link<'a>(facts: &'a mut Facts, device: &str) -> &'a mut crate::doctor::Link {
    facts.links.get_mut(&name(device)).unwrap()
}

#[test]
fn nothing_is_wrong_where_all_is_in_order() {
    assert_eq!(found(|_| {}), [""; 0]);
}

#[test]
fn the_daemon_that_is_not_there_is_one_finding() {
    let finding = one(|facts| (facts.told, facts.ways) = (Err("no daemon answers".to_owned()), Vec::new()));
    assert_eq!(
        (finding.check.as_str(), cure(&finding)),
        ("daemon-unreachable", vec!["systemctl start vgwd".to_owned()])
    );
    let problem = Problem { id: "VGW-HOST-REFUSED".into(), sentence: "route ...".into(), cure: "vgw host diff".into() };
    let finding = one(|facts| facts.told.as_mut().unwrap().problems.push(problem.clone()));
    assert_eq!((finding.check.as_str(), finding.evidence), ("daemon-problem", vec!["route ...".to_owned()]));
    assert_eq!(finding.subject, "VGW-HOST-REFUSED", "as 'vgw status' has it");
    assert_eq!(finding.cure.remark.unwrap(), "try 'vgw host diff'; docs/operations.md has more on VGW-HOST-REFUSED");
    let left_to_us = Problem { cure: "vgw doctor".into(), ..problem };
    let finding = one(|facts| facts.told.as_mut().unwrap().problems.push(left_to_us.clone()));
    assert!(finding.cure.remark.unwrap().starts_with("see what else is found; "), "not itself once more");
}

#[test]
fn what_does_not_hold_the_daemon_is_named_with_what_helps() {
    for (means, helps) in [("landlock", "lsm="), ("seccomp", "CONFIG_SECCOMP_FILTER"), ("capabilities", "capset(2)")] {
        let reason = "not permitted".to_owned();
        let unconfined = Unconfined { means: means.to_owned(), reason };
        let finding = one(|facts| facts.told.as_mut().unwrap().unconfined.push(unconfined));
        assert_eq!((finding.check.as_str(), finding.subject.as_str()), ("sandbox", means));
        assert_eq!(finding.severity, Severity::Warning);
        assert_eq!(finding.evidence, [format!("{means} does not hold vgwd to what it needs: not permitted")]);
        assert!(finding.cure.remark.is_some_and(|remark| remark.contains(helps)), "{means}");
    }
}

#[test]
fn what_could_not_be_looked_at_is_not_in_order() {
    let looked = |facts: &Facts| crate::doctor::Check::ALL.into_iter().filter(|check| facts.let_look(*check)).count();
    let mut facts = facts();
    assert_eq!(looked(&facts), 25, "all but what needs a peer");
    facts.peer = "10.9.9.9".parse().ok();
    assert_eq!(looked(&facts), 26);
    facts.told = Err("no daemon answers".to_owned());
    assert_eq!(looked(&facts), 7);
}

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
        let traffic = crate::doctor::Traffic { received, full_ring };
        let found = found(|facts| facts.told.as_mut().unwrap().ports[0].traffic = traffic);
        assert_eq!(found.len(), expected, "{full_ring} of {received}: {found:?}");
    }
    let long = found(|facts| (link(facts, "vgw1").dropped, link(facts, "vgw1").queue_length) = (1000, 10_000));
    assert!(long.is_empty(), "there is nothing more to do: {long:?}");
}

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

fn rule(text: &str, priority: u32, table: u32) -> ForeignRule {
    let from = (!text.is_empty()).then(|| text.parse().unwrap());
    let family = crate::addr::Family::V4;
    ForeignRule { family, priority, from, to: None, input: None, table, protocol: 3, special: false }
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
        let vnet7 = crate::doctor::Link { bridge: Some(5), index: 9, ..facts.links[&name("eth1")].clone() };
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

fn route(prefix: &str, metric: u32, protocol: u8, device: &str) -> Route {
    Route { prefix: prefix.parse().unwrap(), metric, protocol, device: Some(name(device)), via: None }
}

#[test]
fn the_host_has_what_is_the_guests() {
    let finding = one(|facts| {
        facts.addresses.insert((name("eth1"), "192.168.1.77/24".parse().unwrap()));
        facts.routes = vec![route("192.168.1.0/24", 0, 2, "eth1")];
    });
    assert_eq!(
        (finding.check.as_str(), cure(&finding)),
        ("address-in-subnet", vec!["ip address delete 192.168.1.77/24 dev eth1".to_owned()])
    );
    let finding = one(|facts| facts.routes = vec![route("192.168.1.128/25", 7, 3, "eth1")]);
    assert_eq!(
        (finding.check.as_str(), cure(&finding)),
        ("route-in-subnet", vec!["ip route delete 192.168.1.128/25 dev eth1 metric 7".to_owned()])
    );
    // What else it looks like is no fault of its own.
    let same = found(|facts| {
        let way = &mut facts.ways[0];
        way.question.source = "192.168.1.200".parse().unwrap();
        (way.out, way.back, way.probed) = (Err(Refusal::ReversePath), None, None);
        facts.routes = vec![route("192.168.1.128/25", 7, 3, "eth1")];
    });
    assert_eq!(same, ["route-in-subnet 192.168.1.128/25"]);
    for harmless in [
        route("0.0.0.0/0", 0, 3, "eth1"),
        route("192.168.0.0/16", 0, 3, "eth1"),
        route("192.168.1.0/24", 50, 3, "eth1"),
        route("192.168.3.0/24", 0, 3, "eth1"),
    ] {
        assert!(found(|facts| facts.routes = vec![harmless.clone()]).is_empty(), "{harmless:?}");
    }
    let v6 = |metric| {
        found(|facts| {
            let told = facts.told.as_mut().unwrap();
            told.gateways.push(gateway("vgw3", &["2001:db8::/64"]));
            facts.links.insert(name("vgw3"), facts.links[&name("vgw1")].clone());
            facts.routes = vec![route("2001:db8::/64", metric, 3, "eth1")];
        })
    };
    assert_eq!(v6(256), ["route-in-subnet 2001:db8::/64"]);
    assert!(v6(1024).is_empty());
}

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

#[test]
fn other_managers_are_at_work() {
    let networkd = |routes, rules| found(|facts| facts.networkd = Some(Networkd { routes, rules }));
    assert_eq!(networkd(true, false), ["networkd systemd-networkd"]);
    assert_eq!(networkd(false, true), ["networkd systemd-networkd"]);
    assert!(networkd(false, false).is_empty());
    let finding = one(|facts| facts.network_manager = Some(vec!["vgw1".to_owned(), "eth*".to_owned()]));
    assert!(cure(&finding)[0].contains("interface-name:vgw2"), "{finding:?}");
    assert!(!cure(&finding)[0].contains("interface-name:vgw1"), "{finding:?}");
    assert!(found(|facts| facts.network_manager = Some(vec!["vgw*".to_owned()])).is_empty());
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
