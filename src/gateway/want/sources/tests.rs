use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;
use crate::gateway::fixtures::good;
use crate::host::{HostState, Observed, Operation, diff};

const FIRST: u32 = 20_100;

/// Subnets with their tables.
type Asked = BTreeMap<Prefix, u32>;

/// What leads the subnets, made from nothing.
fn made(asked: &Asked) -> (Sources, OrdSet<Rule>) {
    let (mut sources, mut rules) = (Sources::default(), OrdSet::new());
    asked.iter().for_each(|(subnet, table)| sources.lead(*subnet, Some(*table), FIRST, &mut rules));
    (sources, rules)
}

/// Walks a list of rules as the kernel does (`fib_rules_lookup`): the first table, and how many rules
/// were looked at.
fn walk(rules: &[Rule], source: IpAddr) -> (Option<u32>, usize) {
    let (mut at, mut steps) = (0, 0);
    while let Some(rule) = rules.get(at) {
        steps += 1;
        at += 1;
        if rule.from.contains(source) {
            match rule.action {
                RuleAction::Lookup(table) => return (Some(table), steps),
                RuleAction::Goto(target) => {
                    let place = rules.iter().position(|rule| rule.priority == target && same_family(rule, source));
                    at = place.unwrap_or(at);
                }
                RuleAction::Nop => {}
            }
        }
    }
    (None, steps)
}

fn same_family(rule: &Rule, source: IpAddr) -> bool {
    rule.from.family() == Family::of(source)
}

/// The list that the kernel makes of rules added one after the other.
fn listed(rules: impl IntoIterator<Item = Rule>, family: Family) -> Vec<Rule> {
    let mut list: Vec<Rule> = rules.into_iter().filter(|rule| rule.from.family() == family).collect();
    list.sort_by_key(|rule| rule.priority);
    list
}

/// The narrowest subnet around an address, with its table.
fn match_of(asked: &Asked, source: IpAddr) -> Option<(Prefix, u32)> {
    let around = asked.iter().filter(|(subnet, _)| subnet.contains(source));
    around.max_by_key(|(subnet, _)| subnet.length()).map(|(subnet, table)| (*subnet, *table))
}

/// Subnets that are near each other, nested and not.
fn any_asked() -> impl Strategy<Value = Asked> {
    let tables = || prop_oneof![Just(1u32), Just(2)];
    let v4 = (0u8..2, any::<u8>(), 12u8..=32, tables())
        .prop_map(|(a, b, length, table)| (IpAddr::from([10, a, b, b ^ 0x55]), length, table));
    let v6 = (0u16..2, any::<u16>(), 40u8..=70, tables())
        .prop_map(|(a, b, length, table)| (IpAddr::from([0x2001, 0xdb8, a, b, 0, 0, 0, 1]), length, table));
    let some = prop_oneof![3 => v4, 1 => v6];
    let some = some.prop_map(|(address, length, table)| (Prefix::new(address, length).unwrap(), table));
    prop_oneof![1 => 0usize..4, 1 => 20usize..60, 2 => 40usize..120]
        .prop_flat_map(move |count| prop::collection::btree_map(some.clone().prop_map(|s| s.0), 1u32..3, 0..=count))
}

fn addresses(asked: &Asked) -> impl Iterator<Item = IpAddr> {
    asked.keys().map(Prefix::address)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_narrowest_subnet_decides(asked in any_asked(), beside in any_asked()) {
        let (_, rules) = made(&asked);
        for source in addresses(&asked).chain(addresses(&beside)) {
            let list = listed(rules.iter().copied(), Family::of(source));
            prop_assert_eq!(walk(&list, source).0, match_of(&asked, source).map(|(_, table)| table), "{}", source);
        }
    }

    #[test]
    fn the_rules_do_not_tell_how_they_came_about(former in any_asked(), asked in any_asked()) {
        let (mut sources, mut rules) = made(&former);
        for subnet in former.keys().filter(|subnet| !asked.contains_key(subnet)) {
            sources.lead(*subnet, None, FIRST, &mut rules);
        }
        asked.iter().rev().for_each(|(subnet, table)| sources.lead(*subnet, Some(*table), FIRST, &mut rules));
        prop_assert_eq!((sources, rules), made(&asked));
    }

    #[test]
    fn no_packet_loses_its_way_in_between(before in any_asked(), kept in any::<u64>(), after in any_asked()) {
        // About a half of what was there stays.
        let staying = before.iter().enumerate().filter(|(index, _)| kept >> (index % 64) & 1 == 1).map(|(_, s)| s);
        let after = staying.map(|(subnet, table)| (*subnet, *table)).chain(after).collect();
        assert_no_gap(&before, &after);
    }
}

/// Fails unless, whatever becomes of the others, packets have the right table after every step as long
/// as the narrowest subnet around their source stays what it is; and all that come or go have one
/// when everything is added and nothing deleted.
fn assert_no_gap(before: &Asked, after: &Asked) {
    let state = |asked: &Asked| HostState { rules: made(asked).1, ..HostState::default() };
    let have = Observed { ours: state(before), ..Observed::default() };
    let way = |source: IpAddr| (source, match_of(before, source), match_of(after, source));
    let ways: Vec<_> = addresses(before).chain(addresses(after)).step_by(3).map(way).collect();
    let mut rules: Vec<Rule> = have.ours.rules.iter().copied().collect();
    let mut deleting = false;
    for operation in diff(&state(after), &have) {
        let (Operation::AddRule(rule) | Operation::DeleteRule(rule)) = &operation else { panic!("{operation}") };
        let family = rule.from.family();
        let of_family = ways.iter().filter(|(source, ..)| Family::of(*source) == family);
        if matches!(operation, Operation::DeleteRule(_)) {
            let list = listed(rules.iter().copied(), family);
            for (source, old, new) in of_family.clone().filter(|_| !deleting) {
                let table = walk(&list, *source).0;
                let is_right = [new, old].into_iter().flatten().any(|(_, right)| Some(*right) == table);
                assert!(is_right || new.or(*old).is_none(), "{source} has no way when all is added");
            }
            deleting = true;
            rules.retain(|present| present != rule);
        } else {
            rules.push(*rule);
        }
        let list = listed(rules.iter().copied(), family);
        for (source, _, new) in of_family.filter(|(_, old, new)| new.is_some() && old == new) {
            assert_eq!(walk(&list, *source).0, new.map(|(_, table)| table), "{source} after {operation}");
        }
    }
}

#[test]
fn a_subnet_around_others_comes_and_goes_without_touching_them() {
    for count in [20, 40, 100] {
        let row = (0..count).map(|i| (Prefix::new([10, 0, i, 0].into(), 24).unwrap(), 1));
        let inner: Asked = row.collect();
        let mut outer = inner.clone();
        outer.insert(good("10.0.0.0/9"), 2);
        assert_no_gap(&inner, &outer);
        assert_no_gap(&outer, &inner);
    }
}

#[test]
fn a_change_of_one_subnet_changes_few_rules() {
    let subnet = |i: u32| Prefix::new(Ipv4Addr::from_bits(10 << 24 | i << 8).into(), 24).unwrap();
    let (mut sources, mut rules) = made(&(0..4096).map(|i| (subnet(i), 1)).collect());
    for (subnet, most) in [(subnet(5000), 10), (subnet(9), 1), (good("11.0.0.0/24"), 10)] {
        let before = rules.clone();
        let table = if before.iter().any(|rule| rule.from == subnet) { None } else { Some(1) };
        sources.lead(subnet, table, FIRST, &mut rules);
        assert!((1..=most).contains(&before.diff(&rules).count()), "{subnet}");
    }
}

/// Rules that a lookup passes, on average and at most.
fn cost(subnets: impl Iterator<Item = Prefix>, outside: IpAddr) -> [usize; 3] {
    let asked: Asked = subnets.map(|subnet| (subnet, 1)).collect();
    let family = Family::of(outside);
    let list = listed(made(&asked).1, family);
    let steps: Vec<usize> = addresses(&asked).map(|source| walk(&list, source).1).collect();
    let average = steps.iter().sum::<usize>() / steps.len();
    [average, *steps.iter().max().unwrap(), walk(&list, outside).1]
}

#[test]
fn many_subnets_cost_few_rules() {
    let host = "192.0.2.1".parse().unwrap();
    let row = |count: u32| (0..count).map(|i| Prefix::new(Ipv4Addr::from_bits(10 << 24 | i << 8).into(), 24).unwrap());
    assert_eq!(cost(row(32), host), [16, 32, 32], "one after the other");
    for (count, average, most, outside) in [(100, 18, 29, 3), (1024, 25, 42, 3), (4096, 37, 70, 3)] {
        let [mean, worst, other] = cost(row(count), host);
        assert!(mean <= average && worst <= most && other <= outside, "{count}: {mean} {worst} {other}");
    }
    let host = "2001:db8:ffff::1".parse().unwrap();
    let networks =
        (0..1024).map(|i| Prefix::new(Ipv6Addr::from([0x2001, 0xdb8, 1, i, 0, 0, 0, 0]).into(), 64).unwrap());
    let [mean, worst, other] = cost(networks, host);
    assert!(mean <= 41 && worst <= 58 && other <= 13, "IPv6: {mean} {worst} {other}");
}

#[test]
fn all_places_fit_into_the_block_and_are_primes() {
    for stops in [&STOPS_V4[..], &STOPS_V6[..]] {
        let places: u32 = stops.iter().map(|(_, places)| places).sum();
        assert!(SECTIONS + places * PLACES <= END);
        assert!(stops.iter().all(|(_, places)| (2..*places).all(|divisor| places % divisor != 0)));
        assert!(stops.is_sorted_by(|one, next| one.0 < next.0));
    }
    const { assert!(NARROWEST + 128 < SECTIONS) }
}
