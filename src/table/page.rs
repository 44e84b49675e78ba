//! The routes below one prefix, and what finds them.

use std::marker::PhantomData;
use std::sync::Arc;

use super::key::{Key, STRIDE};
use super::node::{self, Width};
use super::routes::{NONE, Route, Routes, width};

/// So many routes are compared one by one: that takes no longer, and they need no nodes.
const FEW: usize = 12;

/// Words before the nodes.
const HEAD: usize = 1;

/// Marks a page with entries of [`Width::Word`].
const WIDE: u16 = 1 << 15;

/// Routes longer than a prefix of `depth` bits, and the forwarding table made from them, in one
/// piece of memory. The piece holds no pointers: copying it touches nothing else.
///
/// Its words are a head, the nodes, and the routes. The head has the number of routes in its low
/// byte, and above it the depth of the first node and, in the highest bit, the width of the nodes'
/// entries. A page that stands alone (`depth` is zero) begins where its routes part, and has no
/// nodes if the routes are few.
#[derive(Clone)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(super) struct Page<K> {
    words: Arc<[u16]>,
    family: PhantomData<K>,
}

impl<K: Key> Page<K> {
    /// A page of these routes, all longer than `depth`.
    pub(super) fn new(routes: Routes<'_>, depth: u8) -> Self {
        let count = routes.count::<K>();
        let mut words = Vec::with_capacity(8 + 3 * routes.words().len());
        let start = if depth == 0 { parting::<K>(routes) } else { depth };
        let low = u8::try_from(count).expect("a page has few routes");
        words.push(u16::from_le_bytes([low, start]));
        if depth > 0 || count > FEW {
            let width = Width::of(routes.iter::<K>().map(|route| route.value).max().unwrap_or(NONE));
            words[0] |= if width == Width::Word { WIDE } else { 0 };
            node::build::<K>(routes, width, start, NONE, &mut words);
        }
        words.extend_from_slice(routes.words());
        Self { words: words.into(), family: PhantomData }
    }

    /// Number of routes.
    pub(super) fn count(&self) -> usize {
        self.words[0].to_le_bytes()[0].into()
    }

    /// The routes.
    pub(super) fn routes(&self) -> Routes<'_> {
        Routes::new(&self.words[self.words.len() - self.count() * width::<K>()..])
    }

    /// The value of the longest route that holds an address, or zero, in a page of some depth.
    #[inline]
    pub(super) fn lookup(&self, address: K, depth: u8) -> u32 {
        if self.words[0] & WIDE == 0 {
            node::lookup(&self.words, Width::Half, HEAD, depth, address)
        } else {
            node::lookup(&self.words, Width::Word, HEAD, depth, address)
        }
    }

    /// As [`Page::lookup`], in a page of depth zero.
    #[inline]
    pub(super) fn lookup_alone(&self, address: K) -> u32 {
        let count = self.count();
        if count <= FEW {
            return Routes::new(&self.words[HEAD..]).lookup(address);
        }
        let start = (self.words[0] & !WIDE).to_le_bytes()[1];
        let shares_start = address.agrees(K::read(&self.words[self.words.len() - width::<K>()..]), start);
        if shares_start { self.lookup(address, start) } else { NONE }
    }

    /// The page with a route set, and the value that its prefix had.
    pub(super) fn with(&self, route: Route<K>, depth: u8) -> (Self, Option<u32>) {
        let (routes, old) = self.routes().with(route);
        (Self::new(Routes::new(&routes), depth), old)
    }

    /// The page without a prefix.
    pub(super) fn without(&self, bits: K, length: u8, depth: u8) -> Self {
        Self::new(Routes::new(&self.routes().without(bits, length)), depth)
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

    fn page<K: Key>(prefixes: impl IntoIterator<Item = (K, u8)>, depth: u8) -> Page<K> {
        let mut words = Vec::new();
        for ((bits, length), value) in prefixes.into_iter().zip(1..) {
            Route { bits, length, value }.write(&mut words);
        }
        Page::new(Routes::new(&words), depth)
    }

    #[test]
    fn a_few_routes_are_all_that_a_page_holds() {
        let page = page::<u32>((0..10).map(|network| (0x0a00_0000 | network << 8, 24)), 0);
        assert_eq!(page.words.len(), 1 + 10 * 4);
        assert_eq!([0x0a00_0001, 0x0a00_0901, 0x0a00_0a01].map(|address| page.lookup_alone(address)), [1, 10, 0]);
    }

    #[test]
    fn a_page_that_stands_alone_begins_where_its_routes_part() {
        let page = page::<u32>((0..20).map(|network| (0x0a00_0000 | network << 8, 24)), 0);
        assert_eq!(page.words[0], 18 << 8 | 20);
        // Head, one node with a run for each route and one for none, and the routes.
        assert_eq!(page.words.len(), 1 + (4 + 21) + 20 * 4);
        assert_eq!([0x0a00_13ff, 0x0a00_1400, 0x0b00_0000].map(|address| page.lookup_alone(address)), [20, 0, 0]);
    }

    #[test]
    fn the_largest_page_has_fewer_words_than_an_entry_can_tell_apart() {
        // 128 hosts that share nothing, each with a node of three entries for every stride.
        let tail = (0..19).fold(0, |bits, stride| bits | 1 << (6 * stride + 3));
        let hosts: Vec<u128> = (0..128).map(|host| host << 121 | tail).collect();
        let page = page(hosts.iter().map(|host| (*host, 128)), 0);
        assert!((1 << 14..1 << 15).contains(&page.words.len()), "{} words", page.words.len());
        for (host, value) in hosts.into_iter().zip(1..) {
            assert_eq!((page.lookup_alone(host), page.lookup_alone(host ^ 1)), (value, NONE));
        }
    }

    #[test]
    fn the_node_of_a_stride_holds_the_shortest_route_after_it() {
        // /19 begins in the node of 18 bits, though all share more.
        let page = page::<u32>([(0x0a00_0000, 19)].into_iter().chain((0..16).map(|host| (0x0a00_0000 | host, 32))), 0);
        assert_eq!(page.words[0] >> 8, 18);
        assert_eq!([0x0a00_000f, 0x0a00_0010, 0x0a00_2000].map(|address| page.lookup_alone(address)), [17, 1, 0]);
    }
}
