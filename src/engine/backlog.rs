//! How much waits in a queue.

/// Bytes above which packets are better moved one by one: copying them takes longer than the
/// system call, and a few of them fill the cache.
const LARGE: usize = 2048;

/// Foretells from what a queue gave last what it will give next, so that a worker asks for as many
/// packets at once as are probably there: asking for one that is not there costs a fifth of
/// receiving one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    expected: usize,
}

impl Backlog {
    /// Nothing is known yet.
    pub const UNKNOWN: Self = Self { expected: 1 };

    /// True if so many packets of so many bytes in all are better moved one by one.
    #[must_use]
    pub fn is_large(packets: usize, bytes: usize) -> bool {
        bytes > packets * LARGE
    }

    /// Number of packets to ask for, at least one.
    #[must_use]
    pub fn expected(self) -> usize {
        self.expected
    }

    /// The queue gave so many packets of so many bytes in all.
    #[must_use]
    pub fn seen(packets: usize, bytes: usize) -> Self {
        // Twice as many: a queue that fills faster than it is emptied is noticed, and one that gave
        // a few keeps the number small.
        Self { expected: if Self::is_large(packets, bytes) { 1 } else { (packets * 2).max(1) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_with_what_comes_and_falls_with_it() {
        assert_eq!([0, 1, 5, 64].map(|packets| Backlog::seen(packets, packets * 60).expected()), [1, 2, 10, 128]);
    }

    #[test]
    fn large_packets_are_moved_one_by_one() {
        assert_eq!(Backlog::seen(8, 8 * 60_000), Backlog::UNKNOWN);
        assert_eq!(Backlog::seen(8, 8 * LARGE).expected(), 16);
    }
}
