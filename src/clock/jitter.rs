//! Times spread, so that those who wait alike do not go on meeting.

use std::time::Duration;

/// A source of small additions to times. Not random enough for anything else: a seed gives the same
/// additions again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jitter(Option<u64>);

impl Jitter {
    /// Adds nothing.
    pub const NONE: Self = Self(None);

    /// The jitter of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(Some(seed))
    }

    /// The time, or up to a quarter more.
    pub fn spread(&mut self, time: Duration) -> Duration {
        let Some(state) = &mut self.0 else { return time };
        // SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let share = u32::try_from(mixed >> 54).unwrap_or(0);
        time + time / 4 * share / (1 << 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_grow_by_a_quarter_at_most() {
        let (mut jitter, time) = (Jitter::new(1), Duration::from_secs(60));
        let times: Vec<Duration> = (0..1000).map(|_| jitter.spread(time)).collect();
        assert!(times.iter().all(|spread| (time..time * 5 / 4).contains(spread)));
        let late = times.iter().filter(|spread| **spread > time * 9 / 8).count();
        assert!((400..600).contains(&late), "{late} in the later half");
        assert_eq!({ Jitter::NONE }.spread(time), time);
    }
}
