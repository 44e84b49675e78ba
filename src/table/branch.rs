//! A prefix's many longer routes, spread over the prefixes that are [`STRIDE`] bits longer.

use super::heap::Heap;
use super::key::{Key, PLACES, STRIDE};
use super::node::Words;
use super::routes::{NONE, Route, Routes, width};
use super::slot::Slot;

/// Words of a branch before its slots: its counts, and its cover.
const HEAD: u32 = 2;

/// Words of a branch before its routes.
const ROUTES: u32 = HEAD + (1 << (STRIDE - 1));

/// The slots of the prefixes that are [`STRIDE`] bits longer, read from a block.
pub(super) struct Branch {
    pub(super) slots: [Slot; PLACES],
    /// The routes that are up to [`STRIDE`] bits longer, whose values the slots have.
    pub(super) own: Vec<u16>,
    /// Number of all longer routes.
    pub(super) count: u32,
    pub(super) cover: u32,
}

impl Branch {
    /// The branch of these routes, which are longer than `depth`.
    pub(super) fn of<K: Key>(heap: &mut Heap, routes: Routes<'_>, depth: u8, cover: u32) -> Self {
        let mut own = Vec::new();
        let mut longer: [Vec<u16>; PLACES] = [const { Vec::new() }; PLACES];
        for route in routes.iter::<K>() {
            let is_own = route.length <= depth + STRIDE;
            route.write(if is_own { &mut own } else { &mut longer[route.bits.stride(depth)] });
        }
        let count = u32::try_from(routes.count::<K>()).expect("there are less than 2^32 routes");
        let mut branch = Self { slots: [Slot::leaf(NONE); PLACES], own, count, cover };
        let values = branch.values::<K>(depth);
        for ((slot, words), value) in branch.slots.iter_mut().zip(longer).zip(values) {
            *slot = Slot::of::<K>(heap, Routes::new(&words), depth + STRIDE, value);
        }
        branch
    }

    /// Reads the branch at a position.
    pub(super) fn load<K: Key>(heap: &Heap, at: u32) -> Self {
        Self {
            slots: std::array::from_fn(|place| Self::slot(heap, at, place)),
            own: Self::routes::<K>(heap, at),
            count: heap.number(at, 1),
            cover: Self::cover(heap, at),
        }
    }

    /// Reads a branch and gives its block back.
    pub(super) fn take<K: Key>(heap: &mut Heap, at: u32) -> Self {
        let branch = Self::load::<K>(heap, at);
        heap.release(at, branch.length());
        branch
    }

    /// Puts the branch into a block, whose position comes back.
    pub(super) fn store<K: Key>(&self, heap: &mut Heap) -> u32 {
        let at = heap.allocate(self.length());
        let own = u32::try_from(self.own.len() / width::<K>()).expect("at most 126 routes");
        heap.set_number(at, 0, own);
        heap.set_number(at, 1, self.count);
        heap.set_number(at, 2, self.cover);
        heap.set_number(at, 3, 0);
        for (place, slot) in self.slots.iter().enumerate() {
            heap.set_number(at + HEAD, place, slot.number());
        }
        heap.write(at + ROUTES, &self.own);
        at
    }

    /// Words of its block.
    #[allow(clippy::cast_possible_truncation, reason = "at most 126 routes")]
    pub(super) fn length(&self) -> u32 {
        ROUTES + self.own.len().div_ceil(4) as u32
    }

    /// The slot at one of [`PLACES`] of the branch at a position.
    pub(super) fn slot(heap: &Heap, at: u32, place: usize) -> Slot {
        Slot::from_number(heap.number(at + HEAD, place))
    }

    /// The cover of the branch at a position.
    pub(super) fn cover(heap: &Heap, at: u32) -> u32 {
        heap.number(at, 2)
    }

    /// The branch's own routes.
    pub(super) fn routes<K: Key>(heap: &Heap, at: u32) -> Vec<u16> {
        heap.read_routes::<K>(at + ROUTES, heap.number(at, 0) as usize)
    }

    /// As [`Slot::with`].
    pub(super) fn insert<K: Key>(&mut self, heap: &mut Heap, route: Route<K>, depth: u8) -> Option<u32> {
        let old = if route.length > depth + STRIDE {
            let slot = &mut self.slots[route.bits.stride(depth)];
            let (new, old) = slot.with(heap, route, depth + STRIDE);
            *slot = new;
            old
        } else {
            let (own, old) = Routes::new(&self.own).with(route);
            self.own = own;
            self.paint::<K>(heap, depth);
            old
        };
        self.count += u32::from(old.is_none());
        old
    }

    /// As [`Slot::without`].
    pub(super) fn remove<K: Key>(&mut self, heap: &mut Heap, bits: K, length: u8, depth: u8) {
        self.count -= 1;
        if length > depth + STRIDE {
            let slot = &mut self.slots[bits.stride(depth)];
            *slot = slot.without(heap, bits, length, depth + STRIDE);
        } else {
            self.own = Routes::new(&self.own).without(bits, length);
            self.paint::<K>(heap, depth);
        }
    }

    /// The covers of the slots.
    pub(super) fn values<K: Key>(&self, depth: u8) -> [u32; PLACES] {
        let mut values = [self.cover; PLACES];
        for route in Routes::new(&self.own).iter::<K>() {
            values[route.bits.stride(depth)..][..PLACES >> (route.length - depth)].fill(route.value);
        }
        values
    }

    /// Gives the slots their covers.
    pub(super) fn paint<K: Key>(&mut self, heap: &mut Heap, depth: u8) {
        let values = self.values::<K>(depth);
        for (slot, value) in self.slots.iter_mut().zip(values) {
            *slot = slot.covered::<K>(heap, value, depth + STRIDE);
        }
    }

    /// As [`Slot::collect`].
    pub(super) fn collect<K: Key>(&self, heap: &Heap, depth: u8, show: &mut impl FnMut(Route<K>)) {
        let mut own = Routes::new(&self.own).iter::<K>().peekable();
        for (place, slot) in self.slots.iter().enumerate() {
            // The branch's own routes come before the slots that they begin with.
            while let Some(route) = own.next_if(|route| route.bits.stride(depth) <= place) {
                show(route);
            }
            slot.collect(heap, depth + STRIDE, show);
        }
    }
}

/// The word with a slot of the branch at a position.
#[inline]
pub(super) fn slot_word(words: &(impl Words + ?Sized), at: u32, place: usize) -> Option<u64> {
    words.word((at + HEAD) as usize + place / 2)
}
