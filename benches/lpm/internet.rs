//! Tables as the Internet's: prefixes of its lengths, as close to each other as its are.
//!
//! Addresses come from a cascade (Kohler, Li, Paxson, Shenker, "Observed structure of addresses in
//! IP traffic", IMC 2002): each prefix divides what lies in it between its two halves by a share of
//! its own, always the same. Lengths and shares were read from a full table of 901,899 IPv4 and 160,147 IPv6 routes.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use vgw::addr::{Family, Prefix};

use super::random::SplitMix64;

/// Routes of a family on the Internet.
pub(crate) fn size(family: Family) -> usize {
    match family {
        Family::V4 => 900_000,
        Family::V6 => 160_000,
    }
}

struct Shape {
    /// Bits that all prefixes begin with.
    first: u128,
    /// Number of these bits.
    fixed: u8,
    /// Numbers of prefixes by length.
    lengths: &'static [(u8, usize)],
    /// For prefixes of each length, how many in a hundred have an empty half, and how unequal the
    /// halves of the others are (0: equal); the last pair for all others.
    halves: &'static [(u64, f64)],
}

#[rustfmt::skip]
const V4: Shape = Shape {
    first: 0,
    fixed: 0,
    lengths: &[
        (8, 16), (9, 13), (10, 38), (11, 103), (12, 299), (13, 581), (14, 1203), (15, 2100),
        (16, 13490), (17, 8235), (18, 13798), (19, 24870), (20, 42611), (21, 50750), (22, 108_623),
        (23, 96510), (24, 537_698), (25, 20), (27, 11), (28, 18), (29, 17), (32, 886),
    ],
    halves: &[
        (0, 0.1), (0, 0.3), (0, 0.5), (0, 0.4), (0, 0.3), (4, 0.4), (4, 0.4), (8, 0.7), (6, 0.5),
        (6, 0.6), (8, 0.6), (10, 0.7), (15, 0.7), (20, 0.7), (24, 0.7), (28, 0.7), (26, 0.4), (26, 0.4),
        (25, 0.4), (25, 0.4), (16, 0.3),
    ],
};

#[rustfmt::skip]
const V6: Shape = Shape {
    first: 0x2 << 124,
    fixed: 4,
    lengths: &[
        (20, 16), (24, 30), (28, 193), (29, 4371), (30, 650), (31, 284), (32, 22548), (33, 2926),
        (34, 2603), (35, 1043), (36, 5996), (37, 880), (38, 1617), (39, 1377), (40, 13418), (41, 903),
        (42, 2301), (43, 1001), (44, 14365), (45, 1553), (46, 3039), (47, 3153), (48, 75488), (56, 24),
        (64, 184), (127, 42),
    ],
    halves: &[
        (100, 0.0), (100, 0.0), (100, 0.0), (100, 0.0), (0, 0.3), (0, 2.3), (50, 0.4), (100, 0.0),
        (100, 0.0), (83, 3.9), (86, 2.5), (75, 3.9), (70, 0.5), (54, 0.7), (20, 0.7), (10, 0.9),
        (10, 1.3), (10, 1.2), (10, 1.2), (8, 1.2), (0, 1.2), (0, 1.3), (0, 1.3), (8, 2.0), (15, 2.0),
        (25, 1.8), (30, 1.8), (30, 2.0), (40, 2.0), (50, 1.6), (75, 1.8), (75, 1.8), (68, 1.2),
        (68, 0.9), (68, 0.9), (68, 0.8), (68, 0.7), (65, 0.6), (65, 0.5), (66, 0.4), (58, 0.5),
        (50, 0.4), (45, 0.3), (30, 0.3), (20, 0.2),
    ],
};

/// A table of so many prefixes in random order, the same in each run.
pub(crate) fn table(family: Family, size: usize) -> Vec<Prefix> {
    let shape = if family == Family::V4 { V4 } else { V6 };
    let (mut prefixes, mut known) = (Vec::with_capacity(size), HashSet::with_capacity(size));
    let mut random = SplitMix64(1);
    while prefixes.len() < size {
        let length = shape.length(&mut random);
        let bits = shape.bits(length, &mut random);
        let address: IpAddr = match family {
            Family::V4 => Ipv4Addr::from_bits(u32::try_from(bits >> 96).expect("32 bits are left")).into(),
            Family::V6 => Ipv6Addr::from_bits(bits).into(),
        };
        let prefix = Prefix::new(address, length).expect("lengths fit their family");
        if known.insert(prefix) {
            prefixes.push(prefix);
        }
    }
    prefixes
}

impl Shape {
    fn length(&self, random: &mut SplitMix64) -> u8 {
        let mut number = random.below(self.lengths.iter().map(|(_, number)| number).sum());
        for &(length, of_it) in self.lengths {
            if number < of_it {
                return length;
            }
            number -= of_it;
        }
        unreachable!("the number is less than their sum")
    }

    fn bits(&self, length: u8, random: &mut SplitMix64) -> u128 {
        let mut bits = self.first;
        for depth in self.fixed..length {
            let (empty, skew) = *self.halves.get(usize::from(depth)).or(self.halves.last()).expect("there are some");
            let mut own = SplitMix64(fold(bits) ^ u64::from(depth));
            let share = own.fraction();
            let ones = if own.next() % 100 < empty {
                share.round()
            } else {
                // The powers of share and complement are further apart, or nearer to each other.
                let (one, other) = (share.powf(skew), (1. - share).powf(skew));
                one / (one + other)
            };
            if random.fraction() < ones {
                bits |= 1 << (127 - depth);
            }
        }
        bits
    }
}

/// A number that differs for different prefixes.
#[allow(clippy::cast_possible_truncation, reason = "both halves are taken")]
fn fold(bits: u128) -> u64 {
    (bits >> 64) as u64 ^ bits as u64
}
