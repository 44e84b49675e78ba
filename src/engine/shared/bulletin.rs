//! The latest items of a sequence, which anybody may read or wait for without holding up who posts them.

use std::collections::VecDeque;
use std::time::Duration;

use super::sync::{Condvar, Mutex, lock, wait_while};

/// Where to begin reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// After the item of this number; all that is kept if it has not been reached.
    After(u64),
    /// With the last so many.
    Last(u64),
}

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine) struct Extract<T> {
    /// Oldest first.
    pub(in crate::engine) items: Vec<T>,
    /// The number of the last that was posted; 0 if none was.
    pub(in crate::engine) newest: u64,
    /// How many of those asked for are no longer kept.
    pub(in crate::engine) lost: u64,
}

/// The latest items, each with its number from 1 on.
#[derive(Debug)]
pub(in crate::engine) struct Bulletin<T> {
    most: usize,
    ring: Mutex<Ring<T>>,
    news: Condvar,
}

#[derive(Debug)]
struct Ring<T> {
    kept: VecDeque<T>,
    newest: u64,
    /// Nobody is to wait any more.
    is_closed: bool,
}

impl<T: Clone> Bulletin<T> {
    /// Keeps so many items.
    pub(in crate::engine) fn new(most: usize) -> Self {
        let ring = Ring { kept: VecDeque::new(), newest: 0, is_closed: false };
        Self { most, ring: Mutex::new(ring), news: Condvar::new() }
    }

    /// Posts the item that is made for its number. Making it must not panic.
    pub(in crate::engine) fn post(&self, make: impl FnOnce(u64) -> T) {
        let mut ring = lock(&self.ring);
        ring.newest += 1;
        let item = make(ring.newest);
        if ring.kept.len() == self.most {
            ring.kept.pop_front();
        }
        ring.kept.push_back(item);
        self.news.notify_all();
    }

    /// At most `max` items; if there is none yet, waits for one at most so long, or until
    /// [`Bulletin::close`].
    pub(in crate::engine) fn read(&self, from: Since, max: usize, wait: Duration) -> Extract<T> {
        let ring = lock(&self.ring);
        let after = match from {
            Since::After(after) if after > ring.newest => 0,
            Since::After(after) => after,
            Since::Last(count) => ring.newest.saturating_sub(count),
        };
        let has_none = |ring: &mut Ring<T>| ring.newest <= after && !ring.is_closed;
        wait_while(&self.news, ring, wait, has_none).view(after, max)
    }

    /// Whoever waits has his answer at once, now and later.
    pub(in crate::engine) fn close(&self) {
        lock(&self.ring).is_closed = true;
        self.news.notify_all();
    }
}

impl<T: Clone> Ring<T> {
    fn view(&self, after: u64, max: usize) -> Extract<T> {
        // The sequence has no gaps.
        let oldest = self.newest - self.kept.len() as u64;
        let lost = oldest.saturating_sub(after);
        let skipped = usize::try_from(after.saturating_sub(oldest)).unwrap_or(usize::MAX);
        let items = self.kept.iter().skip(skipped).take(max).cloned().collect();
        Extract { items, newest: self.newest, lost }
    }
}
