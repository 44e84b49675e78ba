//! Values by prefix, for one address family.

use super::iter::Iter;
use super::key::Key;
use super::root::Root;
use super::routes::{NONE, Route, Routes, width};
use super::slot::Slot;

/// A table with more routes gets a [`Root`].
const LARGE: usize = 4096;

/// A table with fewer routes loses it.
const SMALL: usize = LARGE / 2;

/// The table of one family.
#[derive(Clone)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(super) struct Tree<K> {
    /// The value of the route of length zero.
    shortest: u32,
    /// The other routes.
    top: Top<K>,
    count: usize,
}

#[derive(Clone)]
#[cfg_attr(test, derive(Debug, PartialEq))]
enum Top<K> {
    Small(Slot<K>),
    Large(Root<K>),
}

impl<K: Key> Tree<K> {
    /// An empty tree; it allocates nothing.
    pub(super) fn new() -> Self {
        Self { shortest: NONE, top: Top::Small(Slot::Leaf(NONE)), count: 0 }
    }

    /// Number of prefixes.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The value of the longest prefix that holds an address, or [`NONE`].
    #[inline]
    pub(super) fn lookup(&self, address: K) -> u32 {
        match &self.top {
            Top::Large(root) => root.lookup(address, self.shortest),
            Top::Small(slot) => slot.lookup(address, 0, self.shortest),
        }
    }

    /// The longest prefix that holds an address.
    pub(super) fn longest(&self, address: K) -> Option<Route<K>> {
        match &self.top {
            Top::Small(slot) => slot.longest(address, 0),
            Top::Large(root) => root.longest(address),
        }
        .or_else(|| self.shortest())
    }

    /// The value of exactly this prefix.
    pub(super) fn get(&self, bits: K, length: u8) -> Option<u32> {
        match &self.top {
            _ if length == 0 => self.shortest().map(|route| route.value),
            Top::Small(slot) => slot.get(bits, length, 0),
            Top::Large(root) => root.get(bits, length),
        }
    }

    /// All routes, by bits and then length.
    pub(super) fn iter(&self) -> impl Iterator<Item = Route<K>> {
        let (small, large) = match &self.top {
            Top::Small(slot) => (Some(Iter::new(slot, 0)), None),
            Top::Large(root) => (None, Some(root.iter())),
        };
        self.shortest().into_iter().chain(small.into_iter().flatten()).chain(large.into_iter().flatten())
    }

    /// Sets a route; the value that its prefix had comes back.
    pub(super) fn insert(&mut self, route: Route<K>) -> Option<u32> {
        let old = if route.length == 0 {
            let old = self.get(route.bits, 0);
            self.shortest = route.value;
            old
        } else {
            match &mut self.top {
                Top::Small(slot) => slot.insert(route, 0),
                Top::Large(root) => root.insert(route),
            }
        };
        self.count += usize::from(old.is_none());
        if self.count > LARGE && matches!(self.top, Top::Small(_)) {
            self.top = Top::Large(Root::of(Routes::new(&self.words())));
        }
        old
    }

    /// Removes a prefix; its value comes back.
    pub(super) fn remove(&mut self, bits: K, length: u8) -> Option<u32> {
        // An absent prefix must not cost a copy of the path to where it would be.
        let old = self.get(bits, length)?;
        match &mut self.top {
            _ if length == 0 => self.shortest = NONE,
            Top::Small(slot) => slot.remove(bits, length, 0),
            Top::Large(root) => root.remove(bits, length),
        }
        self.count -= 1;
        if self.count < SMALL && matches!(self.top, Top::Large(_)) {
            self.top = Top::Small(Slot::of(NONE, Routes::new(&self.words()), 0));
        }
        Some(old)
    }

    /// The route of length zero.
    fn shortest(&self) -> Option<Route<K>> {
        (self.shortest != NONE).then_some(Route { bits: K::ZERO, length: 0, value: self.shortest })
    }

    /// The routes of at least one bit, packed.
    fn words(&self) -> Vec<u16> {
        let mut words = Vec::with_capacity(self.count * width::<K>());
        self.iter().filter(|route| route.length > 0).for_each(|route| route.write(&mut words));
        words
    }
}

#[cfg(test)]
impl<K: Key + std::fmt::Debug> Tree<K> {
    /// Fails if anything is otherwise than the routes say.
    pub(super) fn check(&self) {
        let count = match &self.top {
            Top::Small(slot) => slot.check(0),
            Top::Large(root) => root.check(),
        };
        assert_eq!(self.count, count + usize::from(self.shortest != NONE));
        assert!(
            matches!(self.top, Top::Small(_)) && self.count <= LARGE
                || matches!(self.top, Top::Large(_)) && self.count >= SMALL
        );
    }
}
