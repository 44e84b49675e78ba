//! How much waits for a reader: the account of the workers, who put in, and of the reader, who takes out.

use super::sync::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// Room for so many bytes on the way to one reader. What they are sent by orders what belongs together, so that
/// nothing is taken out of the account before it was put in; the numbers need no more order than that.
#[derive(Debug)]
pub(in crate::engine) struct Room {
    limit: usize,
    waiting: AtomicUsize,
    lost: AtomicU64,
    has_ended: AtomicBool,
}

impl Room {
    pub(in crate::engine) fn new(limit: usize) -> Self {
        let (waiting, lost, has_ended) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicBool::new(false));
        Self { limit, waiting, lost, has_ended }
    }

    /// Takes room for so many bytes; false, with nothing taken, if there is not enough.
    pub(in crate::engine) fn enter(&self, bytes: usize) -> bool {
        let fits = self.waiting.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.limit;
        if !fits {
            self.leave(bytes);
        }
        fits
    }

    /// Gives room back.
    pub(in crate::engine) fn leave(&self, bytes: usize) {
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Counts something that is not shown.
    pub(in crate::engine) fn miss(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were not shown.
    pub(in crate::engine) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// The reader is gone.
    pub(in crate::engine) fn end(&self) {
        self.has_ended.store(true, Ordering::Relaxed);
    }

    /// True once the reader is gone.
    pub(in crate::engine) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Relaxed)
    }
}
