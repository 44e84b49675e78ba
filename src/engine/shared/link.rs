//! The way to a thread that sleeps until it is woken.

use super::sync::{Arc, Sender, Waker};

/// The way to a worker: messages are taken up at once, in order. A worker that is woken takes all messages that
/// there are, and those that come later wake it again.
#[derive(Debug)]
pub(in crate::engine) struct Link<M> {
    messages: Sender<M>,
    waker: Arc<Waker>,
}

impl<M> Link<M> {
    pub(in crate::engine) fn new(messages: Sender<M>, waker: Arc<Waker>) -> Self {
        Self { messages, waker }
    }

    /// Sends a message; a worker that has ended needs none.
    pub(in crate::engine) fn send(&self, message: M) {
        if self.messages.send(message).is_ok() {
            // Failure would mean that the worker's poll is gone, and the worker with it.
            let _ = self.waker.wake();
        }
    }
}

impl<M> Clone for Link<M> {
    fn clone(&self) -> Self {
        Self { messages: self.messages.clone(), waker: Arc::clone(&self.waker) }
    }
}
