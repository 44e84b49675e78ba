//! Equal values stored once.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::trie::Trie;

/// A set of counted values. Many prefixes lead to few values: with this each costs a pointer.
///
/// It is cloned and changed as cheaply as a [`super::PrefixTable`].
#[derive(Clone)]
pub struct Interner<T> {
    /// By the hash of the value, as a prefix of full length.
    buckets: Trie<u64, Vec<Interned<T>>>,
}

/// A value in the bucket of its hash.
#[derive(Clone)]
struct Interned<T> {
    value: Arc<T>,
    /// How often it was acquired and not yet released; never zero.
    uses: usize,
}

impl<T: Clone + Eq + Hash> Interner<T> {
    /// An empty set; it allocates nothing.
    #[must_use]
    pub fn new() -> Self {
        Self { buckets: Trie::new() }
    }

    /// The one instance of a value; it stays in the set until released as often as acquired.
    pub fn acquire(&mut self, value: T) -> Arc<T> {
        let hash = hash_of(&value);
        let Some(bucket) = self.buckets.get_mut(hash, FULL_LENGTH) else {
            let value = Arc::new(value);
            self.buckets.insert(hash, FULL_LENGTH, vec![Interned { value: Arc::clone(&value), uses: 1 }]);
            return value;
        };
        match bucket.iter_mut().find(|known| *known.value == value) {
            Some(known) => {
                known.uses += 1;
                Arc::clone(&known.value)
            }
            None => {
                let value = Arc::new(value);
                bucket.push(Interned { value: Arc::clone(&value), uses: 1 });
                value
            }
        }
    }

    /// Gives a value back; one that was never acquired is ignored.
    pub fn release(&mut self, value: &T) {
        let hash = hash_of(value);
        let Some(bucket) = self.buckets.get_mut(hash, FULL_LENGTH) else { return };
        let Some(at) = bucket.iter().position(|known| *known.value == *value) else { return };
        bucket[at].uses -= 1;
        if bucket[at].uses == 0 {
            bucket.swap_remove(at);
            if bucket.is_empty() {
                self.buckets.remove(hash, FULL_LENGTH);
            }
        }
    }
}

/// Bits in a hash.
const FULL_LENGTH: u8 = 64;

fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl<T: Clone + Eq + Hash> Default for Interner<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for Interner<T> {
    /// The values with their number of uses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.buckets.iter().flat_map(|(_, _, bucket)| bucket);
        f.debug_map().entries(known.map(|known| (&known.value, known.uses))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text whose hash is its length, so that collisions are easy to come by.
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Text(&'static str);

    impl Hash for Text {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.len().hash(state);
        }
    }

    fn uses(interner: &Interner<Text>) -> Vec<(&'static str, usize)> {
        let known = interner.buckets.iter().flat_map(|(_, _, bucket)| bucket);
        let mut uses: Vec<_> = known.map(|known| (known.value.0, known.uses)).collect();
        uses.sort_unstable();
        uses
    }

    #[test]
    fn equal_values_are_one() {
        let mut interner = Interner::new();
        let (first, second) = (interner.acquire(Text("one")), interner.acquire(Text("one")));
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(*interner.acquire(Text("two")), Text("two"));
    }

    #[test]
    fn a_value_stays_while_it_is_used() {
        let mut interner = Interner::new();
        for text in ["one", "one", "two", "three"] {
            interner.acquire(Text(text));
        }
        let before = interner.clone();
        for text in ["one", "two", "six"] {
            interner.release(&Text(text));
        }
        assert_eq!(uses(&interner), [("one", 1), ("three", 1)]);
        for text in ["one", "three"] {
            interner.release(&Text(text));
        }
        assert_eq!(interner.buckets.count(), 0);
        assert_eq!(uses(&before), [("one", 2), ("three", 1), ("two", 1)]);
    }
}
