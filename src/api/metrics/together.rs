//! One question for all who ask at the same time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Asks once for all who came before the question was put, so that many of them keep whoever answers no longer from
/// others than a few do. Nobody gets an answer older than his coming.
#[derive(Debug)]
pub(super) struct Together<T> {
    came: AtomicU64,
    /// The last answer, as long as somebody has it, and how many had come when its question was put.
    last: Mutex<(u64, Weak<T>)>,
}

impl<T> Together<T> {
    pub(super) fn new() -> Self {
        Self { came: AtomicU64::new(0), last: Mutex::new((0, Weak::new())) }
    }

    /// The answer to a question, put by whoever comes first; `None` if there is none.
    pub(super) fn ask(&self, question: impl FnOnce() -> Option<T>) -> Option<Arc<T>> {
        let number = self.came.fetch_add(1, Ordering::SeqCst) + 1;
        // Whoever waits here waits for a question that was put before he came.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, answer) = &*last;
        if number <= *until
            && let Some(answer) = answer.upgrade()
        {
            return Some(answer);
        }
        let until = self.came.load(Ordering::SeqCst);
        let answer = Arc::new(question()?);
        *last = (until, Arc::downgrade(&answer));
        Some(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    #[test]
    fn those_who_wait_together_are_answered_together() {
        let together = Together::new();
        let asked = AtomicU64::new(0);
        let question = || Some(asked.fetch_add(1, Ordering::SeqCst) + 1);
        let [begun, go] = [Barrier::new(2), Barrier::new(2)];
        thread::scope(|scope| {
            let first = scope.spawn(|| {
                together.ask(|| {
                    begun.wait();
                    go.wait();
                    question()
                })
            });
            begun.wait();
            let others: Vec<_> = (0..15).map(|_| scope.spawn(|| together.ask(question))).collect();
            while together.came.load(Ordering::SeqCst) < 16 {
                thread::yield_now();
            }
            go.wait();
            assert_eq!(first.join().unwrap().as_deref(), Some(&1));
            let answers: Vec<_> = others.into_iter().map(|other| other.join().unwrap()).collect();
            assert!(answers.iter().all(|answer| answer.as_deref() == Some(&2)), "{answers:?}");
        });
        assert_eq!(together.ask(question).as_deref(), Some(&3), "who comes later gets no old answer");
        assert_eq!(together.ask(|| None), None);
    }
}
