//! The table's face.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::addr::{Family, Prefix};

use super::trie::Trie;

/// Values by prefix, found by the longest match.
///
/// A clone is made in constant time and shares everything with the original. A change to either
/// copies the nodes on the path to the changed prefix and leaves the other as it is.
#[derive(Clone)]
#[cfg_attr(test, derive(PartialEq))]
pub struct PrefixTable<V> {
    v4: Trie<u32, V>,
    v6: Trie<u128, V>,
}

impl<V> PrefixTable<V> {
    /// An empty table; it allocates nothing.
    #[must_use]
    pub fn new() -> Self {
        Self { v4: Trie::new(), v6: Trie::new() }
    }

    /// The value of exactly this prefix.
    #[must_use]
    pub fn get(&self, prefix: &Prefix) -> Option<&V> {
        match prefix.address() {
            IpAddr::V4(address) => self.v4.get(address.to_bits(), prefix.length()),
            IpAddr::V6(address) => self.v6.get(address.to_bits(), prefix.length()),
        }
    }

    /// The longest prefix that holds the address, and its value.
    #[must_use]
    pub fn lookup(&self, address: IpAddr) -> Option<(Prefix, &V)> {
        let (length, value) = match address {
            IpAddr::V4(address) => self.v4.lookup(address.to_bits()),
            IpAddr::V6(address) => self.v6.lookup(address.to_bits()),
        }?;
        Some((stored(address, length), value))
    }

    /// The value of the longest prefix that holds the address.
    #[inline]
    #[must_use]
    pub fn lookup_v4(&self, address: Ipv4Addr) -> Option<&V> {
        self.v4.lookup(address.to_bits()).map(|(_, value)| value)
    }

    /// The value of the longest prefix that holds the address.
    #[inline]
    #[must_use]
    pub fn lookup_v6(&self, address: Ipv6Addr) -> Option<&V> {
        self.v6.lookup(address.to_bits()).map(|(_, value)| value)
    }

    /// Number of prefixes of a family.
    #[must_use]
    pub fn count(&self, family: Family) -> usize {
        match family {
            Family::V4 => self.v4.count(),
            Family::V6 => self.v6.count(),
        }
    }

    /// All prefixes with their values, in the order of [`Prefix`].
    pub fn iter(&self) -> impl Iterator<Item = (Prefix, &V)> {
        let v4 = self.v4.iter().map(|(bits, length, value)| (Ipv4Addr::from_bits(bits).into(), length, value));
        let v6 = self.v6.iter().map(|(bits, length, value)| (Ipv6Addr::from_bits(bits).into(), length, value));
        v4.chain(v6).map(|(address, length, value)| (stored(address, length), value))
    }
}

impl<V: Clone> PrefixTable<V> {
    /// Sets a prefix's value; the old one comes back.
    pub fn insert(&mut self, prefix: Prefix, value: V) -> Option<V> {
        match prefix.address() {
            IpAddr::V4(address) => self.v4.insert(address.to_bits(), prefix.length(), value),
            IpAddr::V6(address) => self.v6.insert(address.to_bits(), prefix.length(), value),
        }
    }

    /// Removes a prefix.
    pub fn remove(&mut self, prefix: &Prefix) -> Option<V> {
        match prefix.address() {
            IpAddr::V4(address) => self.v4.remove(address.to_bits(), prefix.length()),
            IpAddr::V6(address) => self.v6.remove(address.to_bits(), prefix.length()),
        }
    }
}

/// A prefix from the length of one that is stored.
fn stored(address: IpAddr, length: u8) -> Prefix {
    // The length came in with a `Prefix` of this family.
    Prefix::new(address, length).expect("stored lengths fit their family")
}

impl<V> Default for PrefixTable<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: fmt::Debug> fmt::Debug for PrefixTable<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
