//! What a large table begins with.

use std::array;
use std::iter::Peekable;
use std::sync::Arc;

use super::iter::Iter;
use super::key::Key;
use super::routes::{NONE, Route, Routes};
use super::slot::{Slot, or};

/// Address bits that the root decides.
pub(super) const BITS: u8 = 18;

/// The slots of all prefixes of [`BITS`] bits, in four levels of chunks, so that a change copies 96
/// pointers. A lookup takes the same way for every address: there is nothing to predict, and the
/// upper levels are always at hand in the caches.
#[derive(Clone)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(super) struct Root<K> {
    slots: Chunk<Chunk<Chunk<Chunk<Slot<K>, 16>, 32>, 32>, 16>,
    /// The routes of 1 to [`BITS`] bits, whose values the slots have.
    short: Slot<K>,
}

type Chunk<T, const N: usize> = Arc<[T; N]>;

impl<K: Key> Root<K> {
    /// A root of these routes.
    pub(super) fn of(routes: Routes<'_>) -> Self {
        // Equal chunks are one: what is empty costs no memory.
        let slot = Slot::Leaf(NONE);
        let quarter = Arc::new(array::from_fn(|_| slot.clone()));
        let half = Arc::new(array::from_fn(|_| Arc::clone(&quarter)));
        let most = Arc::new(array::from_fn(|_| Arc::clone(&half)));
        let slots = Arc::new(array::from_fn(|_| Arc::clone(&most)));
        let mut root = Self { slots, short: Slot::Leaf(NONE) };
        let (mut short, mut long) = (Vec::new(), Vec::new());
        let mut routes = routes.iter::<K>().peekable();
        while let Some(route) = routes.next() {
            if route.length <= BITS {
                route.write(&mut short);
                continue;
            }
            let place = place(route.bits);
            route.write(&mut long);
            while let Some(next) = routes.next_if(|next| next.length > BITS && self::place(next.bits) == place) {
                next.write(&mut long);
            }
            *root.slot_mut(place) = Slot::of(NONE, Routes::new(&long), BITS);
            long.clear();
        }
        root.short = Slot::of(NONE, Routes::new(&short), 0);
        for route in Routes::new(&short).iter::<K>() {
            root.paint(route.bits, route.length);
        }
        root
    }

    /// The value of the longest route that holds an address, or else `best`.
    #[inline]
    pub(super) fn lookup(&self, address: K, best: u32) -> u32 {
        match self.slot(place(address)) {
            Slot::Leaf(value) => or(*value, best),
            Slot::Page(value, page) => or(page.lookup(address, BITS), or(*value, best)),
            deeper => deeper.lookup(address, BITS, best),
        }
    }

    /// The slot of a number of [`BITS`] bits.
    #[inline]
    fn slot(&self, place: usize) -> &Slot<K> {
        &self.slots[place >> 14 & 15][place >> 9 & 31][place >> 4 & 31][place & 15]
    }

    fn slot_mut(&mut self, place: usize) -> &mut Slot<K> {
        let most = Arc::make_mut(&mut Arc::make_mut(&mut self.slots)[place >> 14 & 15]);
        let quarter = Arc::make_mut(&mut most[place >> 9 & 31]);
        &mut Arc::make_mut(&mut quarter[place >> 4 & 31])[place & 15]
    }

    /// Sets a route of at least one bit; the value it had comes back.
    pub(super) fn insert(&mut self, route: Route<K>) -> Option<u32> {
        if route.length > BITS {
            return self.slot_mut(place(route.bits)).insert(route, BITS);
        }
        let old = self.short.insert(route, 0);
        self.paint(route.bits, route.length);
        old
    }

    /// Removes a route of at least one bit that is there.
    pub(super) fn remove(&mut self, bits: K, length: u8) {
        if length > BITS {
            self.slot_mut(place(bits)).remove(bits, length, BITS);
        } else {
            self.short.remove(bits, length, 0);
            self.paint(bits, length);
        }
    }

    /// Gives the slots below a prefix the values of the short routes that hold them.
    fn paint(&mut self, bits: K, length: u8) {
        let first = place(bits);
        for place in first..first + (1 << (BITS - length)) {
            #[allow(clippy::cast_possible_truncation, reason = "a place has BITS bits")]
            let value = self.short.lookup(K::from_top((place as u32) << (32 - BITS)), 0, NONE);
            if self.slot(place).value() != value {
                self.slot_mut(place).set_value(value);
            }
        }
    }

    /// The value of exactly this prefix of at least one bit.
    pub(super) fn get(&self, bits: K, length: u8) -> Option<u32> {
        if length > BITS { self.slot(place(bits)).get(bits, length, BITS) } else { self.short.get(bits, length, 0) }
    }

    /// The longest route of at least one bit that holds an address.
    pub(super) fn longest(&self, address: K) -> Option<Route<K>> {
        self.slot(place(address)).longest(address, BITS).or_else(|| self.short.longest(address, 0))
    }

    /// All routes of at least one bit, by bits and then length.
    pub(super) fn iter(&self) -> impl Iterator<Item = Route<K>> {
        let long = (0..1 << BITS).flat_map(|place| Iter::new(self.slot(place), BITS));
        Merge { short: Iter::new(&self.short, 0).peekable(), long: long.peekable() }
    }
}

/// The number of an address's slot.
#[inline]
fn place<K: Key>(address: K) -> usize {
    (address.top() >> (32 - BITS)) as usize
}

/// Two walks as one.
struct Merge<A: Iterator, B: Iterator> {
    short: Peekable<A>,
    long: Peekable<B>,
}

impl<K: Key, A: Iterator<Item = Route<K>>, B: Iterator<Item = Route<K>>> Iterator for Merge<A, B> {
    type Item = Route<K>;

    fn next(&mut self) -> Option<Route<K>> {
        match self.long.peek() {
            // A short route comes before the longer ones that begin with it.
            Some(long) => self.short.next_if(|short| short.bits <= long.bits).or_else(|| self.long.next()),
            None => self.short.next(),
        }
    }
}

#[cfg(test)]
impl<K: Key + std::fmt::Debug> Root<K> {
    /// Number of routes; fails if anything is otherwise than they say.
    pub(super) fn check(&self) -> usize {
        let long: usize = (0..1 << BITS)
            .map(|place: u32| {
                let slot = self.slot(place as usize);
                assert_eq!(slot.value(), self.short.lookup(K::from_top(place << (32 - BITS)), 0, NONE));
                slot.check(BITS)
            })
            .sum();
        long + self.short.check(0)
    }
}
