//! Addresses as bit strings, cut into strides.

/// Address bits that one node or branch decides.
pub(super) const STRIDE: u8 = 6;

/// Values that [`STRIDE`] bits take.
pub(super) const PLACES: usize = 1 << STRIDE;

/// An address, the most significant bit first.
pub(super) trait Key: Copy + Ord {
    /// The address of zeros.
    const ZERO: Self;

    /// 16-bit words in an address.
    const WORDS: usize;

    /// The stride that begins `depth` bits from the front; bits past the end are zero.
    fn stride(self, depth: u8) -> usize;

    /// The first 32 bits.
    fn top(self) -> u32;

    /// The address of these first 32 bits, the others zero.
    fn from_top(top: u32) -> Self;

    /// Number of leading bits that two addresses share.
    fn shared(self, other: Self) -> u8;

    /// True if two addresses share their first `length` bits.
    fn agrees(self, other: Self, length: u8) -> bool;

    /// The address of these words, as [`Key::write`] wrote them.
    fn read(words: &[u16]) -> Self;

    /// Appends the words of an address.
    fn write(self, words: &mut Vec<u16>);
}

impl Key for u32 {
    const ZERO: Self = 0;
    const WORDS: usize = 2;

    #[inline]
    fn stride(self, depth: u8) -> usize {
        (self << depth >> (Self::BITS - u32::from(STRIDE))) as usize
    }

    #[inline]
    fn top(self) -> u32 {
        self
    }

    fn from_top(top: u32) -> Self {
        top
    }

    #[allow(clippy::cast_possible_truncation, reason = "at most 32")]
    fn shared(self, other: Self) -> u8 {
        (self ^ other).leading_zeros() as u8
    }

    #[inline]
    fn agrees(self, other: Self, length: u8) -> bool {
        u64::from(self ^ other) >> (32 - length) == 0
    }

    #[inline]
    fn read(words: &[u16]) -> Self {
        u32::from(words[1]) << 16 | u32::from(words[0])
    }

    #[allow(clippy::cast_possible_truncation, reason = "one word at a time")]
    fn write(self, words: &mut Vec<u16>) {
        words.extend([self as u16, (self >> 16) as u16]);
    }
}

impl Key for u128 {
    const ZERO: Self = 0;
    const WORDS: usize = 8;

    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "the first half")]
    fn stride(self, depth: u8) -> usize {
        // Few routes are longer than 64 bits, and shifts of 128 bits cost three times as much.
        if depth <= 64 - STRIDE {
            (((self >> 64) as u64) << depth >> (64 - STRIDE)) as usize
        } else {
            (self << depth >> (128 - STRIDE)) as usize
        }
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "32 bits are left")]
    fn top(self) -> u32 {
        (self >> 96) as u32
    }

    fn from_top(top: u32) -> Self {
        Self::from(top) << 96
    }

    #[allow(clippy::cast_possible_truncation, reason = "at most 128")]
    fn shared(self, other: Self) -> u8 {
        (self ^ other).leading_zeros() as u8
    }

    #[inline]
    fn agrees(self, other: Self, length: u8) -> bool {
        self.shared(other) >= length
    }

    #[inline]
    fn read(words: &[u16]) -> Self {
        words[..Self::WORDS].iter().rev().fold(0, |high, &low| high << 16 | Self::from(low))
    }

    #[allow(clippy::cast_possible_truncation, reason = "one word at a time")]
    fn write(self, words: &mut Vec<u16>) {
        words.extend([0, 16, 32, 48, 64, 80, 96, 112].map(|shift| (self >> shift) as u16));
    }
}
