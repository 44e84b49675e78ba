//! Shares of traffic.

use std::fmt;
use std::str::FromStr;

/// How much of the flows one of several ways takes, beside the others' weights: 1 to 256, as the
/// kernel has it (`rtnh_hops` of rtnetlink(7) is one less).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(u16);

/// A number that is no weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a weight is a number from {} to {}", Weight::MIN, Weight::MAX)]
pub struct WeightError;

impl Weight {
    /// The least.
    pub const MIN: u32 = 1;
    /// The greatest.
    pub const MAX: u32 = 256;
    /// The weight of a way that nobody has given another.
    pub const ONE: Self = Self(1);

    /// The number.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }

    /// The weight that the kernel writes as one less.
    #[must_use]
    pub fn from_hops(hops: u8) -> Self {
        Self(u16::from(hops) + 1)
    }

    /// One less, as the kernel writes it.
    #[must_use]
    pub fn hops(self) -> u8 {
        u8::try_from(self.0 - 1).unwrap_or(u8::MAX)
    }
}

impl Default for Weight {
    fn default() -> Self {
        Self::ONE
    }
}

impl TryFrom<i64> for Weight {
    type Error = WeightError;

    fn try_from(number: i64) -> Result<Self, WeightError> {
        let number = u16::try_from(number).map_err(|_| WeightError)?;
        if (Self::MIN..=Self::MAX).contains(&number.into()) { Ok(Self(number)) } else { Err(WeightError) }
    }
}

impl FromStr for Weight {
    type Err = WeightError;

    fn from_str(text: &str) -> Result<Self, WeightError> {
        text.parse::<i64>().map_err(|_| WeightError)?.try_into()
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_counts_from_zero() {
        for (number, hops) in [(1, 0), (2, 1), (256, 255)] {
            let weight = Weight::try_from(number).unwrap();
            assert_eq!((weight.hops(), Weight::from_hops(hops)), (hops, weight));
        }
        for number in [-1, 0, 257, 65_537] {
            assert_eq!(Weight::try_from(number), Err(WeightError));
        }
        assert_eq!("3".parse::<Weight>().map(Weight::get), Ok(3));
        assert_eq!("three".parse::<Weight>(), Err(WeightError));
    }
}
