//! Values by prefix, for one address family.

use super::iter::Iter;
use super::key::Key;
use super::node::{Home, Node};

/// The trie of one family. Prefixes are the first `length` bits of a key whose other bits are zero.
#[derive(Clone)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(super) struct Trie<K, V> {
    root: Option<Node<K, V>>,
    count: usize,
}

impl<K: Key, V> Trie<K, V> {
    /// An empty trie; it allocates nothing.
    pub(super) fn new() -> Self {
        Self { root: None, count: 0 }
    }

    /// Number of prefixes.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The value of exactly this prefix.
    pub(super) fn get(&self, bits: K, length: u8) -> Option<&V> {
        self.root.as_ref()?.get(Home::of(bits, length))
    }

    /// The longest prefix that holds an address: its length and value.
    #[inline]
    pub(super) fn lookup(&self, address: K) -> Option<(u8, &V)> {
        // Only the deepest node with a match is kept on the way down: finding the value itself
        // takes a population count and a memory access, which are then paid once.
        let mut best = None;
        let mut next = self.root.as_ref();
        while let Some(node) = next
            && node.covers(address)
        {
            if node.matches(address) {
                best = next;
            }
            next = node.child(address);
        }
        best?.longest(address)
    }

    /// All prefixes with their values, by bits and then length.
    pub(super) fn iter(&self) -> Iter<'_, K, V> {
        Iter::new(self.root.as_ref())
    }
}

impl<K: Key, V: Clone> Trie<K, V> {
    /// Sets a prefix's value; the old one comes back.
    pub(super) fn insert(&mut self, bits: K, length: u8, value: V) -> Option<V> {
        let home = Home::of(bits, length);
        let old = match &mut self.root {
            Some(root) => root.insert(home, value),
            None => {
                self.root = Some(Node::leaf(home, value));
                None
            }
        };
        self.count += usize::from(old.is_none());
        old
    }

    /// The value of exactly this prefix, to change it.
    pub(super) fn get_mut(&mut self, bits: K, length: u8) -> Option<&mut V> {
        // An absent prefix must not cost a copy of the path to where it would be.
        self.get(bits, length)?;
        self.root.as_mut()?.get_mut(Home::of(bits, length))
    }

    /// Removes a prefix.
    pub(super) fn remove(&mut self, bits: K, length: u8) -> Option<V> {
        self.get(bits, length)?;
        let root = self.root.as_mut()?;
        let value = root.remove(Home::of(bits, length));
        if !root.prune() {
            self.root = None;
        }
        self.count -= 1;
        value
    }
}
