//! Memory that a table and its snapshots share.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::key::Key;
use super::routes::width;

/// Blocks of 64-bit words, found by their positions.
///
/// A clone is a snapshot: it costs two references, however large the heap is. What a snapshot can
/// reach is never written again: the owner releases it, and takes it into use anew when every
/// snapshot that was made before is gone. So readers and owner never meet at a word, and relaxed
/// loads, which cost nothing, are enough. A snapshot reaches its reader by way of something that
/// orders memory, as every value that is shared does.
pub(super) struct Heap {
    words: Arc<[AtomicU64]>,
    /// Shared with the snapshots of the present state, to see whether there are any.
    present: Arc<()>,
    /// What a snapshot does not have.
    owner: Option<Box<Owner>>,
}

#[derive(Default)]
struct Owner {
    /// Words that have been in a block.
    used: usize,
    /// Free blocks by half their size.
    free: Vec<Vec<u32>>,
    /// Former states that snapshots were made of, the oldest first.
    past: VecDeque<Past>,
}

/// A state of the heap that has snapshots.
struct Past {
    snapshots: Arc<()>,
    /// What was released between this state and the next.
    released: Vec<(u32, u32)>,
}

impl Heap {
    /// An empty heap.
    pub(super) fn new() -> Self {
        Self { words: Arc::default(), present: Arc::default(), owner: Some(Box::default()) }
    }

    /// True if it can be changed: it is no snapshot.
    pub(super) fn is_owner(&self) -> bool {
        self.owner.is_some()
    }

    /// All words.
    #[inline]
    pub(super) fn words(&self) -> &[AtomicU64] {
        &self.words
    }

    /// A word of a block.
    pub(super) fn word(&self, at: u32) -> u64 {
        self.words[at as usize].load(Ordering::Relaxed)
    }

    /// Sets a word of a block that no snapshot can reach.
    fn set(&mut self, at: u32, word: u64) {
        self.words[at as usize].store(word, Ordering::Relaxed);
    }

    /// One of the 32-bit numbers that lie in a block from a position on.
    pub(super) fn number(&self, at: u32, number: usize) -> u32 {
        half(self.word(at + offset(number)), number)
    }

    /// Sets a number of a block that no snapshot can reach.
    pub(super) fn set_number(&mut self, at: u32, number: usize, value: u32) {
        let word = self.word(at + offset(number));
        let other = half(word, number + 1);
        let [low, high] = if number.is_multiple_of(2) { [value, other] } else { [other, value] };
        self.set(at + offset(number), u64::from(high) << 32 | u64::from(low));
    }

    /// Words of 16 bits, four in each of the words from a position on.
    pub(super) fn read(&self, at: u32, length: u32) -> Vec<u16> {
        let words = &self.words[at as usize..][..length as usize];
        let mut read = Vec::with_capacity(words.len() * 4);
        for word in words {
            read.extend(quarters(word.load(Ordering::Relaxed)));
        }
        read
    }

    /// The words of routes that lie from a position on.
    pub(super) fn read_routes<K: Key>(&self, at: u32, count: usize) -> Vec<u16> {
        let mut read = self.read(at, words_of::<K>(count));
        read.truncate(count * width::<K>());
        read
    }

    /// Puts words of 16 bits where [`Heap::read`] finds them, in a block that no snapshot can reach.
    pub(super) fn write(&mut self, at: u32, words: &[u16]) {
        let (whole, rest) = words.as_chunks::<4>();
        let mut last = [0; 4];
        last[..rest.len()].copy_from_slice(rest);
        let last = (!rest.is_empty()).then_some(&last);
        for (place, word) in self.words[at as usize..].iter().zip(whole.iter().chain(last)) {
            place.store(word.iter().rev().fold(0, |high, &low| high << 16 | u64::from(low)), Ordering::Relaxed);
        }
    }

    /// Begins a change: sees which snapshots are left.
    pub(super) fn begin(&mut self) {
        let Some(owner) = self.owner.as_deref_mut() else { return };
        if Arc::get_mut(&mut self.present).is_none() {
            let snapshots = std::mem::take(&mut self.present);
            owner.past.push_back(Past { snapshots, released: Vec::with_capacity(6) });
        }
        // Asking in this way also orders what the last snapshot read before what is written from now on.
        while let Some(oldest) = owner.past.front_mut()
            && Arc::get_mut(&mut oldest.snapshots).is_some()
        {
            owner
                .past
                .pop_front()
                .into_iter()
                .flat_map(|past| past.released)
                .for_each(|(at, size)| owner.recycle(at, size));
        }
    }

    /// A block of so many words, whatever is in them.
    pub(super) fn allocate(&mut self, length: u32) -> u32 {
        let size = size(length);
        let owner = self.owner.as_deref_mut().expect("a snapshot does not change");
        if let Some(at) = owner.free.get_mut(size as usize / 2).and_then(Vec::pop) {
            return at;
        }
        let at = owner.used;
        owner.used += size as usize;
        if owner.used > self.words.len() {
            self.grow();
        }
        u32::try_from(at).expect("a table has less than 4 GB")
    }

    /// Moves to a larger piece of memory. Snapshots keep the one they have, so nothing waits for them.
    fn grow(&mut self) {
        let owner = self.owner.as_deref_mut().expect("a snapshot does not change");
        let length = owner.used + owner.used / 8;
        let old = self.words.iter().map(|word| word.load(Ordering::Relaxed));
        self.words = old.chain(std::iter::repeat(0)).take(length).map(AtomicU64::new).collect();
        self.present = Arc::default();
        for (at, size) in std::mem::take(&mut owner.past).into_iter().flat_map(|past| past.released) {
            owner.recycle(at, size);
        }
    }

    /// Gives back a block.
    pub(super) fn release(&mut self, at: u32, length: u32) {
        let size = size(length);
        let owner = self.owner.as_deref_mut().expect("a snapshot does not change");
        match owner.past.back_mut() {
            Some(past) => past.released.push((at, size)),
            None => owner.recycle(at, size),
        }
    }

    /// A block with the same words that no snapshot can reach, in place of this one.
    pub(super) fn renew(&mut self, at: u32, length: u32) -> u32 {
        if self.owner.as_ref().is_some_and(|owner| owner.past.is_empty()) {
            return at;
        }
        self.release(at, length);
        self.duplicate(at, length)
    }

    /// Another block with the same words.
    pub(super) fn duplicate(&mut self, at: u32, length: u32) -> u32 {
        let new = self.allocate(length);
        let from = &self.words[at as usize..][..length as usize];
        for (to, from) in self.words[new as usize..].iter().zip(from) {
            to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        new
    }
}

impl Owner {
    fn recycle(&mut self, at: u32, size: u32) {
        let class = size as usize / 2;
        if self.free.len() <= class {
            self.free.resize_with(class + 1, Vec::new);
        }
        self.free[class].push(at);
    }
}

impl Clone for Heap {
    fn clone(&self) -> Self {
        Self { words: Arc::clone(&self.words), present: Arc::clone(&self.present), owner: None }
    }
}

/// The words of a block that is to have at least so many: an even number with few significant bits,
/// so that what one block leaves another can use.
fn size(length: u32) -> u32 {
    length.next_multiple_of((length.next_power_of_two() / 16).max(2))
}

/// Words that some routes take.
#[allow(clippy::cast_possible_truncation, reason = "a block is small")]
pub(super) fn words_of<K: Key>(routes: usize) -> u32 {
    (routes * width::<K>()).div_ceil(4) as u32
}

/// The word of one of the 32-bit numbers.
#[allow(clippy::cast_possible_truncation, reason = "a block is small")]
fn offset(number: usize) -> u32 {
    (number / 2) as u32
}

/// The low or high half.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "one half")]
pub(super) fn half(word: u64, number: usize) -> u32 {
    (word >> (number % 2 * 32)) as u32
}

#[allow(clippy::cast_possible_truncation, reason = "one quarter at a time")]
fn quarters(word: u64) -> [u16; 4] {
    [0, 16, 32, 48].map(|shift| (word >> shift) as u16)
}

#[cfg(test)]
impl Heap {
    /// Fails if the blocks in use, given by position and length, and those that are not do not make
    /// up the heap.
    pub(super) fn check(&self, mut blocks: Vec<(u32, u32)>) {
        let Some(owner) = &self.owner else { return };
        blocks.iter_mut().for_each(|(_, length)| *length = size(*length));
        let classes = (0..).zip(&owner.free);
        blocks.extend(classes.flat_map(|(class, free)| free.iter().map(move |at| (*at, class * 2))));
        blocks.extend(owner.past.iter().flat_map(|past| past.released.iter().copied()));
        blocks.sort_unstable();
        let end = blocks.into_iter().fold(0, |end, (at, size)| {
            assert_eq!(end, at, "no gap and no overlap");
            at + size
        });
        assert_eq!(end as usize, owner.used);
    }
}
