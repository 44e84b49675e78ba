//! What a port counts.

use std::ops::AddAssign;

use super::{DropReason, Verdict};

/// Counters of a port in one worker. Always:
/// `received = sent + answered + held + sum of drops`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortCounters {
    /// Packets that came in by the port; a super-packet is one.
    pub received: u64,
    /// Bytes of those frames.
    pub received_bytes: u64,
    /// Of the received: went out by some port.
    pub sent: u64,
    /// Of the received: were for us and answered or taken in.
    pub answered: u64,
    /// Of the received: are in our hands now, waiting for a neighbour or to be written.
    pub held: u64,
    /// Frames that went out by this port, wherever they came from.
    pub transmitted: u64,
    /// Bytes of those frames.
    pub transmitted_bytes: u64,
    drops: [u64; DropReason::ALL.len()],
}

impl PortCounters {
    /// Packets received and dropped for this reason.
    #[must_use]
    pub fn dropped(&self, reason: DropReason) -> u64 {
        self.drops[reason.index()]
    }

    /// The reasons that occurred, with their counts.
    pub fn drops(&self) -> impl Iterator<Item = (DropReason, u64)> {
        DropReason::ALL.into_iter().zip(self.drops).filter(|(_, count)| *count > 0)
    }

    pub(super) fn receive(&mut self, bytes: usize) {
        self.received += 1;
        self.received_bytes += bytes as u64;
    }

    /// A received packet has its verdict.
    #[inline]
    pub(super) fn decided(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Forward(_) | Verdict::Answer | Verdict::Taken => self.held += 1,
            Verdict::Consumed => self.answered += 1,
            Verdict::Reject(reason) | Verdict::Drop(reason) => self.drop_one(reason),
        }
    }

    pub(super) fn drop_one(&mut self, reason: DropReason) {
        self.drops[reason.index()] += 1;
    }

    pub(super) fn transmit(&mut self, bytes: usize) {
        self.transmitted += 1;
        self.transmitted_bytes += bytes as u64;
    }

    /// One of the held is no longer in our hands; the caller counts what it has become.
    pub(super) fn settle(&mut self) {
        debug_assert!(self.held > 0, "settled more packets than were held");
        self.held = self.held.saturating_sub(1);
    }
}

impl Default for PortCounters {
    fn default() -> Self {
        Self {
            received: 0,
            received_bytes: 0,
            sent: 0,
            answered: 0,
            held: 0,
            transmitted: 0,
            transmitted_bytes: 0,
            drops: [0; DropReason::ALL.len()],
        }
    }
}

impl AddAssign<&Self> for PortCounters {
    /// Adds another worker's counters of the same port.
    fn add_assign(&mut self, other: &Self) {
        self.received += other.received;
        self.received_bytes += other.received_bytes;
        self.sent += other.sent;
        self.answered += other.answered;
        self.held += other.held;
        self.transmitted += other.transmitted;
        self.transmitted_bytes += other.transmitted_bytes;
        for (mine, theirs) in self.drops.iter_mut().zip(other.drops) {
            *mine += theirs;
        }
    }
}
