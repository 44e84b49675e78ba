//! The primitives, as the rest of this folder uses them.

use std::sync::PoisonError;
use std::time::Duration;

pub(super) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
pub(super) use std::sync::{Arc, Condvar, Mutex, MutexGuard};

pub(super) use crossbeam_channel::Sender;
pub(super) use mio::Waker;

/// Nothing panics while it holds one of our locks, and what they guard is whole at any time.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits at most so long while the condition holds.
pub(super) fn wait_while<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    time: Duration,
    condition: impl FnMut(&mut T) -> bool,
) -> MutexGuard<'a, T> {
    condvar.wait_timeout_while(guard, time, condition).unwrap_or_else(PoisonError::into_inner).0
}
