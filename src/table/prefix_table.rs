//! The table's face.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::addr::{Family, Prefix};

/// Values by prefix, found by the longest match.
#[derive(Debug, Clone)]
pub struct PrefixTable<V> {
    entries: BTreeMap<Prefix, V>,
}

impl<V: Clone> PrefixTable<V> {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self { entries: BTreeMap::new() }
    }

    /// Sets a prefix's value; the old one comes back.
    pub fn insert(&mut self, prefix: Prefix, value: V) -> Option<V> {
        self.entries.insert(prefix, value)
    }

    /// Removes a prefix.
    pub fn remove(&mut self, prefix: &Prefix) -> Option<V> {
        self.entries.remove(prefix)
    }

    /// The value of exactly this prefix.
    #[must_use]
    pub fn get(&self, prefix: &Prefix) -> Option<&V> {
        self.entries.get(prefix)
    }

    /// The longest prefix that holds the address, and its value.
    #[must_use]
    pub fn lookup(&self, address: IpAddr) -> Option<(Prefix, &V)> {
        (0..=Family::of(address).bits()).rev().find_map(|length| {
            let prefix = Prefix::new(address, length).ok()?;
            self.entries.get(&prefix).map(|value| (prefix, value))
        })
    }

    /// The value of the longest prefix that holds the address.
    #[must_use]
    pub fn lookup_v4(&self, address: Ipv4Addr) -> Option<&V> {
        self.lookup(address.into()).map(|(_, value)| value)
    }

    /// The value of the longest prefix that holds the address.
    #[must_use]
    pub fn lookup_v6(&self, address: Ipv6Addr) -> Option<&V> {
        self.lookup(address.into()).map(|(_, value)| value)
    }

    /// Number of prefixes of a family.
    #[must_use]
    pub fn count(&self, family: Family) -> usize {
        self.entries.keys().filter(|prefix| prefix.family() == family).count()
    }

    /// All prefixes with their values, in the order of [`Prefix`].
    pub fn iter(&self) -> impl Iterator<Item = (Prefix, &V)> {
        self.entries.iter().map(|(prefix, value)| (*prefix, value))
    }
}

impl<V: Clone> Default for PrefixTable<V> {
    fn default() -> Self {
        Self::new()
    }
}
