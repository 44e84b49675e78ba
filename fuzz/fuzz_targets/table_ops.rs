//! Changes to a prefix table, beside an ordered map that is searched from end to end.

#![no_main]

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use vgw::addr::{Family, Prefix};
use vgw::table::{Index, PrefixTable};

#[derive(Debug, Arbitrary)]
enum Step {
    Insert(Net, u16),
    Remove(Net),
    Lookup(Address),
    /// Puts a clone aside; at the end it must be what it was.
    Snapshot,
}

/// Few of the bits are free, so that prefixes meet and nest.
#[derive(Debug, Arbitrary)]
enum Address {
    V4 { first: u8, last: u16 },
    V6 { first: u16, last: u32 },
}

#[derive(Debug, Arbitrary)]
struct Net {
    address: Address,
    length: u8,
}

impl Address {
    fn get(&self) -> IpAddr {
        match *self {
            Self::V4 { first, last } => Ipv4Addr::from_bits(u32::from(first) << 24 | u32::from(last)).into(),
            Self::V6 { first, last } => Ipv6Addr::from_bits(u128::from(first) << 112 | u128::from(last)).into(),
        }
    }
}

impl Net {
    fn get(&self) -> Prefix {
        let address = self.address.get();
        let length = self.length % (Family::of(address).bits() + 1);
        Prefix::new(address, length).expect("the length is in range")
    }
}

fn assert_equal(table: &PrefixTable, map: &BTreeMap<Prefix, Index>) {
    assert!(table.iter().eq(map.iter().map(|(prefix, index)| (*prefix, *index))), "{table:?} is not {map:?}");
    assert_eq!(table.count(Family::V4) + table.count(Family::V6), map.len());
}

fuzz_target!(|steps: Vec<Step>| {
    let (mut table, mut map) = (PrefixTable::new(), BTreeMap::new());
    let mut snapshots = Vec::new();
    for step in &steps {
        match step {
            Step::Insert(net, number) => {
                let index = Index::new((*number).into()).expect("a small number");
                assert_eq!(table.insert(net.get(), index), map.insert(net.get(), index));
            }
            Step::Remove(net) => assert_eq!(table.remove(&net.get()), map.remove(&net.get())),
            Step::Lookup(address) => {
                let address = address.get();
                let holds = map.iter().filter(|(prefix, _)| prefix.contains(address));
                let longest = holds.max_by_key(|(prefix, _)| prefix.length());
                let longest = longest.map(|(prefix, index)| (*prefix, *index));
                assert_eq!(table.lookup(address), longest);
                let index = match address {
                    IpAddr::V4(address) => table.lookup_v4(address),
                    IpAddr::V6(address) => table.lookup_v6(address),
                };
                assert_eq!(index, longest.map(|(_, index)| index));
            }
            Step::Snapshot => snapshots.push((table.clone(), map.clone())),
        }
    }
    snapshots.push((table, map));
    for (table, map) in &snapshots {
        assert_equal(table, map);
    }
});
