//! Tells by a channel that one of some descriptors has something to read.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::thread::Builder;

use crossbeam_channel::{Receiver, Sender, bounded};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};

use crate::engine::Role;

use super::sandbox;

const DESCRIPTOR: Token = Token(0);
const END: Token = Token(1);

/// A thread that waits for descriptors. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Bell(Arc<Waker>);

impl Bell {
    /// Waits for these descriptors from now on. Each time that something new has come, the channel offers
    /// a message, and nothing else happens until somebody takes it: who is busy is not disturbed, and
    /// what comes meanwhile costs nothing. Nothing is offered for what was read in the meantime.
    ///
    /// # Errors
    /// No descriptor or thread to be had.
    pub(super) fn hang(descriptors: Vec<OwnedFd>) -> io::Result<(Self, Receiver<()>)> {
        let poll = Poll::new()?;
        // mio asks for edges (`EPOLLET`), so that what nobody has read yet does not ring for ever.
        for descriptor in &descriptors {
            poll.registry().register(&mut SourceFd(&descriptor.as_raw_fd()), DESCRIPTOR, Interest::READABLE)?;
        }
        let waker = Arc::new(Waker::new(poll.registry(), END)?);
        let end = Arc::clone(&waker);
        let (sender, receiver) = bounded(0);
        Builder::new().name("bell".into()).spawn(move || {
            sandbox::confine(Role::Watcher);
            watch(poll, &sender);
            // Watched until here; what is closed before says nothing any more.
            drop((descriptors, end));
        })?;
        Ok((Self(waker), receiver))
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        // If that fails the thread goes on waiting, and goes with the process.
        let _ = self.0.wake();
    }
}

fn watch(mut poll: Poll, sender: &Sender<()>) {
    let mut events = Events::with_capacity(4);
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return tracing::error!(%error, "cannot wait for the kernel's notices"),
            Ok(()) => {}
        }
        if events.iter().any(|event| event.token() == END) || sender.send(()).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;
    use std::time::Duration;

    use crossbeam_channel::RecvTimeoutError;

    use super::*;

    /// Far longer than anything takes.
    const PATIENCE: Duration = Duration::from_secs(20);

    #[test]
    fn it_rings_for_what_comes_and_ends_with_its_owner() {
        let (near, far) = UnixDatagram::pair().unwrap();
        let (bell, rung) = Bell::hang(vec![near.try_clone().unwrap().into()]).unwrap();
        for _ in 0..3 {
            far.send(b"news").unwrap();
            rung.recv_timeout(PATIENCE).unwrap();
            near.recv(&mut [0; 8]).unwrap();
        }
        drop(bell);
        // A message that was offered late, before the end.
        while rung.recv_timeout(PATIENCE) == Ok(()) {}
        assert_eq!(rung.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
    }
}
