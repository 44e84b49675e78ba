//! Connections that have sent something, and the threads that serve them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::engine::Party;

/// Threads that wait for the next connection; further ones end. To start one costs as much as a short call.
const SPARE: usize = 4;

/// Threads that serve one connection after the other, and the connections that no thread has yet.
///
/// There are never more threads than connections may be served at a time. When all are busy, a connection waits for
/// one whose connection has been displaced, and is about to end.
pub(super) struct Pool<T> {
    line: Mutex<Line<T>>,
    /// There is something to do for a thread that waits.
    called: Condvar,
}

/// Who is served, and who comes next.
struct Line<T> {
    waiting: VecDeque<(Party, u64, T)>,
    /// How many of a party's connections have a thread.
    served: BTreeMap<Party, usize>,
    threads: usize,
    /// Of these, those that have nothing to do.
    free: usize,
    limit: usize,
    is_closed: bool,
}

impl<T> Pool<T> {
    /// At most so many threads.
    pub(super) fn new(limit: usize) -> Self {
        let (waiting, served) = (VecDeque::new(), BTreeMap::new());
        let line = Line { waiting, served, threads: 0, free: 0, limit, is_closed: false };
        Self { line: Mutex::new(line), called: Condvar::new() }
    }

    /// A connection is to be served. True if a thread is to be started for it, which then asks for [`Pool::next`].
    #[must_use]
    pub(super) fn enter(&self, party: Party, number: u64, connection: T) -> bool {
        let needs_thread = self.line().enter(party, number, connection);
        if !needs_thread {
            self.called.notify_one();
        }
        needs_thread
    }

    /// The thread that was to be started is not: its connection is given back, unless another thread has it.
    pub(super) fn not_started(&self, number: u64) -> Option<T> {
        let mut line = self.line();
        line.threads -= 1;
        line.remove(number)
    }

    /// A connection that waits is not to be served any more.
    pub(super) fn remove(&self, number: u64) -> Option<T> {
        self.line().remove(number)
    }

    /// The next connection for a thread; waits for one. `None`: the thread is to end.
    pub(super) fn next(&self) -> Option<(Party, T)> {
        let mut line = self.line();
        loop {
            if !line.is_closed
                && let Some(next) = line.next()
            {
                return Some(next);
            }
            if line.is_closed || line.free >= SPARE {
                line.threads -= 1;
                return None;
            }
            line.free += 1;
            line = self.called.wait(line).unwrap_or_else(PoisonError::into_inner);
            line.free -= 1;
        }
    }

    /// A connection of this party has ended.
    pub(super) fn ended(&self, party: &Party) {
        self.line().ended(party);
    }

    /// Nobody is served any more but who is already.
    pub(super) fn close(&self) {
        self.line().is_closed = true;
        self.called.notify_all();
    }

    fn line(&self) -> MutexGuard<'_, Line<T>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Line<T> {
    fn enter(&mut self, party: Party, number: u64, connection: T) -> bool {
        self.waiting.push_back((party, number, connection));
        let needs_thread = self.waiting.len() > self.free && self.threads < self.limit;
        self.threads += usize::from(needs_thread);
        needs_thread
    }

    /// Of the party of whose connections the fewest are served, the one that waits the longest.
    fn next(&mut self) -> Option<(Party, T)> {
        let served = |party| self.served.get(party).copied().unwrap_or(0);
        let (at, _) = self.waiting.iter().enumerate().min_by_key(|(_, (party, ..))| served(party))?;
        let (party, _, connection) = self.waiting.remove(at)?;
        *self.served.entry(party.clone()).or_default() += 1;
        Some((party, connection))
    }

    fn ended(&mut self, party: &Party) {
        if let Some(served) = self.served.get_mut(party) {
            *served -= 1;
            if *served == 0 {
                self.served.remove(party);
            }
        }
    }

    fn remove(&mut self, number: u64) -> Option<T> {
        let at = self.waiting.iter().position(|(_, waiting, _)| *waiting == number)?;
        self.waiting.remove(at).map(|(.., connection)| connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: Party = Party::User(1);
    const OTHER: Party = Party::User(2);

    /// Connections wait under these numbers, in this order.
    fn waiting(limit: usize, connections: impl IntoIterator<Item = (Party, u64)>) -> Pool<u64> {
        let pool = Pool::new(limit);
        for (party, number) in connections {
            _ = pool.enter(party, number, number);
        }
        pool
    }

    #[test]
    fn a_partys_crowd_does_not_delay_another() {
        let pool = waiting(9, (0..7).map(|number| (OTHER, number)).chain([(ME, 7), (ME, 8), (OTHER, 9)]));
        let mut served: Vec<u64> = (0..6).map(|_| pool.next().unwrap().1).collect();
        assert_eq!(served, [0, 7, 1, 8, 2, 3], "in turn, and within a party who came first");
        for _ in 0..3 {
            pool.ended(&OTHER);
        }
        _ = pool.enter(ME, 10, 10);
        served = (0..2).map(|_| pool.next().unwrap().1).collect();
        assert_eq!(served, [4, 5], "fewer of theirs are served now");
        assert_eq!(pool.next().unwrap().1, 10);
    }

    #[test]
    fn there_are_no_more_threads_than_are_needed_nor_than_are_allowed() {
        let pool = waiting(2, []);
        assert!(pool.enter(ME, 0, 0) && pool.enter(ME, 1, 1) && !pool.enter(ME, 2, 2));
        let line = || pool.line();
        assert_eq!(line().threads, 2);
        assert_eq!(line().waiting.len(), 3);
        assert!(pool.remove(1).is_some() && pool.remove(1).is_none());
        assert_eq!([pool.next().unwrap().1, pool.next().unwrap().1], [0, 2]);
        line().free = 1;
        assert!(!pool.enter(ME, 3, 3), "one has nothing to do");
        assert!(pool.remove(3).is_some());
        line().free = SPARE;
        assert!(pool.next().is_none(), "enough wait");
        assert_eq!(line().threads, 1);
        line().free = 0;
        assert!(pool.enter(ME, 4, 4));
        assert_eq!(pool.not_started(4), Some(4));
        assert_eq!(line().threads, 1);
    }

    #[test]
    fn at_the_end_nobody_waits() {
        let pool = waiting(2, [(ME, 0)]);
        pool.close();
        assert!(pool.next().is_none(), "who has no thread yet gets none");
        assert_eq!(pool.line().threads, 0);
    }
}
