//! What a large table begins with.

use std::marker::PhantomData;

use super::heap::{Heap, half};
use super::key::Key;
use super::node::Words;
use super::routes::{NONE, Route, Routes};
use super::slot::Slot;

/// Address bits that the root decides.
pub(super) const BITS: u8 = 18;

/// Address bits that a chunk decides.
const CHUNK_BITS: u8 = BITS / 2;

/// Places in a chunk.
const CHUNK: usize = 1 << CHUNK_BITS;

/// Words of a chunk.
const CHUNK_WORDS: u32 = 1 << (CHUNK_BITS - 1);

/// The chunk of empty slots. Nobody writes to it, so it serves wherever there is nothing.
const EMPTY: u32 = 0;

/// A table with many routes, in a heap. A clone is a snapshot; to change it would make all anew.
///
/// A very large one has the slots of all prefixes of [`BITS`] bits, in chunks that a further chunk
/// leads to, so that a change copies two of them. A lookup takes the same way for every address:
/// there is nothing to predict, and the upper chunk is always at hand in the caches.
#[derive(Clone)]
pub(super) struct Root<K> {
    heap: Heap,
    /// The upper chunk, or [`EMPTY`] if there is none.
    top: u32,
    /// The routes of 1 to [`BITS`] bits, whose values the chunks' slots have, or else all routes.
    slot: Slot,
    family: PhantomData<K>,
}

impl<K: Key> Root<K> {
    /// Some routes of at least one bit, without chunks.
    pub(super) fn of(routes: Routes<'_>) -> Self {
        let mut heap = Heap::new();
        let slot = Slot::of::<K>(&mut heap, routes, 0, NONE);
        Self { heap, top: EMPTY, slot, family: PhantomData }
    }

    /// Some routes of at least one bit, with chunks.
    pub(super) fn large(routes: Routes<'_>) -> Self {
        let mut heap = Heap::new();
        let empty = heap.allocate(CHUNK_WORDS);
        let top = heap.duplicate(empty, CHUNK_WORDS);
        let mut root = Self { heap, top, slot: Slot::leaf(NONE), family: PhantomData };
        for route in routes.iter::<K>() {
            root.insert(route);
        }
        root
    }

    /// True if it has chunks.
    pub(super) fn is_large(&self) -> bool {
        self.top != EMPTY
    }

    /// The value of the longest route that holds an address, or [`NONE`].
    #[inline]
    pub(super) fn lookup(&self, address: K) -> u32 {
        let words = self.heap.words();
        if self.top == EMPTY {
            return self.slot.lookup(words, address, 0);
        }
        let place = place(address);
        let Some(chunk) = number(words, self.top, place / CHUNK) else { return NONE };
        let Some(slot) = number(words, chunk, place % CHUNK) else { return NONE };
        Slot::from_number(slot).lookup(words, address, BITS)
    }

    /// The slot of a number of [`BITS`] bits.
    fn slot(&self, place: usize) -> Slot {
        let chunk = self.heap.number(self.top, place / CHUNK);
        Slot::from_number(self.heap.number(chunk, place % CHUNK))
    }

    /// Makes others of the slots in a row.
    fn edit(&mut self, first: usize, last: usize, mut edit: impl FnMut(&mut Heap, usize, Slot) -> Slot) {
        let heap = &mut self.heap;
        self.top = heap.renew(self.top, CHUNK_WORDS);
        for upper in first / CHUNK..=last / CHUNK {
            let chunk = match heap.number(self.top, upper) {
                EMPTY => heap.duplicate(EMPTY, CHUNK_WORDS),
                chunk => heap.renew(chunk, CHUNK_WORDS),
            };
            heap.set_number(self.top, upper, chunk);
            for place in first.max(upper * CHUNK)..=last.min(upper * CHUNK + CHUNK - 1) {
                let slot = Slot::from_number(heap.number(chunk, place % CHUNK));
                let slot = edit(heap, place, slot);
                heap.set_number(chunk, place % CHUNK, slot.number());
            }
        }
    }

    /// Begins a change.
    fn begin(&mut self) {
        if !self.heap.is_owner() {
            let mut words = Vec::new();
            self.collect(&mut |route| route.write(&mut words));
            let make = if self.is_large() { Self::large } else { Self::of };
            *self = make(Routes::new(&words));
        }
        self.heap.begin();
    }

    /// Sets a route of at least one bit; the value it had comes back.
    pub(super) fn insert(&mut self, route: Route<K>) -> Option<u32> {
        self.begin();
        let mut old = None;
        if self.is_large() && route.length > BITS {
            let place = place(route.bits);
            self.edit(place, place, |heap, _, slot| {
                let (new, value) = slot.with(heap, route, BITS);
                old = value;
                new
            });
        } else {
            (self.slot, old) = self.slot.with(&mut self.heap, route, 0);
            self.paint(route.bits, route.length);
        }
        old
    }

    /// Removes a route of at least one bit that is there.
    pub(super) fn remove(&mut self, bits: K, length: u8) {
        self.begin();
        if self.is_large() && length > BITS {
            let place = place(bits);
            self.edit(place, place, |heap, _, slot| slot.without(heap, bits, length, BITS));
        } else {
            self.slot = self.slot.without(&mut self.heap, bits, length, 0);
            self.paint(bits, length);
        }
    }

    /// Gives the chunks' slots below a prefix the values of the short routes that hold them.
    fn paint(&mut self, bits: K, length: u8) {
        if self.is_large() {
            let (short, first) = (self.slot, place(bits));
            self.edit(first, first + (1 << (BITS - length)) - 1, |heap, place, slot| {
                let value = short.lookup(heap.words(), address::<K>(place), 0);
                slot.covered::<K>(heap, value, BITS)
            });
        }
    }

    /// The value of exactly this prefix of at least one bit.
    pub(super) fn get(&self, bits: K, length: u8) -> Option<u32> {
        if self.is_large() && length > BITS {
            return self.slot(place(bits)).get(&self.heap, bits, length, BITS);
        }
        self.slot.get(&self.heap, bits, length, 0)
    }

    /// The longest route of at least one bit that holds an address.
    pub(super) fn longest(&self, address: K) -> Option<Route<K>> {
        let long = if self.is_large() { self.slot(place(address)).longest(&self.heap, address, BITS) } else { None };
        long.or_else(|| self.slot.longest(&self.heap, address, 0))
    }

    /// Shows all routes, by bits and then length.
    pub(super) fn collect(&self, show: &mut impl FnMut(Route<K>)) {
        if !self.is_large() {
            return self.slot.collect(&self.heap, 0, show);
        }
        let mut short = Vec::new();
        self.slot.collect(&self.heap, 0, &mut |route: Route<K>| short.push(route));
        let mut short = short.into_iter().peekable();
        for place in 0..1 << BITS {
            // A short route comes before the longer ones that begin with it.
            while let Some(route) = short.next_if(|route| self::place(route.bits) <= place) {
                show(route);
            }
            self.slot(place).collect(&self.heap, BITS, show);
        }
    }
}

/// The number of an address's slot.
#[inline]
fn place<K: Key>(address: K) -> usize {
    (address.top() >> (32 - BITS)) as usize
}

/// The first address of a slot.
#[allow(clippy::cast_possible_truncation, reason = "a place has BITS bits")]
fn address<K: Key>(place: usize) -> K {
    K::from_top((place as u32) << (32 - BITS))
}

/// A number of a chunk.
#[inline]
fn number(words: &(impl Words + ?Sized), chunk: u32, number: usize) -> Option<u32> {
    Some(half(words.word(chunk as usize + number / 2)?, number))
}

#[cfg(test)]
impl<K: Key> Root<K> {
    /// Number of routes; fails if anything is otherwise than they say.
    pub(super) fn check(&self) -> usize {
        let (heap, mut blocks) = (&self.heap, Vec::new());
        let mut count = self.slot.check::<K>(heap, 0, NONE, &mut blocks);
        if self.is_large() {
            blocks.extend([(EMPTY, CHUNK_WORDS), (self.top, CHUNK_WORDS)]);
            for upper in 0..CHUNK {
                let chunk = heap.number(self.top, upper);
                if chunk != EMPTY {
                    blocks.push((chunk, CHUNK_WORDS));
                }
                for place in upper * CHUNK..(upper + 1) * CHUNK {
                    let cover = self.slot.lookup(heap.words(), address::<K>(place), 0);
                    count += self.slot(place).check::<K>(heap, BITS, cover, &mut blocks);
                }
            }
        }
        heap.check(blocks);
        count
    }
}
