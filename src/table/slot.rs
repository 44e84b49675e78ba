//! Routes below a prefix, few or many.

use std::sync::Arc;

use super::iter::Iter;
use super::key::{Key, PLACES, STRIDE};
use super::page::Page;
use super::routes::{NONE, Route, Routes, width};

/// A page with more routes is replaced by a branch.
const MOST: usize = 128;

/// A branch with fewer routes is replaced by a page. Far from [`MOST`], so that a route that comes
/// and goes does not move all its neighbours each time.
const FEWEST: usize = MOST / 2;

/// A prefix's place in the table: where its addresses lead unless a longer route says otherwise,
/// and the longer routes.
#[derive(Clone)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(super) enum Slot<K> {
    /// There are no longer routes.
    Leaf(u32),
    /// There are few.
    Page(u32, Page<K>),
    /// There are many.
    Branch(u32, Arc<Branch<K>>),
}

/// The prefixes that are [`STRIDE`] bits longer.
///
/// The slots come in eighths, since a change copies the slots beside the one that changes.
#[derive(Clone)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(super) struct Branch<K> {
    eighths: [Arc<[Slot<K>; 8]>; 8],
    /// The routes that are up to [`STRIDE`] bits longer, whose values the slots have.
    routes: Arc<[u16]>,
    /// Number of all longer routes.
    count: usize,
}

impl<K: Key> Slot<K> {
    /// The slot of a prefix of `depth` bits: from its value and the longer routes.
    pub(super) fn of(value: u32, routes: Routes<'_>, depth: u8) -> Self {
        match routes.count::<K>() {
            0 => Self::Leaf(value),
            1..=MOST => Self::Page(value, Page::new(routes, depth)),
            _ => Self::Branch(value, Arc::new(Branch::of(routes, depth))),
        }
    }

    /// Where addresses of the prefix lead that no longer route holds.
    #[inline]
    pub(super) fn value(&self) -> u32 {
        match self {
            Self::Leaf(value) | Self::Page(value, _) | Self::Branch(value, _) => *value,
        }
    }

    /// Changes [`Slot::value`].
    pub(super) fn set_value(&mut self, new: u32) {
        match self {
            Self::Leaf(value) | Self::Page(value, _) | Self::Branch(value, _) => *value = new,
        }
    }

    /// The value of the longest route that holds an address, or else `best`.
    #[inline]
    pub(super) fn lookup(&self, address: K, mut depth: u8, mut best: u32) -> u32 {
        let mut slot = self;
        loop {
            best = or(slot.value(), best);
            match slot {
                Self::Leaf(_) => return best,
                Self::Page(_, page) if depth == 0 => return or(page.lookup_alone(address), best),
                Self::Page(_, page) => return or(page.lookup(address, depth), best),
                Self::Branch(_, branch) => slot = branch.slot(address.stride(depth)),
            }
            depth += STRIDE;
        }
    }

    /// Sets a route longer than `depth`; the value it had comes back.
    pub(super) fn insert(&mut self, route: Route<K>, depth: u8) -> Option<u32> {
        match self {
            Self::Leaf(value) => {
                *self = Self::of(*value, Routes::new(&Routes::new(&[]).with(route).0), depth);
                None
            }
            Self::Page(value, page) if page.count() < MOST => {
                let (page, old) = page.with(route, depth);
                *self = Self::Page(*value, page);
                old
            }
            Self::Page(value, page) => {
                let (routes, old) = page.routes().with(route);
                *self = Self::of(*value, Routes::new(&routes), depth);
                old
            }
            Self::Branch(_, branch) => Arc::make_mut(branch).insert(route, depth),
        }
    }

    /// Removes a route longer than `depth` that is there.
    pub(super) fn remove(&mut self, bits: K, length: u8, depth: u8) {
        match self {
            Self::Leaf(_) => {}
            Self::Page(value, page) if page.count() == 1 => *self = Self::Leaf(*value),
            Self::Page(value, page) => *self = Self::Page(*value, page.without(bits, length, depth)),
            Self::Branch(value, branch) => {
                let branch = Arc::make_mut(branch);
                branch.remove(bits, length, depth);
                if branch.count < FEWEST {
                    let value = *value;
                    let mut words = Vec::with_capacity(branch.count * width::<K>());
                    Iter::new(self, depth).for_each(|route| route.write(&mut words));
                    *self = Self::of(value, Routes::new(&words), depth);
                }
            }
        }
    }

    /// The value of exactly this prefix, which is longer than `depth`.
    pub(super) fn get(&self, bits: K, length: u8, mut depth: u8) -> Option<u32> {
        let mut slot = self;
        loop {
            match slot {
                Self::Leaf(_) => return None,
                Self::Page(_, page) => return page.routes().get(bits, length),
                Self::Branch(_, branch) if length <= depth + STRIDE => return branch.routes().get(bits, length),
                Self::Branch(_, branch) => slot = branch.slot(bits.stride(depth)),
            }
            depth += STRIDE;
        }
    }

    /// The longest route that holds an address among those longer than `depth`.
    pub(super) fn longest(&self, address: K, mut depth: u8) -> Option<Route<K>> {
        let (mut slot, mut best) = (self, None);
        loop {
            match slot {
                Self::Leaf(_) => return best,
                Self::Page(_, page) => return page.routes().longest(address).or(best),
                Self::Branch(_, branch) => {
                    best = branch.routes().longest(address).or(best);
                    slot = branch.slot(address.stride(depth));
                }
            }
            depth += STRIDE;
        }
    }
}

/// A value, or the other if it is [`NONE`].
#[inline]
pub(super) fn or(value: u32, other: u32) -> u32 {
    if value == NONE { other } else { value }
}

impl<K: Key> Branch<K> {
    fn of(routes: Routes<'_>, depth: u8) -> Self {
        let mut own = Vec::new();
        let mut longer: [[Vec<u16>; 8]; 8] = Default::default();
        for route in routes.iter::<K>() {
            let place = route.bits.stride(depth);
            let words = if route.length <= depth + STRIDE { &mut own } else { &mut longer[place / 8][place % 8] };
            route.write(words);
        }
        // Empty eighths are one: many branches have few slots in use.
        let empty = Arc::new(std::array::from_fn(|_| Slot::Leaf(NONE)));
        let eighths = longer.map(|eighth| {
            if eighth.iter().all(Vec::is_empty) {
                return Arc::clone(&empty);
            }
            Arc::new(eighth.map(|words| Slot::of(NONE, Routes::new(&words), depth + STRIDE)))
        });
        let mut branch = Self { eighths, routes: own.into(), count: routes.count::<K>() };
        branch.paint(depth);
        branch
    }

    /// The routes that are up to [`STRIDE`] bits longer.
    pub(super) fn routes(&self) -> Routes<'_> {
        Routes::new(&self.routes)
    }

    /// The slot at one of [`PLACES`].
    #[inline]
    pub(super) fn slot(&self, place: usize) -> &Slot<K> {
        &self.eighths[place / 8 % 8][place % 8]
    }

    fn slot_mut(&mut self, place: usize) -> &mut Slot<K> {
        &mut Arc::make_mut(&mut self.eighths[place / 8 % 8])[place % 8]
    }

    fn insert(&mut self, route: Route<K>, depth: u8) -> Option<u32> {
        let old = if route.length > depth + STRIDE {
            self.slot_mut(route.bits.stride(depth)).insert(route, depth + STRIDE)
        } else {
            let (routes, old) = self.routes().with(route);
            self.routes = routes.into();
            self.paint(depth);
            old
        };
        self.count += usize::from(old.is_none());
        old
    }

    fn remove(&mut self, bits: K, length: u8, depth: u8) {
        self.count -= 1;
        if length > depth + STRIDE {
            self.slot_mut(bits.stride(depth)).remove(bits, length, depth + STRIDE);
        } else {
            self.routes = self.routes().without(bits, length).into();
            self.paint(depth);
        }
    }

    /// Gives the slots the values of the routes that hold them.
    fn paint(&mut self, depth: u8) {
        let mut values = [NONE; PLACES];
        for route in self.routes().iter::<K>() {
            values[route.bits.stride(depth)..][..PLACES >> (route.length - depth)].fill(route.value);
        }
        for (place, value) in values.into_iter().enumerate() {
            if self.slot(place).value() != value {
                self.slot_mut(place).set_value(value);
            }
        }
    }
}

#[cfg(test)]
impl<K: Key + std::fmt::Debug> Slot<K> {
    /// Number of routes longer than `depth`; fails if anything is otherwise than they say.
    pub(super) fn check(&self, depth: u8) -> usize {
        match self {
            Self::Leaf(_) => 0,
            Self::Page(_, page) => {
                assert!((1..=MOST).contains(&page.count()));
                assert_eq!(*page, Page::new(page.routes(), depth), "a page made anew");
                page.count()
            }
            Self::Branch(_, branch) => {
                let longer: usize = (0..PLACES).map(|place| branch.slot(place).check(depth + STRIDE)).sum();
                assert_eq!(branch.count, longer + branch.routes().count::<K>());
                assert!(branch.count >= FEWEST);
                let mut painted = (**branch).clone();
                painted.paint(depth);
                assert_eq!(**branch, painted, "slots painted anew");
                branch.count
            }
        }
    }
}
