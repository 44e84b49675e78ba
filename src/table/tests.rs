//! The table against its oracle, and what sharing must and must not do.

use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use prefix_trie::PrefixMap;
use proptest::prelude::*;
use proptest::sample::select;

use super::PrefixTable;
use super::oracle::Oracle;
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
fn compare(table: &PrefixTable<u8>, oracle: &Oracle<u8>, prefixes: &[Prefix]) {
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
        // Equality of tables is that of their nodes: nothing is left of what was removed.
        let mut rebuilt = PrefixTable::new();
        for (prefix, value) in oracle.iter() {
            rebuilt.insert(prefix, *value);
        }
        prop_assert_eq!(table, rebuilt);
    }

    #[test]
    fn agrees_with_another_implementation(
        entries in prop::collection::vec((prefix(), any::<u16>()), 0..400),
        addresses in prop::collection::vec(address(), 100),
    ) {
        let mut table = PrefixTable::new();
        let (mut v4, mut v6) = (PrefixMap::<Ipv4Net, u16>::new(), PrefixMap::<Ipv6Net, u16>::new());
        for (prefix, value) in entries {
            table.insert(prefix, value);
            match IpNet::new(prefix.address(), prefix.length()).unwrap() {
                IpNet::V4(net) => v4.insert(net, value),
                IpNet::V6(net) => v6.insert(net, value),
            };
        }
        for address in addresses {
            let value = match IpNet::from(address) {
                IpNet::V4(host) => v4.get_lpm(&host).map(|(_, value)| value),
                IpNet::V6(host) => v6.get_lpm(&host).map(|(_, value)| value),
            };
            prop_assert_eq!(table.lookup(address).map(|(_, value)| value), value);
        }
    }
}

/// A value that counts how often it is cloned.
#[derive(Debug)]
struct Counted(Rc<Cell<usize>>);

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.0.set(self.0.get() + 1);
        Self(Rc::clone(&self.0))
    }
}

#[test]
fn a_change_copies_only_the_path_to_it() {
    let clones = Rc::new(Cell::new(0));
    let value = || Counted(Rc::clone(&clones));
    let network = |number: u32| Prefix::new(Ipv4Addr::from_bits(number << 8).into(), 24).unwrap();
    let mut table = PrefixTable::new();
    for number in 0..10_000 {
        table.insert(network(number), value());
    }
    clones.set(0);
    table.insert(network(0), value());
    assert_eq!(clones.get(), 0, "what nobody shares is changed in place");

    let mut changed = table.clone();
    assert_eq!(clones.get(), 0, "a clone shares all values");
    changed.remove(&network(20_000));
    assert_eq!(clones.get(), 0, "removing nothing changes nothing");
    changed.remove(&network(5_000));
    changed.insert(network(9_999), value());
    assert!(clones.get() <= 2 * 127, "{} values were copied, more than two nodes hold", clones.get());
    assert_eq!((table.count(Family::V4), changed.count(Family::V4)), (10_000, 9_999));
}
