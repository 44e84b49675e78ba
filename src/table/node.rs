//! The forwarding table of a page.
//!
//! It consists of nodes that decide [`STRIDE`] bits each. A node maps each value of its bits to an
//! *entry*, and stores a run of equal entries once: a bitmap marks the last place of every run but the last one, and
//! counting its bits from a place on gives the number of later runs; entries are stored backwards. (Poptrie's compressed leaves, with one vector for
//! leaves and children.) The entries follow their bitmap, most often in the same cache line.
//!
//! An entry is a value, zero if no route of the page holds the address, or, marked by its highest
//! bit, where another node begins. Entries have 16 bits where that is enough for the page's values,
//! otherwise 32. A node begins at a word of 64 bits, so that its bitmap is one load, and is counted
//! in such words from the beginning of its page.

use std::sync::atomic::{AtomicU64, Ordering};

use super::heap::half;
use super::key::{Key, PLACES, STRIDE};
use super::routes::{NONE, Routes, halves};

/// Memory with pages in it, as words of 64 bits.
pub(super) trait Words {
    /// The word at a position, if there is one.
    fn word(&self, at: usize) -> Option<u64>;
}

impl Words for [AtomicU64] {
    #[inline]
    fn word(&self, at: usize) -> Option<u64> {
        Some(self.get(at)?.load(Ordering::Relaxed))
    }
}

impl Words for [u16] {
    #[inline]
    fn word(&self, at: usize) -> Option<u64> {
        let quarters: &[u16; 4] = self.get(at * 4..)?.first_chunk()?;
        Some(quarters.iter().rev().fold(0, |high, &low| high << 16 | u64::from(low)))
    }
}

/// Entries have this many bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    Half,
    Word,
}

impl Width {
    /// What a page of these values needs.
    pub(super) fn of(greatest: u32) -> Self {
        if greatest < Self::Half.node() { Self::Half } else { Self::Word }
    }

    /// Marks an entry that leads to a node.
    #[inline]
    const fn node(self) -> u32 {
        match self {
            Self::Half => 1 << 15,
            Self::Word => 1 << 31,
        }
    }

    /// One of the entries that begin at a position.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "one entry of several")]
    fn get<W: Words + ?Sized>(self, words: &W, entries: usize, number: usize) -> Option<u32> {
        Some(match self {
            Self::Half => u32::from((words.word(entries + number / 4)? >> (number % 4 * 16)) as u16),
            Self::Word => half(words.word(entries + number / 2)?, number),
        })
    }

    /// Appends entries; those of children as zero.
    #[allow(clippy::cast_possible_truncation, reason = "the width is that of the values")]
    fn append(self, entries: &[u32], page: &mut Vec<u16>) {
        let known = entries.iter().map(|entry| if entry & CHILD == 0 { *entry } else { 0 });
        match self {
            Self::Half => page.extend(known.map(|entry| entry as u16)),
            Self::Word => page.extend(known.flat_map(halves)),
        }
    }

    /// Sets an entry.
    #[allow(clippy::cast_possible_truncation, reason = "the width is that of the entries")]
    fn set(self, page: &mut [u16], entries: usize, number: usize, entry: u32) {
        match self {
            Self::Half => page[entries + number] = entry as u16,
            Self::Word => page[entries + number * 2..][..2].copy_from_slice(&halves(entry)),
        }
    }
}

/// The value of the longest route that holds an address, or zero, in the page at a position. `depth`
/// is that of its first node. (The ends of the memory are checked without a panic, which costs less.)
#[inline(always)]
pub(super) fn lookup<K: Key, W: Words + ?Sized>(
    words: &W,
    page: usize,
    width: Width,
    mut depth: u8,
    address: K,
) -> u32 {
    // Written twice, since most lookups end in the first node, whose depth is a constant for most callers.
    let Some(mut entry) = entry(words, page + 1, width, address.stride(depth)) else { return NONE };
    while entry & width.node() != 0 {
        depth += STRIDE;
        let node = page + (entry ^ width.node()) as usize;
        let Some(next) = self::entry(words, node, width, address.stride(depth)) else { return NONE };
        entry = next;
    }
    entry
}

/// The entry of a place in a node.
#[inline(always)]
fn entry<W: Words + ?Sized>(words: &W, node: usize, width: Width, place: usize) -> Option<u32> {
    let later = (words.word(node)? >> place).count_ones() as usize;
    width.get(words, node + 1, later)
}

/// Appends the node of some routes, which share their first `depth` bits and are longer. `cover` is
/// the value of the places that none of them holds.
#[allow(clippy::cast_possible_truncation, reason = "a page has few words")]
pub(super) fn build<K: Key>(routes: Routes<'_>, width: Width, depth: u8, cover: u32, page: &mut Vec<u16>) {
    let mut runs = Runs::new();
    // The routes that hold the place, the longest last, by where they end.
    let mut open = [(PLACES, cover); STRIDE as usize + 2];
    let mut top = 0;
    let mut child = None;
    for route in routes.iter::<K>() {
        let first = route.bits.stride(depth);
        if child == Some(first) {
            continue;
        }
        while open[top].0 <= first {
            runs.fill(open[top].0, open[top].1);
            top -= 1;
        }
        runs.fill(first, open[top].1);
        if route.length <= depth + STRIDE {
            top += 1;
            open[top] = (first + (PLACES >> (route.length - depth)), route.value);
        } else {
            runs.begin(CHILD | open[top].1);
            child = Some(first);
        }
    }
    for &(end, value) in open[..=top].iter().rev() {
        runs.fill(end, value);
    }
    page.extend([0, 16, 32, 48].map(|shift| (runs.bitmap >> shift) as u16));
    let entries = page.len();
    runs.entries[..runs.count].reverse();
    width.append(&runs.entries[..runs.count], page);
    page.resize(page.len().next_multiple_of(4), 0);
    if child.is_none() {
        return;
    }
    let mut rest = routes;
    for (number, entry) in runs.entries[..runs.count].iter().enumerate().rev().filter(|(_, entry)| **entry & CHILD != 0)
    {
        let shorter = rest.iter::<K>().take_while(|route| route.length <= depth + STRIDE).count();
        (_, rest) = rest.split_at::<K>(shorter);
        let place = rest.at::<K>(0).bits.stride(depth);
        let below = rest.iter::<K>().take_while(|route| route.bits.stride(depth) == place).count();
        let (below, after) = rest.split_at::<K>(below);
        rest = after;
        let node = width.node() | (page.len() / 4) as u32;
        width.set(page, entries, number, node);
        build::<K>(below, width, depth + STRIDE, entry ^ CHILD, page);
    }
}

/// Marks the cover of a child that is not built yet.
const CHILD: u32 = 1 << 31;

/// The runs of a node, made in order.
struct Runs {
    bitmap: u64,
    entries: [u32; PLACES],
    count: usize,
    /// The first place that has no entry yet.
    place: usize,
}

impl Runs {
    fn new() -> Self {
        Self { bitmap: 0, entries: [0; PLACES], count: 0, place: 0 }
    }

    /// Gives the places up to `end` an entry that is a value.
    fn fill(&mut self, end: usize, value: u32) {
        if self.place < end {
            if self.count == 0 || self.entries[self.count - 1] != value {
                self.begin(value);
            }
            self.place = end;
        }
    }

    /// Begins a run, of one place for now.
    fn begin(&mut self, entry: u32) {
        // What is marked is the end of the run before: place zero has none.
        self.bitmap |= (1 << self.place) >> 1;
        self.entries[self.count] = entry;
        self.count += 1;
        self.place += 1;
    }
}
