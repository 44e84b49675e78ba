//! Values by prefix, for one address family.

use std::hint::select_unpredictable;

use super::key::Key;
use super::page::Page;
use super::root::Root;
use super::routes::{NONE, Route, Routes, width};
use super::slot::{FEWEST, MOST};

/// A table with more routes gets a root with chunks.
const LARGE: usize = 4096;

/// A table with fewer routes loses them.
const SMALL: usize = LARGE / 2;

/// The table of one family.
#[derive(Clone)]
pub(super) struct Tree<K> {
    /// The value of the route of length zero.
    shortest: u32,
    /// The other routes.
    top: Top<K>,
    count: usize,
}

#[derive(Clone)]
enum Top<K> {
    Empty,
    Page(Page<K>),
    Root(Root<K>),
}

impl<K: Key> Tree<K> {
    /// An empty tree; it allocates nothing.
    pub(super) fn new() -> Self {
        Self { shortest: NONE, top: Top::Empty, count: 0 }
    }

    /// Number of prefixes.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The value of the longest prefix that holds an address, or [`NONE`].
    #[inline]
    pub(super) fn lookup(&self, address: K) -> u32 {
        let value = match &self.top {
            Top::Root(root) => root.lookup(address),
            Top::Page(page) => page.lookup(address),
            Top::Empty => NONE,
        };
        select_unpredictable(value == NONE, self.shortest, value)
    }

    /// The longest prefix that holds an address.
    pub(super) fn longest(&self, address: K) -> Option<Route<K>> {
        match &self.top {
            Top::Empty => None,
            Top::Page(page) => page.routes().longest(address),
            Top::Root(root) => root.longest(address),
        }
        .or_else(|| self.shortest())
    }

    /// The value of exactly this prefix.
    pub(super) fn get(&self, bits: K, length: u8) -> Option<u32> {
        match &self.top {
            _ if length == 0 => self.shortest().map(|route| route.value),
            Top::Empty => None,
            Top::Page(page) => page.routes().get(bits, length),
            Top::Root(root) => root.get(bits, length),
        }
    }

    /// All routes, by bits and then length.
    pub(super) fn iter(&self) -> impl Iterator<Item = Route<K>> {
        let mut routes = Vec::with_capacity(self.count);
        routes.extend(self.shortest());
        match &self.top {
            Top::Empty => {}
            Top::Page(page) => routes.extend(page.routes().iter::<K>()),
            Top::Root(root) => root.collect(&mut |route| routes.push(route)),
        }
        routes.into_iter()
    }

    /// Sets a route; the value that its prefix had comes back.
    pub(super) fn insert(&mut self, route: Route<K>) -> Option<u32> {
        let old = match &mut self.top {
            _ if route.length == 0 => {
                let old = self.shortest().map(|route| route.value);
                self.shortest = route.value;
                old
            }
            Top::Empty => {
                let (routes, old) = Routes::new(&[]).with(route);
                self.top = Top::Page(Page::new(Routes::new(&routes)));
                old
            }
            Top::Page(page) if page.count() < MOST => {
                let (page, old) = page.with(route);
                self.top = Top::Page(page);
                old
            }
            Top::Page(page) => {
                let mut root = Root::of(page.routes());
                let old = root.insert(route);
                self.top = Top::Root(root);
                old
            }
            Top::Root(root) => root.insert(route),
        };
        self.count += usize::from(old.is_none());
        if self.count > LARGE && matches!(&self.top, Top::Root(root) if !root.is_large()) {
            self.top = Top::Root(Root::large(Routes::new(&self.words())));
        }
        old
    }

    /// Removes a prefix; its value comes back.
    pub(super) fn remove(&mut self, bits: K, length: u8) -> Option<u32> {
        // An absent prefix must not cost a copy of the path to where it would be.
        let old = self.get(bits, length)?;
        self.count -= 1;
        match &mut self.top {
            _ if length == 0 => self.shortest = NONE,
            Top::Empty => {}
            Top::Page(page) if page.count() == 1 => self.top = Top::Empty,
            Top::Page(page) => self.top = Top::Page(page.without(bits, length)),
            Top::Root(root) => {
                root.remove(bits, length);
                let is_large = root.is_large();
                if self.count < FEWEST {
                    self.top = Top::Page(Page::new(Routes::new(&self.words())));
                } else if self.count < SMALL && is_large {
                    self.top = Top::Root(Root::of(Routes::new(&self.words())));
                }
            }
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
            Top::Empty => 0,
            Top::Page(page) => {
                assert_eq!(*page, Page::new(page.routes()), "a page made anew");
                assert!((1..=MOST).contains(&page.count()));
                page.count()
            }
            Top::Root(root) => root.check(),
        };
        assert_eq!(self.count, count + usize::from(self.shortest != NONE));
        match &self.top {
            Top::Root(root) if root.is_large() => assert!(self.count >= SMALL),
            Top::Root(_) => assert!((FEWEST..=LARGE).contains(&self.count)),
            _ => {}
        }
    }
}
