//! The nodes of the trie.

use std::mem;

use super::key::{Key, PATHS, PREFIXES, STRIDE, place};
use super::sparse::{self, Sparse};

/// A node decides [`STRIDE`] bits of the address, those after the first `depth`. It holds the values
/// of the prefixes that end within them, and leads to the nodes below.
///
/// Depths are multiples of [`STRIDE`]. A node that would hold no value and lead to a single node is
/// left out, so a node names all the bits before it. The shape thus follows from the prefixes
/// alone, not from the order of changes.
#[derive(Clone)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(super) struct Node<K, V> {
    /// By [`place`]. A prefix that ends where the stride begins is the node's above, but for /0.
    values: Sparse<u128, V>,
    /// By slot.
    children: Sparse<u64, Node<K, V>>,
    /// The `depth` bits before the stride.
    bits: K,
    depth: u8,
}

/// Where in the trie a prefix has its value.
#[derive(Clone, Copy)]
pub(super) struct Home<K> {
    bits: K,
    depth: u8,
    place: usize,
}

impl<K: Key> Home<K> {
    /// The home of the prefix of the first `length` bits of `bits`; the others must be zero.
    pub(super) fn of(bits: K, length: u8) -> Self {
        let depth = aligned(length.saturating_sub(1));
        Self { bits: bits.truncated(depth), depth, place: place(bits.slot(depth), length - depth) }
    }
}

/// The last stride boundary up to this depth.
fn aligned(depth: u8) -> u8 {
    depth - depth % STRIDE
}

impl<K: Key, V> Node<K, V> {
    fn bare(bits: K, depth: u8) -> Self {
        Self { values: Sparse::new(), children: Sparse::new(), bits, depth }
    }

    /// True if the address lies below this node.
    #[inline]
    pub(super) fn covers(&self, address: K) -> bool {
        address.shared(self.bits) >= self.depth
    }

    /// The next node on the way to an address below this one; it need not cover the address.
    #[inline]
    pub(super) fn child(&self, address: K) -> Option<&Self> {
        self.children.get(address.slot(self.depth))
    }

    /// The places of the prefixes here that hold an address below this node.
    #[inline]
    fn matching(&self, address: K) -> u128 {
        self.values.occupied() & PATHS[address.slot(self.depth)]
    }

    /// True if a prefix here holds an address below this node.
    #[inline]
    pub(super) fn matches(&self, address: K) -> bool {
        self.matching(address) != 0
    }

    /// The longest prefix here that holds an address below this node: its length and value.
    #[inline]
    pub(super) fn longest(&self, address: K) -> Option<(u8, &V)> {
        let place = self.matching(address).checked_ilog2()? as usize;
        Some((self.depth + PREFIXES[place].1, self.values.get(place)?))
    }

    /// The value of a prefix here or below.
    pub(super) fn get(&self, home: Home<K>) -> Option<&V> {
        let mut node = self;
        while node.depth < home.depth {
            node = node.child(home.bits)?;
        }
        if node.depth == home.depth && node.bits == home.bits { node.values.get(home.place) } else { None }
    }

    /// The values here, by [`place`].
    pub(super) fn values(&self) -> sparse::Iter<'_, u128, V> {
        self.values.iter()
    }

    /// The nodes below, by slot.
    pub(super) fn children(&self) -> sparse::Iter<'_, u64, Self> {
        self.children.iter()
    }

    /// The bits and length of the prefix that has its value at a place.
    pub(super) fn prefix(&self, place: usize) -> (K, u8) {
        let (slot, length) = PREFIXES[place];
        (self.bits.with_slot(self.depth, slot), self.depth + length)
    }
}

impl<K: Key, V: Clone> Node<K, V> {
    /// A node of one value.
    pub(super) fn leaf(home: Home<K>, value: V) -> Self {
        let mut node = Self::bare(home.bits, home.depth);
        node.values.set(home.place, value);
        node
    }

    /// Sets the value of a prefix in the trie that begins here; the old one comes back.
    pub(super) fn insert(&mut self, home: Home<K>, value: V) -> Option<V> {
        let fork = aligned(home.bits.shared(self.bits).min(self.depth).min(home.depth));
        if fork < self.depth {
            let above = Self::bare(home.bits.truncated(fork), fork);
            let below = mem::replace(self, above);
            self.children.set(below.bits.slot(fork), below);
        }
        if self.depth == home.depth {
            return self.values.set(home.place, value);
        }
        let slot = home.bits.slot(self.depth);
        match self.children.get_mut(slot) {
            Some(child) => child.insert(home, value),
            None => {
                self.children.set(slot, Self::leaf(home, value));
                None
            }
        }
    }

    /// As [`Node::get`], to change it; the prefix must be there.
    pub(super) fn get_mut(&mut self, home: Home<K>) -> Option<&mut V> {
        let mut node = self;
        while node.depth < home.depth {
            node = node.children.get_mut(home.bits.slot(node.depth))?;
        }
        node.values.get_mut(home.place)
    }

    /// Takes the value of a prefix from here or below; the prefix must be there. The caller prunes
    /// this node afterwards.
    pub(super) fn remove(&mut self, home: Home<K>) -> Option<V> {
        if self.depth == home.depth {
            return self.values.take(home.place);
        }
        let slot = home.bits.slot(self.depth);
        let child = self.children.get_mut(slot)?;
        let value = child.remove(home);
        if !child.prune() {
            self.children.take(slot);
        }
        value
    }

    /// After a removal, makes the only node below take the place of this one if it holds no value.
    /// False if this node has no use at all.
    pub(super) fn prune(&mut self) -> bool {
        match (self.values.items(), self.children.items()) {
            ([], []) => return false,
            ([], [only]) => *self = only.clone(),
            _ => {}
        }
        true
    }
}
