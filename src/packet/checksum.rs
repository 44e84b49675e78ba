//! The Internet checksum (RFC 1071) and its incremental update (RFC 1624).

use std::net::IpAddr;

/// A running one's complement sum of 16-bit words. It does not depend on the byte order (RFC 1071,
/// section 2 B), so words are added as they lie in memory, and only the end result is turned.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sum(u64);

impl Sum {
    /// Adds bytes that start at an even distance from the first byte summed. Only the last piece
    /// of a sum may have an odd length; it counts as padded by a zero byte.
    #[must_use]
    #[inline]
    pub fn bytes(self, bytes: &[u8]) -> Self {
        let mut sum = self.0;
        let mut words = bytes.chunks_exact(4);
        for word in &mut words {
            // 2^32 words of 32 bits fit; a frame has fewer than 2^15.
            sum += u64::from(u32::from_ne_bytes([word[0], word[1], word[2], word[3]]));
        }
        let mut tail = [0; 4];
        let rest = words.remainder();
        tail[..rest.len()].copy_from_slice(rest);
        Self(sum + u64::from(u32::from_ne_bytes(tail)))
    }

    /// Adds one word.
    #[must_use]
    #[inline]
    pub fn word(self, word: u16) -> Self {
        Self(self.0 + u64::from(word.to_be()))
    }

    /// The sum with its carries added back in, not complemented. Over data that includes a correct
    /// checksum it is 0xffff.
    #[must_use]
    #[inline]
    pub fn folded(self) -> u16 {
        // Each turn leaves the upper half's sum plus the lower's: at most 33, 18, 17 and 16 bits.
        let sum = (self.0 & 0xffff_ffff) + (self.0 >> 32);
        let sum = (sum & 0xffff) + (sum >> 16);
        let sum = (sum & 0xffff) + (sum >> 16);
        let sum = (sum & 0xffff) + (sum >> 16);
        #[allow(clippy::cast_possible_truncation)] // at most 0xffff here
        u16::from_be(sum as u16)
    }

    /// The checksum: the complement of the sum.
    #[must_use]
    pub fn finish(self) -> u16 {
        !self.folded()
    }
}

/// The sum of the pseudo-header that transport checksums cover (RFC 9293, 3.1; RFC 8200, 8.1).
/// Both addresses are of one family.
#[must_use]
pub fn pseudo_header(source: IpAddr, destination: IpAddr, protocol: u8, length: u32) -> Sum {
    let add = |sum: Sum, address: IpAddr| match address {
        IpAddr::V4(address) => sum.bytes(&address.octets()),
        IpAddr::V6(address) => sum.bytes(&address.octets()),
    };
    add(add(Sum::default(), source), destination).bytes(&length.to_be_bytes()).word(u16::from(protocol))
}

/// The checksum after one 16-bit word it covers has changed (RFC 1624, equation 3). If all that it covers is zero
/// by then, it is the wrong one of the two zeroes: IP headers never are, nor is what a pseudo-header goes with.
#[must_use]
#[inline]
pub fn updated(checksum: u16, old: u16, new: u16) -> u16 {
    Sum::default().word(!checksum).word(!old).word(new).finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Straight from the definition, word by word.
    fn plain(bytes: &[u8]) -> u16 {
        let mut sum = 0u32;
        for pair in bytes.chunks(2) {
            sum += u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !u16::try_from(sum).unwrap()
    }

    #[test]
    fn the_example_of_rfc_1071() {
        let sum = Sum::default().bytes(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
        assert_eq!(sum.folded(), 0xddf2);
    }

    #[test]
    fn the_corner_case_of_rfc_1624() {
        // Section 4: the update of RFC 1141 gives 0xffff here where 0x0000 is right.
        assert_eq!(updated(0xdd2f, 0x5555, 0x3285), 0x0000);
    }

    /// The number from 1 to 0xffff that `sum` is congruent to modulo 0xffff, which is what adding the carries
    /// back in comes to; 0 is by itself.
    fn representative(sum: u64) -> u16 {
        let number = if sum == 0 { 0 } else { (sum - 1) % 0xffff + 1 };
        u16::try_from(number).unwrap()
    }

    /// That [`updated`] is right for every checksum and every change of a word, in three steps that leave no case
    /// out. First: the sum of the three words it adds is folded right, whatever they are.
    #[test]
    fn an_update_folds_every_sum_right() {
        for sum in 0..=3 * 0xffff {
            assert_eq!(Sum(sum).folded(), u16::from_be(representative(sum)), "{sum:#x}");
        }
    }

    /// Second: turning the bytes of the words and of the result is multiplying by 256 both times, and so once by
    /// 65536, which is 1 modulo 0xffff. No word but 0 becomes 0.
    #[test]
    fn turning_bytes_keeps_every_congruence() {
        for word in 0..=u16::MAX {
            assert_eq!(representative(u64::from(word) * 256), word.swap_bytes(), "{word:#x}");
        }
    }

    /// Third: with the sum of all other words `rest`, the checksum is `!(rest + old)` and is to be `!(rest + new)`.
    /// By the first two the update is the complement of a representative of `rest + old - old + new`, and nothing
    /// else is left than which of the two zeroes that is: the sums with a representative of 0xffff or 0.
    #[test]
    fn an_update_has_the_zero_that_a_new_sum_has() {
        let of = |rest: u16, word: u16| !representative(u64::from(rest) + u64::from(word));
        let edges = [0, 1, 0xff, 0x100, 0x7fff, 0x8000, 0xfeff, 0xff00, 0xfffe, 0xffff];
        let mut zeroes = 0;
        for word in 0..=u16::MAX {
            for edge in edges {
                // All pairs of words with which the sum is congruent to zero, and all words beside the edges.
                for (rest, old, new) in
                    [(word, edge, !word), (word, !word, edge), (edge, word, !edge), (word, edge, edge)]
                {
                    // The header of a packet is never all zero.
                    if (rest, old) == (0, 0) || (rest, new) == (0, 0) {
                        continue;
                    }
                    let result = updated(of(rest, old), old, new);
                    assert_eq!(result, of(rest, new), "{rest:#x} {old:#x} {new:#x}");
                    zeroes += usize::from(result == 0);
                }
            }
        }
        assert!(zeroes > 0x10000, "{zeroes}");
    }

    proptest! {
        #[test]
        fn sums_are_those_of_the_definition(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..50) {
            prop_assert_eq!(Sum::default().bytes(&bytes).finish(), plain(&bytes));
            let (head, tail) = bytes.split_at((2 * cut).min(bytes.len()));
            prop_assert_eq!(Sum::default().bytes(head).bytes(tail).finish(), plain(&bytes));
        }

        #[test]
        fn an_update_equals_a_new_sum(mut header in proptest::collection::vec(any::<u8>(), 20), at in 0usize..4, new: u16) {
            header[0] = 0x45; // not all zero, as no header is
            header[10..12].fill(0);
            let before = Sum::default().bytes(&header).finish();
            let old = u16::from_be_bytes([header[2 * at + 2], header[2 * at + 3]]);
            header[2 * at + 2..2 * at + 4].copy_from_slice(&new.to_be_bytes());
            prop_assert_eq!(updated(before, old, new), Sum::default().bytes(&header).finish());
        }
    }
}
