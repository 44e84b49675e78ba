//! Waiting that ends when the server stops.

use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The receiving end of "stop", one for all threads of a server: a pipe that is never written to and
/// hangs up when the server lets go of the other end, so that it wakes everybody and stays awake.
#[derive(Debug)]
pub(super) struct Shutdown(PipeReader);

/// What a wait came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// Reading or writing will not block, or will say what is wrong.
    Ready,
    /// The time is over.
    TimedOut,
    /// The server stops.
    Stopping,
}

impl Shutdown {
    /// Both ends.
    pub(super) fn new() -> io::Result<(PipeWriter, Self)> {
        let (reader, writer) = io::pipe()?;
        Ok((writer, Self(reader)))
    }

    /// Waits for `fd`, for the time to be over (never, if there is none), or for the stop.
    pub(super) fn wait(&self, fd: BorrowedFd<'_>, flags: PollFlags, time: Option<Duration>) -> io::Result<Wait> {
        self.poll(&mut [self.hang_up(), PollFd::from_borrowed_fd(fd, flags)], time)
    }

    /// What [`Shutdown::poll`] has to come first.
    pub(super) fn hang_up(&self) -> PollFd<'_> {
        PollFd::from_borrowed_fd(self.0.as_fd(), PollFlags::IN)
    }

    /// Waits for one of many, the stop's descriptor first; which it was they say themselves.
    pub(super) fn poll(&self, fds: &mut [PollFd<'_>], time: Option<Duration>) -> io::Result<Wait> {
        // A time too long for the type is as good as for ever.
        let time = time.and_then(|time| Timespec::try_from(time).ok());
        loop {
            match poll(fds, time.as_ref()) {
                Ok(0) => return Ok(Wait::TimedOut),
                Ok(_) if !fds[0].revents().is_empty() => return Ok(Wait::Stopping),
                Ok(_) => return Ok(Wait::Ready),
                // A signal. The time starts again: signals are rare.
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
