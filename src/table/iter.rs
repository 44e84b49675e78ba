//! A walk over a table in the order of its prefixes.

use super::key::{Key, PLACES, STRIDE};
use super::routes::{Route, Routes};
use super::slot::{Branch, Slot};

/// The routes below a slot, by bits and then length.
pub(super) struct Iter<'a, K> {
    /// The branches from the top to where the walk stands.
    path: Vec<Visit<'a, K>>,
    /// What is left of the page where the walk stands.
    page: Walk<'a>,
}

/// What is left of a branch.
struct Visit<'a, K> {
    branch: &'a Branch<K>,
    depth: u8,
    own: Walk<'a>,
    next_slot: usize,
}

/// What is left of some routes.
#[derive(Clone, Copy)]
struct Walk<'a> {
    routes: Routes<'a>,
    next: usize,
}

impl<'a> Walk<'a> {
    fn new(routes: Routes<'a>) -> Self {
        Self { routes, next: 0 }
    }

    fn peek<K: Key>(self) -> Option<Route<K>> {
        (self.next < self.routes.count::<K>()).then(|| self.routes.at(self.next))
    }
}

impl<'a, K: Key> Iter<'a, K> {
    /// A walk over the routes below the slot of a prefix of `depth` bits.
    pub(super) fn new(slot: &'a Slot<K>, depth: u8) -> Self {
        let mut walk = Self { path: Vec::new(), page: Walk::new(Routes::new(&[])) };
        walk.enter(slot, depth);
        walk
    }

    fn enter(&mut self, slot: &'a Slot<K>, depth: u8) {
        match slot {
            Slot::Leaf(_) => {}
            Slot::Page(_, page) => self.page = Walk::new(page.routes()),
            Slot::Branch(_, branch) => {
                self.path.push(Visit { branch, depth, own: Walk::new(branch.routes()), next_slot: 0 });
            }
        }
    }
}

impl<K: Key> Iterator for Iter<'_, K> {
    type Item = Route<K>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(route) = self.page.peek() {
                self.page.next += 1;
                return Some(route);
            }
            let visit = self.path.last_mut()?;
            // A branch's own routes come before the slots that they begin with.
            if let Some(route) = visit.own.peek::<K>()
                && route.bits.stride(visit.depth) <= visit.next_slot
            {
                visit.own.next += 1;
                return Some(route);
            }
            if visit.next_slot == PLACES {
                self.path.pop();
                continue;
            }
            let (slot, depth) = (visit.branch.slot(visit.next_slot), visit.depth + STRIDE);
            visit.next_slot += 1;
            self.enter(slot, depth);
        }
    }
}
