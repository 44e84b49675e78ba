//! The table against its oracle, and what sharing must and must not do.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use prefix_trie::PrefixMap;
use proptest::prelude::*;
use proptest::sample::select;

use super::oracle::Oracle;
use super::{Index, PrefixTable};
use crate::addr::{Family, Prefix};

/// A change, or a moment at which a clone is put aside.
#[derive(Debug, Clone)]
enum Step {
    Insert(Prefix, u8),
    Remove(Prefix),
    Snapshot,
}

/// Addresses that are close to each other: one of a few, with up to two of its bits flipped.
fn address() -> impl Strategy<Value = IpAddr> {
    let v4 = (select(vec![0, u32::MAX, 0x0a01_0203]), 0..=32u32, 0..=32u32)
        .prop_map(|(base, a, b)| Ipv4Addr::from_bits(base ^ flip(a) ^ flip(b)).into());
    let v6 = (select(vec![0, u128::MAX, 0x2001_0db8 << 96 | 1]), 0..=128u32, 0..=128u32)
        .prop_map(|(base, a, b)| Ipv6Addr::from_bits(base ^ flip128(a) ^ flip128(b)).into());
    prop_oneof![v4, v6]
}

fn flip(bit: u32) -> u32 {
    1u32.checked_shl(bit).unwrap_or(0)
}

fn flip128(bit: u32) -> u128 {
    1u128.checked_shl(bit).unwrap_or(0)
}

/// Prefixes of all lengths, more often at and around the ends of nodes.
fn prefix() -> impl Strategy<Value = Prefix> {
    let edges = select(vec![0, 1, 5, 6, 7, 23, 24, 25, 30, 31, 32, 47, 48, 49, 126, 127, 128]);
    (address(), prop_oneof![edges, 0..=128u8])
        .prop_map(|(address, length)| Prefix::new(address, length.min(Family::of(address).bits())).unwrap())
}

/// Changes to prefixes of a small set, so that they often meet.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(prefix(), 1..24).prop_flat_map(|prefixes| {
        let step = prop_oneof![
            5 => (select(prefixes.clone()), any::<u8>()).prop_map(|(prefix, value)| Step::Insert(prefix, value)),
            4 => select(prefixes).prop_map(Step::Remove),
            1 => Just(Step::Snapshot),
        ];
        prop::collection::vec(step, 1..48)
    })
}

/// The first and last address of a prefix and those next to it.
fn edges(prefix: Prefix) -> Vec<IpAddr> {
    match prefix.address() {
        IpAddr::V4(first) => {
            let first = first.to_bits();
            let last = first | u32::MAX.checked_shr(prefix.length().into()).unwrap_or(0);
            [first.wrapping_sub(1), first, last, last.wrapping_add(1)].map(|a| Ipv4Addr::from_bits(a).into()).into()
        }
        IpAddr::V6(first) => {
            let first = first.to_bits();
            let last = first | u128::MAX.checked_shr(prefix.length().into()).unwrap_or(0);
            [first.wrapping_sub(1), first, last, last.wrapping_add(1)].map(|a| Ipv6Addr::from_bits(a).into()).into()
        }
    }
}

/// Compares everything there is to ask, at the edges of the given prefixes.
fn compare(table: &PrefixTable, oracle: &Oracle, prefixes: &[Prefix]) {
    assert!(table.iter().eq(oracle.iter()), "{table:?} is not {oracle:?}");
    for family in [Family::V4, Family::V6] {
        assert_eq!(table.count(family), oracle.count(family));
    }
    for prefix in prefixes {
        assert_eq!(table.get(prefix), oracle.get(prefix), "{prefix}");
        for address in edges(*prefix) {
            let expected = oracle.lookup(address);
            assert_eq!(table.lookup(address), expected, "{address}");
            let value = match address {
                IpAddr::V4(address) => table.lookup_v4(address),
                IpAddr::V6(address) => table.lookup_v6(address),
            };
            assert_eq!(value, expected.map(|(_, value)| value), "{address}");
        }
    }
}

fn index(number: u32) -> Index {
    Index::new(number).unwrap()
}

proptest! {
    #[test]
    fn agrees_with_the_oracle_and_leaves_older_clones_alone(steps in steps()) {
        let prefixes: Vec<_> = steps.iter().filter_map(|step| match step {
            Step::Insert(prefix, _) | Step::Remove(prefix) => Some(*prefix),
            Step::Snapshot => None,
        }).collect();
        let (mut table, mut oracle) = (PrefixTable::new(), Oracle::default());
        let mut snapshots = Vec::new();
        for step in steps {
            match step {
                Step::Insert(prefix, value) => {
                    let value = index(value.into());
                    prop_assert_eq!(table.insert(prefix, value), oracle.insert(prefix, value));
                }
                Step::Remove(prefix) => prop_assert_eq!(table.remove(&prefix), oracle.remove(&prefix)),
                Step::Snapshot => snapshots.push((table.clone(), oracle.clone())),
            }
            compare(&table, &oracle, &prefixes);
        }
        for (table, oracle) in &snapshots {
            compare(table, oracle, &prefixes);
        }
    }
}

/// Random networks of one region, so that they fill pages, branches and the root.
struct Region {
    random: u64,
    bits: u128,
    free: u128,
    lengths: std::ops::RangeInclusive<u8>,
    is_v4: bool,
}

impl Region {
    fn v4(bits: u32, free: u32, lengths: std::ops::RangeInclusive<u8>) -> Self {
        Self { random: 1, bits: bits.into(), free: free.into(), lengths, is_v4: true }
    }

    fn v6(bits: u128, free: u128, lengths: std::ops::RangeInclusive<u8>) -> Self {
        Self { random: 1, bits, free, lengths, is_v4: false }
    }

    /// By Marsaglia, "Xorshift RNGs" (2003).
    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    fn below(&mut self, limit: u32) -> u32 {
        u32::try_from(self.random() % u64::from(limit)).unwrap()
    }

    #[allow(clippy::cast_possible_truncation, reason = "IPv4 has 32 bits")]
    fn address(&mut self) -> IpAddr {
        let bits = self.bits ^ (u128::from(self.random()) << 64 | u128::from(self.random())) & self.free;
        if self.is_v4 { Ipv4Addr::from_bits(bits as u32).into() } else { Ipv6Addr::from_bits(bits).into() }
    }

    #[allow(clippy::cast_possible_truncation, reason = "an address has at most 128 bits")]
    fn prefix(&mut self) -> Prefix {
        let span = u64::from(self.lengths.end() - self.lengths.start()) + 1;
        let above = (self.random() % span) as u8;
        let length = self.lengths.start() + above;
        Prefix::new(self.address(), length).unwrap()
    }
}

/// Compares a table with an implementation that has nothing in common with it.
fn agrees(table: &PrefixTable, prefixes: &[(Prefix, Index)], region: &mut Region) {
    let (mut v4, mut v6) = (PrefixMap::<Ipv4Net, Index>::new(), PrefixMap::<Ipv6Net, Index>::new());
    for &(prefix, value) in prefixes {
        match IpNet::new(prefix.address(), prefix.length()).unwrap() {
            IpNet::V4(net) => v4.insert(net, value),
            IpNet::V6(net) => v6.insert(net, value),
        };
    }
    assert_eq!(table.count(Family::V4) + table.count(Family::V6), v4.len() + v6.len());
    table.check();
    let mut expected: Vec<_> = prefixes.to_vec();
    expected.sort_unstable();
    assert!(table.iter().eq(expected), "the routes in order");
    let mut check = |address: IpAddr| {
        let (found, expected) = match address {
            IpAddr::V4(address) => (table.lookup_v4(address), v4.get_lpm(&address.into()).map(|(_, value)| *value)),
            IpAddr::V6(address) => (table.lookup_v6(address), v6.get_lpm(&address.into()).map(|(_, value)| *value)),
        };
        assert_eq!(found, expected, "{address}");
        assert_eq!(table.lookup(address).map(|(_, value)| value), expected, "{address}");
    };
    prefixes.iter().flat_map(|(prefix, _)| edges(*prefix)).for_each(&mut check);
    (0..1000).map(|_| region.address()).for_each(check);
}

/// Grows a table and lets it shrink again; compares it on the way with what it should be, and older
/// clones with what they were.
fn grow_and_shrink(mut region: Region, most: usize) {
    let (mut table, mut routes) = (PrefixTable::new(), Vec::<(Prefix, Index)>::new());
    let mut snapshots = Vec::new();
    let checkpoint = |routes: &[_]| [most / 64, most / 8, most / 2, most].contains(&routes.len());
    while routes.len() < most {
        let (prefix, value) = (region.prefix(), index(region.below(100)));
        if table.insert(prefix, value).is_some() {
            let known = routes.iter_mut().find(|(known, _)| *known == prefix).unwrap();
            known.1 = value;
            continue;
        }
        routes.push((prefix, value));
        if checkpoint(&routes) {
            agrees(&table, &routes, &mut region);
            snapshots.push((table.clone(), routes.clone()));
        }
    }
    while !routes.is_empty() {
        let at = region.below(u32::try_from(routes.len()).unwrap()) as usize;
        let (prefix, value) = routes.swap_remove(at);
        assert_eq!(table.remove(&prefix), Some(value), "{prefix}");
        if checkpoint(&routes) {
            agrees(&table, &routes, &mut region);
        }
    }
    assert_eq!(format!("{table:?}"), "{}");
    for (table, routes) in &snapshots {
        agrees(table, routes, &mut region);
    }
}

#[test]
fn a_large_ipv4_table_grows_and_shrinks() {
    grow_and_shrink(Region::v4(0x0a00_0000, 0x3fff_ffff, 6..=32), 9000);
}

#[test]
fn ipv4_routes_below_one_slot_grow_and_shrink() {
    grow_and_shrink(Region::v4(0x0a00_0000, 0x0000_1fff, 19..=32), 6000);
}

#[test]
fn a_large_ipv6_table_grows_and_shrinks() {
    grow_and_shrink(Region::v6(0x2001_0db8 << 96, u128::MAX >> 20 & !(u128::MAX >> 66), 10..=66), 6000);
}

#[test]
fn ipv6_routes_with_a_long_common_prefix_grow_and_shrink() {
    grow_and_shrink(Region::v6(0x2001_0db8 << 96, 0xffff << 56 | 0x1ff, 60..=128), 5000);
}

#[test]
fn a_clone_can_be_changed_too() {
    for most in [100, 1_000, 5_000] {
        let mut region = Region::v4(0x0a00_0000, 0x3fff_ffff, 6..=32);
        let mut routes: std::collections::BTreeMap<_, _> = (0..most).map(|_| (region.prefix(), index(1))).collect();
        let mut table = PrefixTable::new();
        for (prefix, value) in &routes {
            table.insert(*prefix, *value);
        }
        let before: Vec<_> = table.iter().collect();
        let mut clone = table.clone();
        for _ in 0..50 {
            let prefix = region.prefix();
            assert_eq!(clone.insert(prefix, index(2)), routes.insert(prefix, index(2)));
        }
        agrees(&table, &before, &mut region);
        agrees(&clone, &routes.into_iter().collect::<Vec<_>>(), &mut region);
    }
}

#[test]
fn an_empty_table_is_small() {
    // It has nothing on the heap: there is no page and no branch.
    assert!(size_of::<PrefixTable>() <= 128, "{} bytes", size_of::<PrefixTable>());
}
