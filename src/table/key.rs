//! Addresses as bit strings, cut into strides.

/// Address bits that one node decides.
pub(super) const STRIDE: u8 = 6;

/// Slots of a node: the values that [`STRIDE`] bits take.
pub(super) const SLOTS: usize = 1 << STRIDE;

/// An address, the most significant bit first.
pub(super) trait Key: Copy + Eq {
    /// The stride that begins `depth` bits from the front; bits past the end are zero.
    fn slot(self, depth: u8) -> usize;

    /// Number of leading bits that two addresses share.
    fn shared(self, other: Self) -> u8;

    /// The same address with all but the first `depth` bits zero.
    fn truncated(self, depth: u8) -> Self;

    /// The same address with `slot` in the stride at `depth`, which must be zero.
    fn with_slot(self, depth: u8, slot: usize) -> Self;
}

macro_rules! key {
    ($bits:ty) => {
        impl Key for $bits {
            #[inline]
            #[allow(clippy::cast_possible_truncation, reason = "the shift leaves STRIDE bits")]
            fn slot(self, depth: u8) -> usize {
                (self << depth >> (Self::BITS - STRIDE as u32)) as usize
            }

            #[inline]
            #[allow(clippy::cast_possible_truncation, reason = "an address has at most 128 bits")]
            fn shared(self, other: Self) -> u8 {
                (self ^ other).leading_zeros() as u8
            }

            fn truncated(self, depth: u8) -> Self {
                self & !Self::MAX.checked_shr(depth.into()).unwrap_or(0)
            }

            #[allow(clippy::cast_possible_truncation, reason = "a slot has STRIDE bits")]
            fn with_slot(self, depth: u8, slot: usize) -> Self {
                self | (slot as Self) << (Self::BITS - STRIDE as u32) >> depth
            }
        }
    };
}

key!(u32);
key!(u64);
key!(u128);

/// The places of a node: the prefixes of 0 to [`STRIDE`] bits below it, a binary tree numbered in
/// pre-order. This order is at once that of [`crate::addr::Prefix`] and, among the prefixes of one
/// address, that of their lengths. `slot` holds the prefix's bits, left-aligned.
pub(super) const fn place(slot: usize, length: u8) -> usize {
    // From the root one step down costs 1 and a step right skips a subtree of 2^k - 1 places, where
    // 2^k is twice the weight of the bit in `slot`.
    length as usize + 2 * slot - slot.count_ones() as usize
}

/// Number of places: the nodes of a binary tree of [`STRIDE`] + 1 levels.
const PLACES: usize = 2 * SLOTS - 1;

/// For each slot, the places of the prefixes that hold it.
pub(super) static PATHS: [u128; SLOTS] = {
    let mut paths = [0; SLOTS];
    let mut at = 0;
    while at < PLACES {
        let (first, length) = PREFIXES[at];
        let mut slot = first;
        while slot < first + (SLOTS >> length) {
            paths[slot] |= 1 << at;
            slot += 1;
        }
        at += 1;
    }
    paths
};

/// For each place, the slot and length that [`place`] was made from.
pub(super) static PREFIXES: [(usize, u8); PLACES] = {
    let mut prefixes = [(0, 0); PLACES];
    let mut length = 0;
    while length <= STRIDE {
        let mut slot = 0;
        while slot < SLOTS {
            prefixes[place(slot, length)] = (slot, length);
            slot += SLOTS >> length;
        }
        length += 1;
    }
    prefixes
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strides_cover_the_address_and_end_in_zeros() {
        let slots = |depths: &[u8]| depths.iter().map(|&depth| u32::MAX.slot(depth)).collect::<Vec<_>>();
        assert_eq!(slots(&[0, 6, 12, 18, 24, 30]), [63, 63, 63, 63, 63, 0b11_0000]);
        assert_eq!(1u128.slot(126), 0b01_0000);
        assert_eq!(0u32.with_slot(30, 0b01_0000), 1);
        assert_eq!(0u128.with_slot(0, 63), 63 << 122);
    }

    #[test]
    fn bits_are_shared_and_cut_from_the_front() {
        assert_eq!((0u32.shared(0), 0u32.shared(1), 0u128.shared(1 << 127)), (32, 31, 0));
        assert_eq!([0, 1, 31, 32].map(|depth| u32::MAX.truncated(depth)), [0, 1 << 31, !1, !0]);
        assert_eq!([0, 128].map(|depth| u128::MAX.truncated(depth)), [0, !0]);
    }

    #[test]
    fn places_are_numbered_in_the_order_of_prefixes() {
        assert!(PREFIXES.is_sorted());
        for (at, &(slot, length)) in PREFIXES.iter().enumerate() {
            assert_eq!(place(slot, length), at);
        }
    }

    #[test]
    fn a_path_holds_every_prefix_of_its_slot() {
        for (slot, path) in PATHS.iter().enumerate() {
            let cut = |length| slot >> (STRIDE - length) << (STRIDE - length);
            let expected = (0..=STRIDE).map(|length| 1 << place(cut(length), length)).fold(0, |a, b: u128| a | b);
            assert_eq!(*path, expected, "slot {slot}");
        }
    }
}
