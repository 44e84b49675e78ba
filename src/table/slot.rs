//! Routes below a prefix, few or many.

use std::sync::atomic::AtomicU64;

use super::heap::{Heap, half, words_of};
use super::key::{Key, PLACES, STRIDE};
use super::node::{self, Width, Words};
use super::page::{Head, image};
use super::routes::{NONE, Route, Routes, width};

/// A page with more routes is replaced by a branch.
pub(super) const MOST: usize = 128;

/// A branch with fewer routes is replaced by a page. Far from [`MOST`], so that a route that comes
/// and goes does not move all its neighbours each time.
pub(super) const FEWEST: usize = MOST / 2;

/// A prefix's place in a [`Heap`]: a value if there are no longer routes, otherwise where the page
/// or the branch with them is.
///
/// Either knows its *cover*, the value of the addresses that none of the longer routes holds, so a
/// lookup ends where it finds a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot(u32);

/// Marks a page with entries of 16 bits, one with entries of 32 bits, and a branch. Values have 24 bits.
const PAGE: u32 = 0b100 << 29;
const WIDE: u32 = 0b101 << 29;
const BRANCH: u32 = 0b110 << 29;

/// What a slot holds.
enum Kind {
    Leaf(u32),
    Page(u32, Width),
    Branch(u32),
}

impl Slot {
    /// The slot of a value.
    pub(super) fn leaf(value: u32) -> Self {
        Self(value)
    }

    /// The slot of this number.
    pub(super) fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// The slot as a number, zero if it has nothing.
    pub(super) fn number(self) -> u32 {
        self.0
    }

    #[inline]
    fn kind(self) -> Kind {
        let at = self.0 & ((1 << 29) - 1);
        match self.0 & (0b111 << 29) {
            PAGE => Kind::Page(at, Width::Half),
            WIDE => Kind::Page(at, Width::Word),
            BRANCH => Kind::Branch(at),
            _ => Kind::Leaf(at),
        }
    }

    /// The slot of a prefix of `depth` bits: from its cover and the longer routes.
    pub(super) fn of<K: Key>(heap: &mut Heap, routes: Routes<'_>, depth: u8, cover: u32) -> Self {
        match routes.count::<K>() {
            0 => Self::leaf(cover),
            1..=MOST => Self::page(heap, &image::<K>(routes, depth, cover)),
            _ => Branch::of::<K>(heap, routes, depth, cover).store::<K>(heap),
        }
    }

    fn page(heap: &mut Heap, image: &[u16]) -> Self {
        let head = Head(image.word(0).unwrap_or(0));
        let at = heap.allocate(head.length());
        heap.write(at, image);
        Self(at | if head.width() == Width::Half { PAGE } else { WIDE })
    }

    /// The value of the longest route that holds an address.
    #[inline]
    pub(super) fn lookup<K: Key>(self, words: &[AtomicU64], address: K, mut depth: u8) -> u32 {
        let mut slot = self;
        loop {
            match slot.kind() {
                Kind::Leaf(value) => return value,
                Kind::Page(at, width) => return node::lookup(words, at as usize, width, depth, address),
                Kind::Branch(at) => {
                    let place = address.stride(depth);
                    let Some(word) = words.word(at as usize + BRANCH_HEAD as usize + place / 2) else { return NONE };
                    slot = Self(half(word, place));
                }
            }
            depth += STRIDE;
        }
    }

    /// The slot with a route longer than `depth` set, and the value that its prefix had.
    pub(super) fn with<K: Key>(self, heap: &mut Heap, route: Route<K>, depth: u8) -> (Self, Option<u32>) {
        match self.kind() {
            Kind::Leaf(cover) => {
                let (routes, old) = Routes::new(&[]).with(route);
                (Self::of::<K>(heap, Routes::new(&routes), depth, cover), old)
            }
            Kind::Page(at, _) => {
                let (head, routes) = take_page::<K>(heap, at);
                let (routes, old) = Routes::new(&routes).with(route);
                (Self::of::<K>(heap, Routes::new(&routes), depth, head.cover()), old)
            }
            Kind::Branch(at) => {
                let mut branch = Branch::take::<K>(heap, at);
                let old = branch.insert(heap, route, depth);
                (branch.store::<K>(heap), old)
            }
        }
    }

    /// The slot without a route longer than `depth` that is there.
    pub(super) fn without<K: Key>(self, heap: &mut Heap, bits: K, length: u8, depth: u8) -> Self {
        match self.kind() {
            Kind::Leaf(_) => self,
            Kind::Page(at, _) => {
                let (head, routes) = take_page::<K>(heap, at);
                let routes = Routes::new(&routes).without(bits, length);
                Self::of::<K>(heap, Routes::new(&routes), depth, head.cover())
            }
            Kind::Branch(at) => {
                let mut branch = Branch::take::<K>(heap, at);
                branch.remove(heap, bits, length, depth);
                if branch.count as usize >= FEWEST {
                    return branch.store::<K>(heap);
                }
                let mut words = Vec::with_capacity(FEWEST * width::<K>());
                branch.collect::<K>(heap, depth, &mut |route| route.write(&mut words));
                for slot in branch.slots {
                    slot.release::<K>(heap);
                }
                Self::of::<K>(heap, Routes::new(&words), depth, branch.cover)
            }
        }
    }

    /// The slot with another cover.
    pub(super) fn covered<K: Key>(self, heap: &mut Heap, cover: u32, depth: u8) -> Self {
        match self.kind() {
            Kind::Leaf(_) => Self::leaf(cover),
            Kind::Page(at, _) if Head(heap.word(at)).cover() == cover => self,
            Kind::Page(at, _) => {
                let (_, routes) = take_page::<K>(heap, at);
                Self::page(heap, &image::<K>(Routes::new(&routes), depth, cover))
            }
            Kind::Branch(at) if Branch::cover(heap, at) == cover => self,
            Kind::Branch(at) => {
                let mut branch = Branch::take::<K>(heap, at);
                branch.cover = cover;
                branch.paint::<K>(heap, depth);
                branch.store::<K>(heap)
            }
        }
    }

    /// Gives back all that the slot leads to.
    fn release<K: Key>(self, heap: &mut Heap) {
        match self.kind() {
            Kind::Leaf(_) => {}
            Kind::Page(at, _) => heap.release(at, Head(heap.word(at)).length()),
            Kind::Branch(at) => Branch::take::<K>(heap, at).slots.into_iter().for_each(|slot| slot.release::<K>(heap)),
        }
    }

    /// The value of exactly this prefix, which is longer than `depth`.
    pub(super) fn get<K: Key>(self, heap: &Heap, bits: K, length: u8, mut depth: u8) -> Option<u32> {
        let mut slot = self;
        loop {
            slot = match slot.kind() {
                Kind::Leaf(_) => return None,
                Kind::Page(at, _) => return Routes::new(&page_routes::<K>(heap, at)).get(bits, length),
                Kind::Branch(at) if length <= depth + STRIDE => {
                    return Routes::new(&Branch::routes::<K>(heap, at)).get(bits, length);
                }
                Kind::Branch(at) => Self(heap.number(at + BRANCH_HEAD, bits.stride(depth))),
            };
            depth += STRIDE;
        }
    }

    /// The longest route that holds an address among those longer than `depth`.
    pub(super) fn longest<K: Key>(self, heap: &Heap, address: K, mut depth: u8) -> Option<Route<K>> {
        let (mut slot, mut best) = (self, None);
        loop {
            slot = match slot.kind() {
                Kind::Leaf(_) => return best,
                Kind::Page(at, _) => return Routes::new(&page_routes::<K>(heap, at)).longest(address).or(best),
                Kind::Branch(at) => {
                    best = Routes::new(&Branch::routes::<K>(heap, at)).longest(address).or(best);
                    Self(heap.number(at + BRANCH_HEAD, address.stride(depth)))
                }
            };
            depth += STRIDE;
        }
    }

    /// Shows all routes longer than `depth`, by bits and then length.
    pub(super) fn collect<K: Key>(self, heap: &Heap, depth: u8, show: &mut impl FnMut(Route<K>)) {
        match self.kind() {
            Kind::Leaf(_) => {}
            Kind::Page(at, _) => Routes::new(&page_routes::<K>(heap, at)).iter().for_each(show),
            Kind::Branch(at) => Branch::load::<K>(heap, at).collect(heap, depth, show),
        }
    }
}

/// The routes of a page.
fn page_routes<K: Key>(heap: &Heap, at: u32) -> Vec<u16> {
    let head = Head(heap.word(at));
    heap.read_routes::<K>(at + head.length() - words_of::<K>(head.count()), head.count())
}

/// Reads a page and gives it back.
fn take_page<K: Key>(heap: &mut Heap, at: u32) -> (Head, Vec<u16>) {
    let (head, routes) = (Head(heap.word(at)), page_routes::<K>(heap, at));
    heap.release(at, head.length());
    (head, routes)
}

/// Words of a branch before its slots: its counts, and its cover.
const BRANCH_HEAD: u32 = 2;

/// Words of a branch before its routes.
const BRANCH_ROUTES: u32 = BRANCH_HEAD + (1 << (STRIDE - 1));

/// The slots of the prefixes that are [`STRIDE`] bits longer, read from a block.
#[derive(Clone)]
#[cfg_attr(test, derive(Debug, PartialEq))]
struct Branch {
    slots: [Slot; PLACES],
    /// The routes that are up to [`STRIDE`] bits longer, whose values the slots have.
    own: Vec<u16>,
    /// Number of all longer routes.
    count: u32,
    cover: u32,
}

impl Branch {
    fn of<K: Key>(heap: &mut Heap, routes: Routes<'_>, depth: u8, cover: u32) -> Self {
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

    fn load<K: Key>(heap: &Heap, at: u32) -> Self {
        Self {
            slots: std::array::from_fn(|place| Slot(heap.number(at + BRANCH_HEAD, place))),
            own: Self::routes::<K>(heap, at),
            count: heap.number(at, 1),
            cover: Self::cover(heap, at),
        }
    }

    /// Reads a branch and gives its block back.
    fn take<K: Key>(heap: &mut Heap, at: u32) -> Self {
        let branch = Self::load::<K>(heap, at);
        heap.release(at, branch.length());
        branch
    }

    /// Puts the branch into a block.
    fn store<K: Key>(&self, heap: &mut Heap) -> Slot {
        let at = heap.allocate(self.length());
        let own = u32::try_from(self.own.len() / width::<K>()).expect("at most 126 routes");
        heap.set_number(at, 0, own);
        heap.set_number(at, 1, self.count);
        heap.set_number(at, 2, self.cover);
        heap.set_number(at, 3, 0);
        for (place, slot) in self.slots.iter().enumerate() {
            heap.set_number(at + BRANCH_HEAD, place, slot.0);
        }
        heap.write(at + BRANCH_ROUTES, &self.own);
        Slot(at | BRANCH)
    }

    /// Words of its block.
    #[allow(clippy::cast_possible_truncation, reason = "at most 126 routes")]
    fn length(&self) -> u32 {
        BRANCH_ROUTES + self.own.len().div_ceil(4) as u32
    }

    fn cover(heap: &Heap, at: u32) -> u32 {
        heap.number(at, 2)
    }

    fn routes<K: Key>(heap: &Heap, at: u32) -> Vec<u16> {
        heap.read_routes::<K>(at + BRANCH_ROUTES, heap.number(at, 0) as usize)
    }

    fn insert<K: Key>(&mut self, heap: &mut Heap, route: Route<K>, depth: u8) -> Option<u32> {
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

    fn remove<K: Key>(&mut self, heap: &mut Heap, bits: K, length: u8, depth: u8) {
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
    fn values<K: Key>(&self, depth: u8) -> [u32; PLACES] {
        let mut values = [self.cover; PLACES];
        for route in Routes::new(&self.own).iter::<K>() {
            values[route.bits.stride(depth)..][..PLACES >> (route.length - depth)].fill(route.value);
        }
        values
    }

    /// Gives the slots their covers.
    fn paint<K: Key>(&mut self, heap: &mut Heap, depth: u8) {
        let values = self.values::<K>(depth);
        for (slot, value) in self.slots.iter_mut().zip(values) {
            *slot = slot.covered::<K>(heap, value, depth + STRIDE);
        }
    }

    /// As [`Slot::collect`].
    fn collect<K: Key>(&self, heap: &Heap, depth: u8, show: &mut impl FnMut(Route<K>)) {
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

#[cfg(test)]
impl Slot {
    /// Number of routes longer than `depth`; fails if anything is otherwise than they and the cover
    /// say. Adds the blocks in use.
    pub(super) fn check<K: Key>(self, heap: &Heap, depth: u8, cover: u32, blocks: &mut Vec<(u32, u32)>) -> usize {
        match self.kind() {
            Kind::Leaf(value) => {
                assert_eq!(value, cover);
                0
            }
            Kind::Page(at, width) => {
                let (head, routes) = (Head(heap.word(at)), page_routes::<K>(heap, at));
                blocks.push((at, head.length()));
                assert!((1..=MOST).contains(&head.count()) && width == head.width());
                let anew = image::<K>(Routes::new(&routes), depth, cover);
                assert_eq!(heap.read(at, head.length()), anew, "a page made anew");
                head.count()
            }
            Kind::Branch(at) => {
                let branch = Branch::load::<K>(heap, at);
                blocks.push((at, branch.length()));
                assert_eq!(branch.cover, cover);
                let slots = branch.slots.iter().zip(branch.values::<K>(depth));
                let longer: usize =
                    slots.map(|(slot, value)| slot.check::<K>(heap, depth + STRIDE, value, blocks)).sum();
                let count = branch.count as usize;
                assert_eq!(count, longer + Routes::new(&branch.own).count::<K>());
                assert!(count >= FEWEST);
                count
            }
        }
    }
}
