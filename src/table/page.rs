//! The routes below one prefix, and what finds them.

use std::marker::PhantomData;
use std::sync::Arc;

use super::key::{Key, STRIDE};
use super::node::{self, Width};
use super::routes::{NONE, Route, Routes, halves, width};

/// So many routes are compared one by one: that takes no longer, and they need no nodes.
const FEW: usize = 12;

/// 16-bit words before the nodes.
const HEAD: usize = 4;

/// Marks a page with entries of [`Width::Word`].
const WIDE: u16 = 1 << 15;

/// The words of a page: routes longer than a prefix of `depth` bits, and the nodes made from them.
/// Addresses of the prefix that no route holds have the value `cover`.
///
/// First comes a head, then the nodes, then the routes; each begins at a word of 64 bits. The head
/// has the number of routes in its first byte, then the depth of the first node and, in the highest
/// bit, the width of the nodes' entries; then the page's length in words of 64 bits; then the cover.
pub(super) fn image<K: Key>(routes: Routes<'_>, depth: u8, cover: u32) -> Vec<u16> {
    let mut words = head::<K>(routes, depth, cover);
    let greatest = routes.iter::<K>().map(|route| route.value).fold(cover, u32::max);
    let width = Width::of(greatest);
    words[0] |= if width == Width::Word { WIDE } else { 0 };
    node::build::<K>(routes, width, depth, cover, &mut words);
    finish(words, routes)
}

fn head<K: Key>(routes: Routes<'_>, start: u8, cover: u32) -> Vec<u16> {
    let mut words = Vec::with_capacity(64 + 3 * routes.words().len());
    let count = u8::try_from(routes.count::<K>()).expect("a page has few routes");
    let [low, high] = halves(cover);
    words.extend([u16::from_le_bytes([count, start]), 0, low, high]);
    words
}

#[allow(clippy::cast_possible_truncation, reason = "the largest page has little more than 2^13 words of 64 bits")]
fn finish(mut words: Vec<u16>, routes: Routes<'_>) -> Vec<u16> {
    words.extend_from_slice(routes.words());
    words.resize(words.len().next_multiple_of(4), 0);
    words[1] = (words.len() / 4) as u16;
    words
}

/// The head of a page, as it lies in one word of 64 bits.
#[derive(Clone, Copy)]
pub(super) struct Head(pub(super) u64);

#[allow(clippy::cast_possible_truncation, reason = "one field at a time")]
impl Head {
    /// Number of routes.
    pub(super) fn count(self) -> usize {
        (self.0 as u8).into()
    }

    /// The width of the nodes' entries.
    pub(super) fn width(self) -> Width {
        if self.0 as u16 & WIDE == 0 { Width::Half } else { Width::Word }
    }

    /// Words of 64 bits.
    pub(super) fn length(self) -> u32 {
        ((self.0 >> 16) as u16).into()
    }

    /// What no route holds has this value.
    pub(super) fn cover(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// A page that stands alone: a table of few routes. It begins where its routes part, and has no
/// nodes if they are very few.
#[derive(Clone)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(super) struct Page<K> {
    words: Arc<[u16]>,
    family: PhantomData<K>,
}

impl<K: Key> Page<K> {
    /// A page of these routes, of at least one bit each.
    pub(super) fn new(routes: Routes<'_>) -> Self {
        let words = if routes.count::<K>() > FEW {
            image::<K>(routes, parting::<K>(routes), NONE)
        } else {
            finish(head::<K>(routes, 0, NONE), routes)
        };
        Self { words: words.into(), family: PhantomData }
    }

    /// Number of routes.
    pub(super) fn count(&self) -> usize {
        self.words[0].to_le_bytes()[0].into()
    }

    /// The routes.
    pub(super) fn routes(&self) -> Routes<'_> {
        let length = self.count() * width::<K>();
        Routes::new(&self.words[self.words.len() - length.next_multiple_of(4)..][..length])
    }

    /// The value of the longest route that holds an address, or zero.
    #[inline]
    pub(super) fn lookup(&self, address: K) -> u32 {
        let count = self.count();
        if count <= FEW {
            return Routes::new(&self.words[HEAD..]).lookup(address);
        }
        let start = (self.words[0] & !WIDE).to_le_bytes()[1];
        if !address.agrees(self.routes().at::<K>(0).bits, start) {
            return NONE;
        }
        let width = if self.words[0] & WIDE == 0 { Width::Half } else { Width::Word };
        node::lookup(&*self.words, 0, width, start, address)
    }

    /// The page with a route set, and the value that its prefix had.
    pub(super) fn with(&self, route: Route<K>) -> (Self, Option<u32>) {
        let (routes, old) = self.routes().with(route);
        (Self::new(Routes::new(&routes)), old)
    }

    /// The page without a prefix.
    pub(super) fn without(&self, bits: K, length: u8) -> Self {
        Self::new(Routes::new(&self.routes().without(bits, length)))
    }
}

/// The deepest node that all routes lie below.
fn parting<K: Key>(routes: Routes<'_>) -> u8 {
    let Some(last) = routes.count::<K>().checked_sub(1) else { return 0 };
    let (first, last) = (routes.at::<K>(0), routes.at::<K>(last));
    // They are sorted: what the first and the last share, all share.
    let shortest = routes.iter::<K>().map(|route| route.length).min().unwrap_or(0);
    let shared = first.bits.shared(last.bits).min(shortest.saturating_sub(1));
    shared - shared % STRIDE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page<K: Key>(prefixes: impl IntoIterator<Item = (K, u8)>) -> Page<K> {
        let mut words = Vec::new();
        for ((bits, length), value) in prefixes.into_iter().zip(1..) {
            Route { bits, length, value }.write(&mut words);
        }
        Page::new(Routes::new(&words))
    }

    #[test]
    fn a_few_routes_are_all_that_a_page_holds() {
        let page = page::<u32>((0..10).map(|network| (0x0a00_0000 | network << 8, 24)));
        assert_eq!(page.words.len(), 4 + 10 * 4);
        assert_eq!([0x0a00_0001, 0x0a00_0901, 0x0a00_0a01].map(|address| page.lookup(address)), [1, 10, 0]);
    }

    #[test]
    fn a_page_that_stands_alone_begins_where_its_routes_part() {
        let page = page::<u32>((0..20).map(|network| (0x0a00_0000 | network << 8, 24)));
        assert_eq!(page.words[0], 18 << 8 | 20);
        // Head, one node with a run for each route and one for none, filled up, and the routes.
        assert_eq!(page.words.len(), 4 + (4 + 21 + 3) + 20 * 4);
        assert_eq!([0x0a00_13ff, 0x0a00_1400, 0x0b00_0000].map(|address| page.lookup(address)), [20, 0, 0]);
    }

    #[test]
    fn the_largest_page_has_fewer_words_than_an_entry_can_tell_apart() {
        // 128 hosts that share nothing, each with a node of three entries for every stride.
        let tail = (0..19).fold(0, |bits, stride| bits | 1 << (6 * stride + 3));
        let hosts: Vec<u128> = (0..128).map(|host| host << 121 | tail).collect();
        let page = page(hosts.iter().map(|host| (*host, 128)));
        let length = page.words.len() / 4;
        assert!((1 << 12..1 << 15).contains(&length), "{length} words of 64 bits");
        for (host, value) in hosts.into_iter().zip(1..) {
            assert_eq!((page.lookup(host), page.lookup(host ^ 1)), (value, NONE));
        }
    }

    #[test]
    fn the_node_of_a_stride_holds_the_shortest_route_after_it() {
        // /19 begins in the node of 18 bits, though all share more.
        let page = page::<u32>([(0x0a00_0000, 19)].into_iter().chain((0..16).map(|host| (0x0a00_0000 | host, 32))));
        assert_eq!(page.words[0] >> 8, 18);
        assert_eq!([0x0a00_000f, 0x0a00_0010, 0x0a00_2000].map(|address| page.lookup(address)), [17, 1, 0]);
    }
}
