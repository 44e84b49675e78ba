//! Arrays that store only their occupied places.

use std::iter;
use std::mem;
use std::sync::Arc;

/// Which places of a [`Sparse`] array are occupied: place *i* is bit *i*.
pub(super) trait Bitmap: Copy + Default {
    /// True if a place is occupied.
    fn has(self, place: usize) -> bool;
    /// Number of occupied places before this one.
    fn rank(self, place: usize) -> usize;
    /// The first occupied place.
    fn first(self) -> Option<usize>;
    /// The same bits with one place the other way.
    fn toggled(self, place: usize) -> Self;
}

macro_rules! bitmap {
    ($bits:ty) => {
        impl Bitmap for $bits {
            #[inline]
            fn has(self, place: usize) -> bool {
                self >> place & 1 == 1
            }

            #[inline]
            fn rank(self, place: usize) -> usize {
                (self & ((1 << place) - 1)).count_ones() as usize
            }

            fn first(self) -> Option<usize> {
                (self != 0).then_some(self.trailing_zeros() as usize)
            }

            fn toggled(self, place: usize) -> Self {
                self ^ 1 << place
            }
        }
    };
}

bitmap!(u64);
bitmap!(u128);

/// An array of as many places as `B` has bits. The items of the occupied places lie side by side,
/// in the order of their places, without spare capacity. Clones share them until one is changed.
#[derive(Clone)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(super) struct Sparse<B, T> {
    occupied: B,
    items: Arc<[T]>,
}

impl<B: Bitmap, T> Sparse<B, T> {
    /// An array with every place empty; it allocates nothing.
    pub(super) fn new() -> Self {
        Self { occupied: B::default(), items: Arc::default() }
    }

    /// The occupied places.
    #[inline]
    pub(super) fn occupied(&self) -> B {
        self.occupied
    }

    /// The items in the order of their places.
    pub(super) fn items(&self) -> &[T] {
        &self.items
    }

    /// What lies at a place.
    #[inline]
    pub(super) fn get(&self, place: usize) -> Option<&T> {
        if self.occupied.has(place) { self.items.get(self.occupied.rank(place)) } else { None }
    }

    /// The occupied places with their items, in order.
    pub(super) fn iter(&self) -> Iter<'_, B, T> {
        Iter { left: self.occupied, items: self.items.iter() }
    }
}

impl<B: Bitmap, T: Clone> Sparse<B, T> {
    /// What lies at a place, to change it.
    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        if !self.occupied.has(place) {
            return None;
        }
        Arc::make_mut(&mut self.items).get_mut(self.occupied.rank(place))
    }

    /// Puts an item at a place; what lay there comes back.
    pub(super) fn set(&mut self, place: usize, item: T) -> Option<T> {
        if let Some(old) = self.get_mut(place) {
            return Some(mem::replace(old, item));
        }
        let (before, after) = self.items.split_at(self.occupied.rank(place));
        self.items = before.iter().cloned().chain(iter::once(item)).chain(after.iter().cloned()).collect();
        self.occupied = self.occupied.toggled(place);
        None
    }

    /// Empties a place.
    pub(super) fn take(&mut self, place: usize) -> Option<T> {
        let item = self.get(place)?.clone();
        let rank = self.occupied.rank(place);
        let (before, after) = (&self.items[..rank], &self.items[rank + 1..]);
        self.items = before.iter().chain(after).cloned().collect();
        self.occupied = self.occupied.toggled(place);
        Some(item)
    }
}

/// See [`Sparse::iter`].
pub(super) struct Iter<'a, B, T> {
    left: B,
    items: std::slice::Iter<'a, T>,
}

impl<'a, B: Bitmap, T> Iterator for Iter<'a, B, T> {
    type Item = (usize, &'a T);

    fn next(&mut self) -> Option<Self::Item> {
        let place = self.left.first()?;
        self.left = self.left.toggled(place);
        self.items.next().map(|item| (place, item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_stay_in_the_order_of_their_places() {
        let mut array = Sparse::<u64, char>::new();
        for (place, item) in [(63, 'z'), (0, 'a'), (31, 'm')] {
            assert_eq!(array.set(place, item), None);
        }
        assert_eq!(array.set(31, 'n'), Some('m'));
        assert_eq!(array.iter().collect::<Vec<_>>(), [(0, &'a'), (31, &'n'), (63, &'z')]);
        assert_eq!((array.get(63), array.get(62)), (Some(&'z'), None));
    }

    #[test]
    fn an_emptied_array_is_as_new() {
        let mut array = Sparse::<u128, u8>::new();
        assert_eq!(array.take(127), None);
        array.set(127, 1);
        array.set(64, 2);
        assert_eq!((array.take(127), array.take(127), array.take(64)), (Some(1), None, Some(2)));
        assert_eq!(array, Sparse::new());
    }
}
