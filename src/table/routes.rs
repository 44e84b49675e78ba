//! Routes packed side by side.

use std::cmp::Ordering;

use super::key::Key;

/// A prefix and its value. The prefix is the first `length` bits of `bits`; the others are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Route<K> {
    pub(super) bits: K,
    pub(super) length: u8,
    /// Less than 2^24; never [`NONE`].
    pub(super) value: u32,
}

/// No value.
pub(super) const NONE: u32 = 0;

impl<K: Key> Route<K> {
    /// Appends the route's words: its bits, then value and length in two words.
    pub(super) fn write(self, words: &mut Vec<u16>) {
        self.bits.write(words);
        words.extend(halves(self.value << 8 | u32::from(self.length)));
    }
}

/// Words that a route takes.
pub(super) const fn width<K: Key>() -> usize {
    K::WORDS + 2
}

/// Routes as words of 16 bits, by bits and then length, so that among the routes that hold an address the
/// longest is the last.
#[derive(Clone, Copy)]
pub(super) struct Routes<'a> {
    words: &'a [u16],
}

impl<'a> Routes<'a> {
    pub(super) fn new(words: &'a [u16]) -> Self {
        Self { words }
    }

    pub(super) fn words(self) -> &'a [u16] {
        self.words
    }

    pub(super) fn count<K: Key>(self) -> usize {
        self.words.len() / width::<K>()
    }

    /// The route at a place less than [`Routes::count`].
    #[inline]
    pub(super) fn at<K: Key>(self, place: usize) -> Route<K> {
        route(&self.words[place * width::<K>()..][..width::<K>()])
    }

    /// The first routes, so many, and the others.
    pub(super) fn split_at<K: Key>(self, count: usize) -> (Self, Self) {
        let (first, others) = self.words.split_at(count * width::<K>());
        (Self::new(first), Self::new(others))
    }

    pub(super) fn iter<K: Key>(self) -> impl Iterator<Item = Route<K>> + use<'a, K> {
        self.words.chunks_exact(width::<K>()).map(route)
    }

    /// The value of the longest route that holds an address, or [`NONE`]. All are compared; there
    /// is no branch to predict.
    #[inline]
    pub(super) fn lookup<K: Key>(self, address: K) -> u32 {
        let mut best = NONE;
        for words in self.words.chunks_exact(width::<K>()) {
            let route: Route<K> = route(words);
            best = if address.agrees(route.bits, route.length) { route.value } else { best };
        }
        best
    }

    /// The longest route that holds an address.
    pub(super) fn longest<K: Key>(self, address: K) -> Option<Route<K>> {
        self.iter::<K>().filter(|route| address.agrees(route.bits, route.length)).last()
    }

    /// The value of exactly this prefix.
    pub(super) fn get<K: Key>(self, bits: K, length: u8) -> Option<u32> {
        Some(self.at::<K>(self.search(bits, length).ok()?).value)
    }

    /// The words of the routes with one set, and the value that its prefix had.
    pub(super) fn with<K: Key>(self, route: Route<K>) -> (Vec<u16>, Option<u32>) {
        let (start, end, old) = match self.search(route.bits, route.length) {
            Ok(place) => (place, place + 1, Some(self.at::<K>(place).value)),
            Err(place) => (place, place, None),
        };
        let mut words = Vec::with_capacity(self.words.len() + width::<K>());
        words.extend_from_slice(&self.words[..start * width::<K>()]);
        route.write(&mut words);
        words.extend_from_slice(&self.words[end * width::<K>()..]);
        (words, old)
    }

    /// The words of the routes without a prefix.
    pub(super) fn without<K: Key>(self, bits: K, length: u8) -> Vec<u16> {
        match self.search(bits, length) {
            Ok(place) => {
                let (before, rest) = self.words.split_at(place * width::<K>());
                [before, &rest[width::<K>()..]].concat()
            }
            Err(_) => self.words.to_vec(),
        }
    }

    /// The place of a prefix, or the one where it belongs.
    fn search<K: Key>(self, bits: K, length: u8) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.count::<K>());
        while low < high {
            let middle = low.midpoint(high);
            let route = self.at::<K>(middle);
            match (route.bits, route.length).cmp(&(bits, length)) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Ok(middle),
                Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }
}

#[inline]
fn route<K: Key>(words: &[u16]) -> Route<K> {
    let value = word(&[words[K::WORDS], words[K::WORDS + 1]]);
    let [length, ..] = value.to_le_bytes();
    Route { bits: K::read(words), length, value: value >> 8 }
}

/// Two words as one number.
#[inline]
pub(super) fn word(&[low, high]: &[u16; 2]) -> u32 {
    u32::from(high) << 16 | u32::from(low)
}

/// What [`word`] puts together.
#[allow(clippy::cast_possible_truncation, reason = "one half at a time")]
pub(super) fn halves(word: u32) -> [u16; 2] {
    [word as u16, (word >> 16) as u16]
}
