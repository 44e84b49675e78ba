//! One client's connection.

use std::io;
use std::thread;
use std::time::Duration;

use rustix::event::PollFlags;

use crate::clock::{Clock, Moment};

use super::ending::Ending;
use super::limits::Limits;
use super::listener::Stream;
use super::seats::Seat;
use super::shutdown::{Shutdown, Wait};

/// Bytes read at a time, and kept of a buffer between requests.
pub(super) const STEP: usize = 64 * 1024;

/// Bytes read at a time where it is not known how many are to come. Little, since a client may send them one by
/// one and each read clears as much.
const CHUNK: usize = 8 * 1024;

/// What is spoken on a connection.
pub(super) trait Speaker: Send {
    /// Reads a request, serves it and writes the reply.
    ///
    /// # Errors
    /// Why the connection ends.
    fn exchange(&mut self, connection: &mut Connection<'_>) -> Result<(), Ending>;
}

/// A connection and what bounds it.
pub(super) struct Connection<'a> {
    pub(super) stream: &'a dyn Stream,
    pub(super) seat: &'a Seat,
    pub(super) shutdown: &'a Shutdown,
    pub(super) clock: &'a dyn Clock,
    pub(super) limits: &'a Limits,
}

impl Connection<'_> {
    /// Serves requests one after the other until something ends that.
    pub(super) fn serve(&mut self, speaker: &mut dyn Speaker) -> Ending {
        loop {
            if let Err(ending) = speaker.exchange(self) {
                return ending;
            }
            if self.has_more() {
                // Whoever sends many requests at once is not to take all the processor's time for them.
                thread::yield_now();
            }
        }
    }

    fn has_more(&self) -> bool {
        matches!(self.shutdown.wait(self.stream.as_fd(), PollFlags::IN, Some(Duration::ZERO)), Ok(Wait::Ready))
    }

    /// A whole request has come: until it is answered the connection has its seat for sure.
    pub(super) fn begin(&self) -> Result<(), Ending> {
        if self.seat.asks() { Ok(()) } else { Err(Ending::Displaced) }
    }

    /// The request has been answered, and its memory is free.
    pub(super) fn end(&self) {
        self.seat.is_answered(self.clock.now());
    }

    /// Makes sure that a request may take so many bytes.
    pub(super) fn reserve(&self, length: usize) -> Result<(), Ending> {
        if self.seat.takes(length.saturating_sub(STEP)) { Ok(()) } else { Err(Ending::Crowded) }
    }

    /// Waits for a request's first byte.
    pub(super) fn wait_for_request(&self, time: Duration) -> Result<(), Ending> {
        match self.shutdown.wait(self.stream.as_fd(), PollFlags::IN, Some(time))? {
            Wait::Ready => Ok(()),
            Wait::TimedOut => Err(Ending::Idle),
            Wait::Stopping => Err(Ending::Stopping),
        }
    }

    /// Fills the buffer before the deadline. `behind` counts the bytes of the frame that come later,
    /// for the message if it fails.
    pub(super) fn read_exact(&mut self, buffer: &mut [u8], deadline: Moment, behind: usize) -> Result<(), Ending> {
        let mut have = 0;
        while have < buffer.len() {
            let missing = buffer.len() - have + behind;
            match self.stream.read(&mut buffer[have..]) {
                Ok(0) => return Err(Ending::CutShort { missing }),
                Ok(count) => have += count,
                Err(error) => self.wait_after(error, PollFlags::IN, deadline, Ending::FrameLate { missing })?,
            }
        }
        Ok(())
    }

    /// Appends what has come, at most [`CHUNK`] bytes and at least one; the deadline ends it. False at the
    /// client's end of the connection.
    pub(super) fn read_some(&mut self, buffer: &mut Vec<u8>, deadline: Moment) -> Result<bool, Ending> {
        let mut chunk = [0; CHUNK];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(count) => {
                    buffer.extend_from_slice(&chunk[..count]);
                    return Ok(count > 0);
                }
                Err(error) => self.wait_after(error, PollFlags::IN, deadline, Ending::RequestLate)?,
            }
        }
    }

    /// Writes a reply whole before its time is over.
    pub(super) fn write(&mut self, mut reply: &[u8]) -> Result<(), Ending> {
        let deadline = self.clock.now() + self.limits.reply_time;
        while !reply.is_empty() {
            match self.stream.write(reply) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Ok(count) => reply = &reply[count..],
                Err(error) => self.wait_after(error, PollFlags::OUT, deadline, Ending::ReplyLate)?,
            }
        }
        Ok(())
    }

    /// Waits if the error says to wait, at most until the deadline, which ends it `late`. What is
    /// ready even then is still taken: there is an end to a request.
    fn wait_after(&self, error: io::Error, flags: PollFlags, deadline: Moment, late: Ending) -> Result<(), Ending> {
        match error.kind() {
            io::ErrorKind::WouldBlock => {}
            io::ErrorKind::Interrupted => return Ok(()),
            _ => return Err(error.into()),
        }
        let left = deadline.since(self.clock.now());
        match self.shutdown.wait(self.stream.as_fd(), flags, Some(left))? {
            Wait::Ready => Ok(()),
            Wait::TimedOut => Err(late),
            Wait::Stopping => Err(Ending::Stopping),
        }
    }
}
