//! What stands in the place of `src/engine/shared/sync.rs`.

use std::collections::VecDeque;
use std::time::Duration;

pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
pub(crate) use loom::sync::{Arc, Condvar, Mutex, MutexGuard};

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nothing panics while it holds a lock")
}

/// Waits for ever: who would have been saved by the time being over is found out.
pub(crate) fn wait_while<'a, T>(
    condvar: &Condvar,
    mut guard: MutexGuard<'a, T>,
    _: Duration,
    mut condition: impl FnMut(&mut T) -> bool,
) -> MutexGuard<'a, T> {
    while condition(&mut guard) {
        guard = condvar.wait(guard).expect("nothing panics while it holds a lock");
    }
    guard
}

/// A channel of so many messages.
#[derive(Debug)]
pub(crate) struct Sender<M>(Arc<Mutex<VecDeque<M>>>, usize);

/// Its other end, which does not wait.
pub(crate) struct Receiver<M>(Arc<Mutex<VecDeque<M>>>);

pub(crate) fn channel<M>(capacity: usize) -> (Sender<M>, Receiver<M>) {
    let queue = Arc::new(Mutex::new(VecDeque::new()));
    (Sender(Arc::clone(&queue), capacity), Receiver(queue))
}

impl<M> Sender<M> {
    pub(crate) fn send(&self, message: M) -> Result<(), M> {
        let mut queue = lock(&self.0);
        if queue.len() == self.1 {
            return Err(message);
        }
        queue.push_back(message);
        Ok(())
    }
}

impl<M> Clone for Sender<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0), self.1)
    }
}

impl<M> Receiver<M> {
    pub(crate) fn try_recv(&self) -> Option<M> {
        lock(&self.0).pop_front()
    }
}

/// An eventfd that epoll watches by edges: waking makes it ready, and being told of it makes it unready, however
/// often it was woken.
#[derive(Debug, Default)]
pub(crate) struct Waker(Mutex<bool>, Condvar);

impl Waker {
    pub(crate) fn wake(&self) -> Result<(), ()> {
        *lock(&self.0) = true;
        self.1.notify_one();
        Ok(())
    }

    /// As `mio::Poll::poll` without a timeout.
    pub(crate) fn poll(&self) {
        let mut ready = wait_while(&self.1, lock(&self.0), Duration::MAX, |ready| !*ready);
        *ready = false;
    }
}
