//! A walk over a trie in the order of its prefixes.

use std::iter::Peekable;

use super::key::{Key, STRIDE, place};
use super::node::Node;
use super::sparse;

/// See [`super::trie::Trie::iter`].
pub(super) struct Iter<'a, K, V> {
    /// The nodes from the root to where the walk stands.
    path: Vec<Visit<'a, K, V>>,
}

/// What is left of a node.
struct Visit<'a, K, V> {
    node: &'a Node<K, V>,
    values: Peekable<sparse::Iter<'a, u128, V>>,
    children: Peekable<sparse::Iter<'a, u64, Node<K, V>>>,
}

impl<'a, K: Key, V> Iter<'a, K, V> {
    /// A walk over a node and all below.
    pub(super) fn new(root: Option<&'a Node<K, V>>) -> Self {
        Self { path: root.map(Visit::new).into_iter().collect() }
    }
}

impl<'a, K: Key, V> Visit<'a, K, V> {
    fn new(node: &'a Node<K, V>) -> Self {
        Self { node, values: node.values().peekable(), children: node.children().peekable() }
    }
}

impl<'a, K: Key, V> Iterator for Iter<'a, K, V> {
    type Item = (K, u8, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let visit = self.path.last_mut()?;
            // A node below comes right after the prefix of its whole slot.
            let turn = visit.children.peek().map_or(usize::MAX, |&(slot, _)| place(slot, STRIDE));
            if let Some((place, value)) = visit.values.next_if(|&(place, _)| place <= turn) {
                let (bits, length) = visit.node.prefix(place);
                return Some((bits, length, value));
            }
            match visit.children.next() {
                Some((_, child)) => self.path.push(Visit::new(child)),
                None => drop(self.path.pop()),
            }
        }
    }
}
