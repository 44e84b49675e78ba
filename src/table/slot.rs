//! Routes below a prefix, few or many.

use std::sync::atomic::AtomicU64;

use super::branch::{self, Branch};
use super::heap::{Heap, half, words_of};
use super::key::{Key, STRIDE};
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
            _ => {
                let branch = Branch::of::<K>(heap, routes, depth, cover);
                Self::branch::<K>(heap, &branch)
            }
        }
    }

    fn branch<K: Key>(heap: &mut Heap, branch: &Branch) -> Self {
        Self(branch.store::<K>(heap) | BRANCH)
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
                    let Some(word) = branch::slot_word(words, at, place) else { return NONE };
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
                (Self::branch::<K>(heap, &branch), old)
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
                    return Self::branch::<K>(heap, &branch);
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
                Self::branch::<K>(heap, &branch)
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
                Kind::Branch(at) => Branch::slot(heap, at, bits.stride(depth)),
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
                    Branch::slot(heap, at, address.stride(depth))
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
