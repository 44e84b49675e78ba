use crate::addr::Weight;
use crate::host::RouteKey;

use super::*;

fn name(text: &str) -> InterfaceName {
    text.parse().unwrap()
}

fn fixed(address: &str, via: &str) -> Addressing {
    Addressing::Fixed(Attachment { address: address.parse().unwrap(), via: via.parse().unwrap() })
}

fn prefix(text: &str) -> Option<Prefix> {
    Some(text.parse().unwrap())
}

/// Two devices; the second one's own table is 100.
fn survey(table: u32) -> Survey {
    let mut survey = Survey::default();
    for (device, address) in [("eth0", "10.0.0.5/24"), ("eth1", "20.0.0.5/24"), ("eth1", "2001:db8::5/64")] {
        survey.addresses.insert((name(device), address.parse().unwrap()));
    }
    survey.routes = vec![route(table, "0.0.0.0/0", "eth1", Some("20.0.0.1"))];
    survey
}

fn route(table: u32, to: &str, device: &str, via: Option<&str>) -> ForeignRoute {
    let via = via.map(|via| via.parse().unwrap());
    let hop = HostHop { device: name(device), via, weight: Weight::ONE };
    let key = RouteKey { table, prefix: to.parse().unwrap(), metric: 0 };
    ForeignRoute { key, route: Some(HostRoute { hops: [hop].into(), source: None }), protocol: 3 }
}

fn rule(table: u32, from: Option<Prefix>) -> ForeignRule {
    ForeignRule {
        family: Family::V4,
        priority: 32_000,
        from,
        to: None,
        input: None,
        table,
        protocol: 3,
        special: false,
    }
}

fn only(survey: &Survey) -> Found {
    let mut found = recognise(survey, |_| false);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn sums_are_as_python_makes_them() {
    // zlib.adler32(b"ethB"), from VDSM's own host.
    assert_eq!(adler32(b"ethB"), 67_502_468);
    assert_eq!(adler32(b""), 1);
}

#[test]
fn vdsm_by_address() {
    let table = u32::from_be_bytes([20, 0, 0, 5]);
    let mut survey = survey(table);
    survey.routes.push(route(table, "20.0.0.0/24", "eth1", Some("20.0.0.5")));
    let from = rule(table, prefix("20.0.0.0/24"));
    let to = ForeignRule { from: None, to: prefix("20.0.0.0/24"), input: Some(name("eth1")), ..from };
    survey.rules = vec![from, to];
    let found = only(&survey);
    assert_eq!((found.layout, found.hindrance), (Layout::VdsmByAddress, None));
    assert_eq!((found.rules.len(), found.routes.len()), (2, 2));
    let UplinkSpec { name, device, addressing, table } = found.uplink;
    assert_eq!(format!("{name} {device} {table:?}"), "eth1 eth1 None");
    assert_eq!(addressing, fixed("20.0.0.5/24", "20.0.0.1"));
}

#[test]
fn vdsm_by_name() {
    let table = adler32(b"eth1");
    let mut survey = survey(table);
    survey.routes.push(route(table, "20.0.0.0/24", "eth1", None));
    let from = ForeignRule { priority: 3200, protocol: 4, ..rule(table, prefix("20.0.0.0/24")) };
    survey.rules = vec![from, ForeignRule { from: None, to: prefix("20.0.0.0/24"), ..from }];
    let found = only(&survey);
    assert_eq!((found.layout, found.hindrance), (Layout::VdsmByName, None));
}

#[test]
fn by_hand_with_copies_of_other_networks() {
    let mut survey = survey(100);
    survey.routes.push(route(100, "20.0.0.0/24", "eth1", None));
    survey.routes.push(route(100, "10.0.0.0/24", "eth0", None));
    survey.rules = vec![rule(100, prefix("20.0.0.5/32"))];
    let found = only(&survey);
    assert_eq!((found.layout, found.hindrance), (Layout::ByHand, None));
}

#[test]
fn each_family_has_an_uplink_of_its_own() {
    let mut survey = survey(100);
    survey.routes.push(route(100, "::/0", "eth1", Some("2001:db8::1")));
    let six = ForeignRule { family: Family::V6, ..rule(100, prefix("2001:db8::5/128")) };
    survey.rules = vec![rule(100, prefix("20.0.0.5/32")), six];
    let names: Vec<_> = recognise(&survey, |_| false).into_iter().map(|found| found.uplink.name.to_string()).collect();
    assert_eq!(names, ["eth1", "eth1-v6"]);
}

#[test]
fn of_several_addresses_the_one_that_a_rule_names() {
    let mut survey = survey(100);
    survey.addresses.insert((name("eth1"), "20.0.0.4/24".parse().unwrap()));
    survey.rules = vec![rule(100, prefix("20.0.0.5/32"))];
    assert_eq!(only(&survey).uplink.addressing, fixed("20.0.0.5/24", "20.0.0.1"));
}

#[test]
fn what_is_no_uplink_is_not_found() {
    let mut unused = survey(100);
    assert_eq!(recognise(&unused, |_| false), [], "no rule leads there");
    unused.rules = vec![rule(100, prefix("20.0.0.5/32"))];
    unused.routes[0] = route(100, "0.0.0.0/0", "eth1", None);
    assert_eq!(recognise(&unused, |_| false), [], "no router");
    let mut main = survey(254);
    main.rules = vec![rule(254, prefix("20.0.0.5/32"))];
    assert_eq!(recognise(&main, |_| false), []);
    let mut elsewhere = survey(100);
    elsewhere.rules = vec![rule(100, prefix("20.0.0.5/32"))];
    elsewhere.addresses.clear();
    assert_eq!(recognise(&elsewhere, |_| false), [], "the host has no address on that link");
}

#[test]
fn what_would_be_lost_is_a_hindrance() {
    let hindrance = |change: &dyn Fn(&mut Survey)| {
        let mut survey = survey(100);
        survey.rules = vec![rule(100, prefix("20.0.0.5/32"))];
        change(&mut survey);
        only(&survey).hindrance.unwrap()
    };
    assert_eq!(
        hindrance(&|survey| survey.rules.push(rule(100, prefix("192.168.5.0/24")))),
        "rule from 192.168.5.0/24 lookup 100 pref 32000 is not for the device's own address or network"
    );
    assert_eq!(
        hindrance(&|survey| survey.rules[0].special = true),
        "rule from 20.0.0.5/32 lookup 100 pref 32000 selects or does more than an uplink's"
    );
    assert_eq!(
        hindrance(&|survey| survey.rules[0].input = Some(name("eth0"))),
        "rule from 20.0.0.5/32 iif eth0 lookup 100 pref 32000 is not for the device's own address or network"
    );
    assert_eq!(
        hindrance(&|survey| {
            survey.addresses.insert((name("eth1"), "20.0.0.6/24".parse().unwrap()));
            survey.rules.push(rule(100, prefix("20.0.0.0/24")));
        }),
        "rule from 20.0.0.0/24 lookup 100 pref 32000 is also for 20.0.0.6, which would leave by table main"
    );
    assert_eq!(
        hindrance(&|survey| survey.routes.push(route(100, "0.0.0.0/0", "eth1", Some("20.0.0.9")))),
        "route 0.0.0.0/0 via 20.0.0.9 dev eth1 table 100 would be lost"
    );
    assert_eq!(
        hindrance(&|survey| survey.routes.push(route(100, "172.16.0.0/12", "eth1", Some("20.0.0.9")))),
        "route 172.16.0.0/12 via 20.0.0.9 dev eth1 table 100 would be lost"
    );
    assert_eq!(
        hindrance(&|survey| survey
            .routes
            .push(ForeignRoute { route: None, ..route(100, "10.9.0.0/16", "eth1", None) })),
        "route 10.9.0.0/16 table 100 would be lost"
    );
}

#[test]
fn two_tables_by_one_device_have_names_of_their_own() {
    let mut survey = survey(100);
    survey.addresses.insert((name("eth1"), "30.0.0.5/24".parse().unwrap()));
    survey.routes.push(route(101, "0.0.0.0/0", "eth1", Some("30.0.0.1")));
    survey.rules = vec![rule(100, prefix("20.0.0.5/32")), rule(101, prefix("30.0.0.5/32"))];
    let names = |is_taken: fn(&UplinkName) -> bool| -> Vec<String> {
        recognise(&survey, is_taken).into_iter().map(|found| found.uplink.name.to_string()).collect()
    };
    assert_eq!(names(|_| false), ["eth1", "table-101"]);
    assert_eq!(names(|name| name.as_str() == "eth1"), ["table-100", "table-101"]);
}

#[test]
fn a_router_on_the_link_is_on_that_of_the_address_that_a_rule_names() {
    let mut survey = survey(100);
    survey.addresses.insert((name("eth1"), "fe80::5/64".parse().unwrap()));
    survey.routes = vec![route(100, "::/0", "eth1", Some("fe80::1"))];
    survey.rules = vec![ForeignRule { family: Family::V6, ..rule(100, prefix("2001:db8::5/128")) }];
    let found = only(&survey);
    assert_eq!(
        (found.uplink.addressing, found.hindrance),
        (
            Addressing::Fixed(Attachment {
                address: "2001:db8::5/64".parse().unwrap(),
                via: "fe80::1".parse().unwrap()
            }),
            None
        )
    );
}
