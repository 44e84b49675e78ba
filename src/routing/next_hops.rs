//! The next hops of an instance, each stored once.

use std::collections::HashMap;
use std::sync::Arc;

use crate::addr::PortId;
use crate::table::Index;

use super::NextHop;

/// Next hops by number. A clone shares them.
#[derive(Debug, Clone, Default)]
pub(super) struct NextHops {
    /// In chunks, since a change copies the pointers beside the one that changes.
    chunks: Arc<[Chunk]>,
}

type Chunk = Arc<[Option<Arc<NextHop<PortId>>>]>;

/// Next hops in a full chunk.
const CHUNK: usize = 64;

impl NextHops {
    /// The next hop of a number.
    #[inline]
    pub(super) fn get(&self, index: Index) -> Option<&NextHop<PortId>> {
        let number = index.get() as usize;
        self.chunks.get(number / CHUNK)?.get(number % CHUNK)?.as_deref()
    }

    /// Sets the next hop of a number in use, or of the next one.
    fn set(&mut self, number: usize, next_hop: Option<Arc<NextHop<PortId>>>) {
        if number == self.chunks.len() * CHUNK {
            self.chunks = self.chunks.iter().cloned().chain([Arc::default()]).collect();
        }
        let Some(chunk) = Arc::make_mut(&mut self.chunks).get_mut(number / CHUNK) else { return };
        match Arc::make_mut(chunk).get_mut(number % CHUNK) {
            Some(place) => *place = next_hop,
            None => *chunk = chunk.iter().cloned().chain([next_hop]).collect(),
        }
    }
}

/// Gives next hops their numbers, and takes the numbers back when nobody uses them.
#[derive(Debug, Default)]
pub(super) struct Interner {
    numbers: HashMap<Arc<NextHop<PortId>>, u32>,
    /// How often each number was acquired and not yet released.
    uses: Vec<usize>,
    /// Numbers without a use.
    free: Vec<u32>,
    next_hops: NextHops,
}

impl Interner {
    /// The next hops that have a number.
    pub(super) fn next_hops(&self) -> &NextHops {
        &self.next_hops
    }

    /// The number of a next hop; it stays so until released as often as acquired.
    ///
    /// # Panics
    /// If there are more different next hops than [`Index::MAX`].
    pub(super) fn acquire(&mut self, next_hop: NextHop<PortId>) -> Index {
        let number = match self.numbers.get(&next_hop) {
            Some(number) => *number,
            None => self.add(next_hop),
        };
        self.uses[number as usize] += 1;
        Index::new(number).expect("an instance has fewer than 16 million different next hops")
    }

    fn add(&mut self, next_hop: NextHop<PortId>) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.uses.push(0);
            u32::try_from(self.uses.len() - 1).unwrap_or(u32::MAX)
        });
        let next_hop = Arc::new(next_hop);
        self.next_hops.set(number as usize, Some(Arc::clone(&next_hop)));
        self.numbers.insert(next_hop, number);
        number
    }

    /// Gives back a number that was acquired.
    pub(super) fn release(&mut self, index: Index) {
        let number = index.get() as usize;
        self.uses[number] -= 1;
        if self.uses[number] > 0 {
            return;
        }
        if let Some(next_hop) = self.next_hops.get(index) {
            self.numbers.remove(next_hop);
        }
        if self.numbers.is_empty() {
            *self = Self::default();
        } else {
            self.next_hops.set(number, None);
            self.free.push(index.get());
        }
    }
}

#[cfg(test)]
impl Interner {
    /// Number of different next hops.
    pub(super) fn count(&self) -> usize {
        self.numbers.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(interner: &Interner) -> Vec<(u32, usize)> {
        let mut ports: Vec<_> = interner
            .numbers
            .iter()
            .map(|(next_hop, number)| match &**next_hop {
                NextHop::Forward(hops) => (hops[0].port.0, interner.uses[*number as usize]),
                _ => unreachable!("only ports are used here"),
            })
            .collect();
        ports.sort_unstable();
        ports
    }

    #[test]
    fn equal_next_hops_have_one_number_while_they_are_used() {
        let mut interner = Interner::default();
        let port = |port| NextHop::port(PortId(port));
        let [one, two] = [1, 2].map(|number| interner.acquire(port(number)));
        assert_eq!((interner.acquire(port(1)), one == two), (one, false));
        assert_eq!(known(&interner), [(1, 2), (2, 1)]);

        let before = interner.next_hops().clone();
        interner.release(one);
        assert_eq!(interner.next_hops().get(one), Some(&port(1)));
        interner.release(one);
        assert_eq!((interner.next_hops().get(one), interner.next_hops().get(two)), (None, Some(&port(2))));
        assert_eq!(interner.acquire(port(3)), one, "a free number is used again");
        assert_eq!((before.get(one), interner.next_hops().get(one)), (Some(&port(1)), Some(&port(3))));
        interner.release(one);
        interner.release(two);
        assert!(interner.next_hops.chunks.is_empty() && interner.uses.is_empty());
    }

    #[test]
    fn any_number_of_next_hops_is_found() {
        let mut interner = Interner::default();
        let indices: Vec<_> = (0..1000).map(|port| interner.acquire(NextHop::port(PortId(port)))).collect();
        for (port, index) in (0..).zip(indices) {
            assert_eq!(interner.next_hops().get(index), Some(&NextHop::port(PortId(port))));
        }
    }
}
