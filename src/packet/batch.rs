//! Several packets at once, as they come from one device.

use super::Packet;

/// A reusable row of buffers. A device fills it from the front until one of two bounds is met, so
/// that a batch of super-packets does not fall out of the cache: the figures behind the byte
/// bound are in docs/benchmarks.md.
#[derive(Debug)]
pub struct Batch {
    packets: Vec<Packet>,
    filled: usize,
    bytes: usize,
    byte_limit: usize,
}

impl Batch {
    /// An empty batch of at most `packets` packets; once `bytes` bytes are in, it counts as full.
    #[must_use]
    pub fn new(packets: usize, bytes: usize) -> Self {
        Self { packets: (0..packets).map(|_| Packet::new()).collect(), filled: 0, bytes: 0, byte_limit: bytes }
    }

    /// Empties the batch; the buffers stay.
    pub fn clear(&mut self) {
        self.filled = 0;
        self.bytes = 0;
    }

    /// True if no further packet should be put in.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.filled == self.packets.len() || self.bytes >= self.byte_limit
    }

    /// True if it holds no packet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Number of packets held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.filled
    }

    /// Bytes of the frames held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The next free buffer, to be filled and then kept by [`Batch::commit`]; `None` when full.
    pub fn vacant(&mut self) -> Option<&mut Packet> {
        if self.is_full() { None } else { self.packets.get_mut(self.filled) }
    }

    /// Keeps what was put into [`Batch::vacant`]'s buffer.
    pub fn commit(&mut self) {
        self.keep(0);
    }

    /// The first free buffers, at most `count` of them, to be filled at once and then kept one by one
    /// by [`Batch::keep`]. The bound in bytes is for whoever asks to respect.
    pub fn free(&mut self, count: usize) -> &mut [Packet] {
        let end = self.packets.len().min(self.filled + count);
        &mut self.packets[self.filled..end]
    }

    /// Keeps a free buffer that was filled, `skipped` after the first one.
    pub fn keep(&mut self, skipped: usize) {
        self.packets.swap(self.filled, self.filled + skipped);
        self.bytes += self.packets[self.filled].length();
        self.filled += 1;
    }

    /// The packets held, first come first.
    pub fn packets_mut(&mut self) -> &mut [Packet] {
        &mut self.packets[..self.filled]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_full_by_count_or_by_bytes() {
        let mut batch = Batch::new(3, 100);
        for frame in [&[0u8; 10][..], &[0; 95]] {
            batch.vacant().unwrap().set_frame(frame);
            batch.commit();
        }
        assert!(batch.is_full(), "105 bytes of 100");
        assert!(batch.vacant().is_none());
        batch.clear();
        for _ in 0..3 {
            batch.vacant().unwrap().set_frame(&[0; 1]);
            batch.commit();
        }
        assert!(batch.is_full(), "3 packets of 3");
        assert_eq!(batch.packets_mut().len(), 3);
    }

    #[test]
    fn buffers_that_stayed_empty_are_passed_over() {
        let mut batch = Batch::new(4, usize::MAX);
        let free = batch.free(3);
        assert_eq!(free.len(), 3);
        // The first one got nothing, the two behind it did.
        for (packet, length) in free[1..].iter_mut().zip([5, 6]) {
            packet.set_frame(&vec![0; length]);
        }
        batch.keep(1);
        batch.keep(1);
        let lengths: Vec<usize> = batch.packets_mut().iter().map(Packet::length).collect();
        assert_eq!((lengths, batch.bytes()), (vec![5, 6], 11));
        assert_eq!(batch.free(9).len(), 2, "no more than there are");
    }
}
