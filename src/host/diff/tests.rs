use std::collections::BTreeSet;

use proptest::collection::{btree_map, btree_set};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::addr::{InterfaceAddress, InterfaceName, Mac, Weight};
use crate::host::fake::FakeKernel;
use crate::host::{HostHop, HostLink, Kernel, Rule, RuleAction, Setting, SettingKind, Translation};

const TABLE: u32 = 20_100;

fn name(text: &str) -> InterfaceName {
    text.parse().unwrap()
}

fn key(table: u32, prefix: &str) -> RouteKey {
    RouteKey { table, prefix: prefix.parse().unwrap(), metric: 0 }
}

fn route(hops: &[(&str, Option<&str>)]) -> HostRoute {
    let hops = hops.iter().map(|(device, via)| HostHop {
        device: name(device),
        via: via.map(|v| v.parse().unwrap()),
        weight: Weight::ONE,
    });
    HostRoute { hops: hops.collect(), source: None }
}

fn link(up: bool) -> HostLink {
    HostLink { mac: Mac::GATEWAY, mtu: 1500, up, in_order: true }
}

fn masquerade(subnet: &str, device: &str) -> Masquerade {
    Masquerade { subnet: subnet.parse().unwrap(), to: Translation::Uplink(name(device), "20.0.0.5".parse().unwrap()) }
}

/// A gateway with an uplink: every kind of object once.
fn gateway() -> HostState {
    HostState {
        links: OrdMap::from_iter([(name("vgw1"), link(true))]),
        addresses: OrdSet::from_iter([(name("vgw1"), "fe80::1/64".parse().unwrap())]),
        routes: OrdMap::from_iter([
            (key(RouteKey::MAIN, "10.1.0.0/24"), route(&[("vgw1", None)])),
            (key(TABLE, "0.0.0.0/0"), route(&[("eth1", Some("20.0.0.1"))])),
            (key(TABLE, "20.0.0.0/24"), route(&[("eth1", None)])),
        ]),
        rules: OrdSet::from_iter([Rule {
            priority: 20_120,
            from: "10.1.0.0/24".parse().unwrap(),
            action: RuleAction::Lookup(TABLE),
        }]),
        settings: OrdSet::from_iter([Setting { interface: name("vgw1"), kind: SettingKind::ForwardV4 }]),
        masquerades: OrdSet::from_iter([masquerade("10.1.0.0/24", "eth1")]),
    }
}

fn observed(ours: HostState) -> Observed {
    let foreign_links = OrdMap::from_iter([(name("eth0"), 2u32), (name("eth1"), 3)]);
    Observed { ours, foreign_links, ..Observed::default() }
}

fn printed(want: &HostState, have: &Observed) -> Vec<String> {
    diff(want, have).iter().map(ToString::to_string).collect()
}

#[test]
fn traffic_is_invited_last() {
    assert_eq!(
        printed(&gateway(), &observed(HostState::default())),
        [
            "link add vgw1 address 00:00:5e:00:01:00 mtu 1500 type tap",
            "address add fe80::1/64 dev vgw1",
            "sysctl net/ipv4/conf/vgw1/forwarding=1",
            "route add 20.0.0.0/24 dev eth1 table 20100",
            "route add 0.0.0.0/0 via 20.0.0.1 dev eth1 table 20100",
            "nft add element inet vgw uplinks4 { 10.1.0.0/24 . \"eth1\" : 20.0.0.5 }",
            "rule add from 10.1.0.0/24 lookup 20100 pref 20120",
            "link set vgw1 address 00:00:5e:00:01:00 mtu 1500 up",
            "route add 10.1.0.0/24 dev vgw1",
        ]
    );
}

#[test]
fn a_tap_goes_before_the_rules_of_its_subnets() {
    assert_eq!(
        printed(&HostState::default(), &observed(gateway())),
        [
            "route delete 10.1.0.0/24 dev vgw1",
            "address delete fe80::1/64 dev vgw1",
            "sysctl net/ipv4/conf/vgw1/forwarding restored",
            "link delete vgw1",
            "rule delete from 10.1.0.0/24 lookup 20100 pref 20120",
            "nft delete element inet vgw uplinks4 { 10.1.0.0/24 . \"eth1\" : 20.0.0.5 }",
            "route delete 0.0.0.0/0 via 20.0.0.1 dev eth1 table 20100",
            "route delete 20.0.0.0/24 dev eth1 table 20100",
        ]
    );
}

#[test]
fn a_tap_comes_up_between_the_rules_and_the_routes_over_it() {
    let mut want = gateway();
    want.routes.insert(key(TABLE, "10.1.0.0/24"), route(&[("vgw1", None)]));
    let mut have = gateway();
    have.links.insert(name("vgw1"), link(false));
    have.rules.clear();
    have.routes.remove(&key(RouteKey::MAIN, "10.1.0.0/24"));
    assert_eq!(
        printed(&want, &observed(have)),
        [
            "rule add from 10.1.0.0/24 lookup 20100 pref 20120",
            "link set vgw1 address 00:00:5e:00:01:00 mtu 1500 up",
            "route add 10.1.0.0/24 dev vgw1 table 20100",
            "route add 10.1.0.0/24 dev vgw1",
        ]
    );
    // And in reverse, the rest of a table last.
    let operations = printed(&HostState::default(), &observed(want));
    let place = |text: &str| operations.iter().position(|operation| operation == text).unwrap();
    assert!(place("route delete 10.1.0.0/24 dev vgw1 table 20100") < place("link delete vgw1"));
    assert!(place("link delete vgw1") < place("route delete 20.0.0.0/24 dev eth1 table 20100"));
}

#[test]
fn what_is_equal_is_left_alone() {
    assert!(diff(&gateway(), &observed(gateway())).is_empty());
}

#[test]
fn many_links_go_in_one_operation() {
    let mut have = gateway();
    have.links.extend((2..100).map(|i| (name(&format!("vgw{i}")), link(true))));
    let operations = diff(&HostState::default(), &observed(have));
    let last = operations.iter().rfind(|operation| matches!(operation, Operation::DeleteLinks(_)));
    assert!(matches!(last, Some(Operation::DeleteLinks(names)) if names.len() == 99));
    assert_eq!(operations.iter().filter(|o| matches!(o, Operation::DeleteLinks(_))).count(), 1);
}

#[test]
fn a_subnet_that_moves_is_replaced_before_its_old_link_goes() {
    let state = |device: &str| HostState {
        links: OrdMap::from_iter([(name(device), link(true))]),
        routes: OrdMap::from_iter([(key(RouteKey::MAIN, "10.1.0.0/24"), route(&[(device, None)]))]),
        ..HostState::default()
    };
    assert_eq!(
        printed(&state("vgw2"), &observed(state("vgw1"))),
        [
            "link add vgw2 address 00:00:5e:00:01:00 mtu 1500 type tap",
            "link set vgw2 address 00:00:5e:00:01:00 mtu 1500 up",
            "route replace 10.1.0.0/24 dev vgw2",
            "link delete vgw1",
        ]
    );
}

#[test]
fn routes_that_the_kernel_does_not_exchange_are_taken_care_of() {
    let state = |prefix: &str, via: Option<&str>| HostState {
        routes: OrdMap::from_iter([(key(TABLE, prefix), route(&[("eth1", via)]))]),
        ..HostState::default()
    };
    let (with, without) = (state("2001:db8::/64", Some("fe80::1")), state("2001:db8::/64", None));
    let exchanged = [
        "route replace 2001:db8::/64 dev eth1 table 20100",
        "route delete 2001:db8::/64 via fe80::1 dev eth1 table 20100",
    ];
    assert_eq!(printed(&without, &observed(with.clone())), exchanged);
    assert_eq!(printed(&with, &observed(without)), ["route replace 2001:db8::/64 via fe80::1 dev eth1 table 20100"]);

    let mut shadowed = observed(state("10.0.0.0/8", None));
    shadowed.foreign_routes.insert(key(TABLE, "10.0.0.0/8"));
    assert!(matches!(
        diff(&state("10.0.0.0/8", Some("20.0.0.1")), &shadowed)[..],
        [Operation::DeleteRoute(..), Operation::AddRoute(..)]
    ));
}

#[test]
fn a_table_that_somebody_changed_is_made_anew_or_goes() {
    let spoiled = Observed { spoiled_masquerades: true, ..observed(HostState::default()) };
    assert_eq!(printed(&HostState::default(), &spoiled), ["nft delete table inet vgw"]);
    let want = HostState { masquerades: gateway().masquerades, ..HostState::default() };
    let operations = diff(&want, &spoiled);
    assert!(matches!(operations[..], [Operation::AddMasquerade(_)]));
    let mut after = spoiled;
    operations.iter().for_each(|operation| after.note(operation));
    assert!(diff(&want, &after).is_empty());
}

#[test]
fn a_network_that_moves_never_leaves_under_its_own_address() {
    let by = |device| HostState {
        masquerades: OrdSet::from_iter([masquerade("10.1.0.0/24", device)]),
        rules: OrdSet::from_iter([Rule {
            priority: 20_120,
            from: "10.1.0.0/24".parse().unwrap(),
            action: RuleAction::Lookup(if device == "eth1" { TABLE } else { TABLE + 1 }),
        }]),
        ..HostState::default()
    };
    assert_eq!(
        printed(&by("eth0"), &observed(by("eth1"))),
        [
            "nft add element inet vgw uplinks4 { 10.1.0.0/24 . \"eth0\" : 20.0.0.5 }",
            "rule add from 10.1.0.0/24 lookup 20101 pref 20120",
            "rule delete from 10.1.0.0/24 lookup 20100 pref 20120",
            "nft delete element inet vgw uplinks4 { 10.1.0.0/24 . \"eth1\" : 20.0.0.5 }",
        ]
    );
}

const OUR_LINKS: [&str; 4] = ["vgw1", "vgw2", "vgw3", "vgw4"];
const FOREIGN_LINKS: [&str; 2] = ["eth0", "eth1"];
const PREFIXES: [&str; 4] = ["0.0.0.0/0", "10.1.0.0/24", "10.2.0.0/24", "2001:db8::/64"];

fn any_key() -> impl Strategy<Value = RouteKey> {
    (select(vec![RouteKey::MAIN, TABLE, TABLE + 1]), select(PREFIXES.to_vec()), select(vec![0, 5]))
        .prop_map(|(table, prefix, metric)| RouteKey { metric, ..key(table, prefix) })
}

fn any_route(devices: Vec<InterfaceName>) -> impl Strategy<Value = HostRoute> {
    let count = 0..=devices.len();
    (subsequence(devices, count), any::<bool>()).prop_map(|(devices, routers)| {
        let hop = |device| HostHop { device, via: routers.then(|| "192.0.2.1".parse().unwrap()), weight: Weight::ONE };
        HostRoute { hops: devices.into_iter().map(hop).collect(), source: None }
    })
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let lookups = (TABLE..TABLE + 2).prop_map(RuleAction::Lookup);
    let actions = prop_oneof![2 => lookups, 1 => Just(RuleAction::Goto(20_103)), 1 => Just(RuleAction::Nop)];
    (20_100..20_103u32, select(PREFIXES.to_vec()), actions).prop_map(|(priority, from, action)| Rule {
        priority,
        from: from.parse().unwrap(),
        action,
    })
}

/// A state that the kernel can have: routes only over devices that are up, addresses only on our links.
fn any_state(up: impl Strategy<Value = bool> + Clone + 'static) -> impl Strategy<Value = HostState> {
    let a_link = (up, select(vec![1500, 9000]), any::<[u8; 6]>()).prop_map(|(up, mtu, mac)| HostLink {
        mac: Mac(mac),
        mtu,
        up,
        in_order: true,
    });
    let links = btree_map(select(OUR_LINKS.to_vec()).prop_map(name), a_link, 0..=4);
    links.prop_flat_map(|links| {
        let foreign = FOREIGN_LINKS.iter().map(|text| name(text));
        let standing: Vec<_> =
            links.iter().filter(|(_, link)| link.up).map(|(n, _)| *n).chain(foreign.clone()).collect();
        let existing: Vec<_> = links.keys().copied().chain(foreign).collect();
        let setting = (select(existing), any::<bool>()).prop_map(|(interface, v4)| Setting {
            interface,
            kind: if v4 { SettingKind::ForwardV4 } else { SettingKind::ForwardV6 },
        });
        let addressed: Vec<_> = links.keys().copied().collect();
        let count = 0..=addressed.len();
        (
            Just(links),
            subsequence(addressed, count),
            btree_map(any_key(), any_route(standing), 0..8),
            btree_set(any_rule(), 0..6),
            btree_set(setting, 0..6),
            btree_set((select(PREFIXES.to_vec()), select(FOREIGN_LINKS.to_vec())), 0..4),
        )
            .prop_map(|(links, addressed, routes, rules, settings, masqueraded)| {
                let local: InterfaceAddress = "fe80::1/64".parse().unwrap();
                let addresses = addressed.into_iter().map(|device| (device, local)).collect();
                HostState {
                    links: links.into(),
                    addresses,
                    routes: routes.into(),
                    rules: rules.into(),
                    settings: settings.into(),
                    masquerades: masqueraded.into_iter().map(|(subnet, device)| masquerade(subnet, device)).collect(),
                }
            })
    })
}

/// The names and keys that an operation touches, each as the state that would hold them.
fn is_known(operation: &Operation, state: &HostState) -> bool {
    match operation {
        Operation::AddLink(name, _) | Operation::SetLink(name, _) => state.links.contains_key(name),
        Operation::DeleteLinks(names) => names.iter().all(|name| state.links.contains_key(name)),
        Operation::AddAddress(name, address) | Operation::DeleteAddress(name, address) => {
            state.addresses.contains(&(*name, *address))
        }
        Operation::AddRoute(key, route) | Operation::ReplaceRoute(key, route) | Operation::DeleteRoute(key, route) => {
            state.routes.get(key) == Some(route)
        }
        Operation::AddRule(rule) | Operation::DeleteRule(rule) => state.rules.contains(rule),
        Operation::Enable(setting) | Operation::Restore(setting) => state.settings.contains(setting),
        Operation::AddMasquerade(masquerade) | Operation::DeleteMasquerade(masquerade) => {
            state.masquerades.contains(masquerade)
        }
        Operation::ClearMasquerades => true,
    }
}

fn adds(operation: &Operation) -> bool {
    match operation {
        Operation::AddLink(..)
        | Operation::SetLink(..)
        | Operation::AddAddress(..)
        | Operation::AddRoute(..)
        | Operation::ReplaceRoute(..)
        | Operation::AddRule(_)
        | Operation::Enable(_)
        | Operation::AddMasquerade(_) => true,
        Operation::DeleteLinks(_)
        | Operation::DeleteAddress(..)
        | Operation::DeleteRoute(..)
        | Operation::DeleteRule(_)
        | Operation::Restore(_)
        | Operation::DeleteMasquerade(_)
        | Operation::ClearMasquerades => false,
    }
}

proptest! {
    /// Carrying out the difference reaches the wish, leaves no difference and touches nothing foreign,
    /// whatever was there. The fake refuses what the kernel would (a route over a device that is down).
    #[test]
    fn any_state_is_reached_from_any_other(
        want in any_state(Just(true)),
        have in any_state(any::<bool>()),
        foreign_routes in btree_set(any_key(), 0..6),
    ) {
        let mut before = observed(have);
        before.foreign_routes = foreign_routes.into_iter().filter(|key| !want.routes.contains_key(key)).collect();
        let mut kernel = FakeKernel::new(before.clone());
        for operation in diff(&want, &before) {
            prop_assert!(
                is_known(&operation, if adds(&operation) { &want } else { &before.ours }),
                "{operation} names what nobody knows"
            );
            kernel.apply(std::slice::from_ref(&operation)).remove(0).unwrap();
        }
        let after = kernel.observe().unwrap();
        prop_assert_eq!(&after.ours, &want);
        prop_assert_eq!(diff(&want, &after), vec![]);
        prop_assert_eq!(Observed { ours: before.ours.clone(), ..after }, before);
    }

    /// A prefix that is ours before and after never lacks a route of ours in between.
    #[test]
    fn no_moment_without_a_route_that_stays(want in any_state(Just(true)), have in any_state(Just(true))) {
        let before = observed(have);
        let lasting = |state: &HostState, key: &RouteKey| state.routes.contains_key(key);
        let keys: BTreeSet<RouteKey> = want.routes.keys().filter(|key| lasting(&before.ours, key)).copied().collect();
        let mut kernel = FakeKernel::new(before.clone());
        for operation in diff(&want, &before) {
            kernel.apply(std::slice::from_ref(&operation)).remove(0).unwrap();
            let now = kernel.observe().unwrap().ours;
            prop_assert!(keys.iter().all(|key| lasting(&now, key)), "gone after {operation}");
        }
    }
}
