//! The table's face.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;

use crate::addr::{Family, Prefix};

use super::routes::Route;
use super::tree::Tree;

/// Numbers by prefix, found by the longest match.
///
/// A clone is a snapshot: it is made in constant time and shares everything with the original. A
/// change to the original makes anew the page that holds the prefix and copies what leads to it. A
/// change to the clone is possible, but the first makes everything anew if there are many prefixes.
/// Either leaves the other as it is.
///
/// While a snapshot lives, its owner cannot use again what it has replaced since.
#[derive(Clone)]
pub struct PrefixTable {
    v4: Tree<u32>,
    v6: Tree<u128>,
}

impl PrefixTable {
    /// An empty table; it allocates nothing.
    #[must_use]
    pub fn new() -> Self {
        Self { v4: Tree::new(), v6: Tree::new() }
    }

    /// The number of exactly this prefix.
    #[must_use]
    pub fn get(&self, prefix: &Prefix) -> Option<Index> {
        Index::stored(match prefix.address() {
            IpAddr::V4(address) => self.v4.get(address.to_bits(), prefix.length()),
            IpAddr::V6(address) => self.v6.get(address.to_bits(), prefix.length()),
        }?)
    }

    /// The longest prefix that holds the address, and its number. For people: where packets go,
    /// [`PrefixTable::lookup_v4`] and [`PrefixTable::lookup_v6`] are quicker.
    #[must_use]
    pub fn lookup(&self, address: IpAddr) -> Option<(Prefix, Index)> {
        match address {
            IpAddr::V4(address) => self.v4.longest(address.to_bits()).and_then(|route| route.stored()),
            IpAddr::V6(address) => self.v6.longest(address.to_bits()).and_then(|route| route.stored()),
        }
    }

    /// The number of the longest prefix that holds the address.
    #[inline]
    #[must_use]
    pub fn lookup_v4(&self, address: Ipv4Addr) -> Option<Index> {
        Index::stored(self.v4.lookup(address.to_bits()))
    }

    /// The number of the longest prefix that holds the address.
    #[inline]
    #[must_use]
    pub fn lookup_v6(&self, address: Ipv6Addr) -> Option<Index> {
        Index::stored(self.v6.lookup(address.to_bits()))
    }

    /// Number of prefixes of a family.
    #[must_use]
    pub fn count(&self, family: Family) -> usize {
        match family {
            Family::V4 => self.v4.count(),
            Family::V6 => self.v6.count(),
        }
    }

    /// All prefixes with their numbers, in the order of [`Prefix`].
    pub fn iter(&self) -> impl Iterator<Item = (Prefix, Index)> {
        let (v4, v6) = (self.v4.iter(), self.v6.iter());
        v4.filter_map(|route| route.stored()).chain(v6.filter_map(|route| route.stored()))
    }

    /// Sets a prefix's number; the old one comes back.
    pub fn insert(&mut self, prefix: Prefix, index: Index) -> Option<Index> {
        let (length, value) = (prefix.length(), index.to_stored());
        Index::stored(match prefix.address() {
            IpAddr::V4(address) => self.v4.insert(Route { bits: address.to_bits(), length, value }),
            IpAddr::V6(address) => self.v6.insert(Route { bits: address.to_bits(), length, value }),
        }?)
    }

    /// Removes a prefix; its number comes back.
    pub fn remove(&mut self, prefix: &Prefix) -> Option<Index> {
        Index::stored(match prefix.address() {
            IpAddr::V4(address) => self.v4.remove(address.to_bits(), prefix.length()),
            IpAddr::V6(address) => self.v6.remove(address.to_bits(), prefix.length()),
        }?)
    }
}

#[cfg(test)]
impl PrefixTable {
    /// Fails if anything is otherwise than the prefixes say.
    pub(super) fn check(&self) {
        self.v4.check();
        self.v6.check();
    }
}

/// What a prefix leads to, as a number from 0 to [`Index::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Index(NonZeroU32);

impl Index {
    /// The greatest number: what is left of 32 bits beside a prefix's length, and zero aside.
    pub const MAX: u32 = (1 << 24) - 2;

    /// The index of a number; `None` if it is greater than [`Index::MAX`].
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        if number > Self::MAX {
            return None;
        }
        match NonZeroU32::new(number + 1) {
            Some(stored) => Some(Self(stored)),
            None => None,
        }
    }

    /// The number.
    #[inline]
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get() - 1
    }

    /// As [`NONE`](super::routes::NONE) is zero, a value is one more than the number.
    #[inline]
    fn stored(value: u32) -> Option<Self> {
        NonZeroU32::new(value).map(Self)
    }

    fn to_stored(self) -> u32 {
        self.0.get()
    }
}

impl Route<u32> {
    fn stored(self) -> Option<(Prefix, Index)> {
        stored(Ipv4Addr::from_bits(self.bits).into(), self.length, self.value)
    }
}

impl Route<u128> {
    fn stored(self) -> Option<(Prefix, Index)> {
        stored(Ipv6Addr::from_bits(self.bits).into(), self.length, self.value)
    }
}

/// What came in with a `Prefix` of this family and an [`Index`].
fn stored(address: IpAddr, length: u8, value: u32) -> Option<(Prefix, Index)> {
    Some((Prefix::new(address, length).ok()?, Index::stored(value)?))
}

impl Default for PrefixTable {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for PrefixTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(prefix, index)| (prefix, index.get()))).finish()
    }
}
