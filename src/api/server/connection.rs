//! One client's connection: frame in, reply out.

use std::io;

use rustix::event::PollFlags;
use thrift::server::TProcessor;

use crate::clock::{Clock, Moment};

use super::answer::answer;
use super::ending::Ending;
use super::limits::Limits;
use super::listener::Stream;
use super::shutdown::{Shutdown, Wait};

/// Bytes read at a time, and kept of a buffer between frames.
const STEP: usize = 64 * 1024;

/// A connection and what bounds it.
pub(super) struct Connection<'a> {
    pub(super) stream: &'a mut dyn Stream,
    pub(super) shutdown: &'a Shutdown,
    pub(super) clock: &'a dyn Clock,
    pub(super) limits: &'a Limits,
}

impl Connection<'_> {
    /// Serves frames one after the other until something ends that.
    pub(super) fn serve(&mut self, processor: &dyn TProcessor) -> Ending {
        let (mut frame, mut reply) = (Vec::new(), Vec::new());
        loop {
            if let Err(ending) = self.exchange(processor, &mut frame, &mut reply) {
                return ending;
            }
            for buffer in [&mut frame, &mut reply] {
                buffer.clear();
                buffer.shrink_to(STEP);
            }
        }
    }

    /// Reads a frame, serves it and writes the reply.
    fn exchange(&mut self, processor: &dyn TProcessor, frame: &mut Vec<u8>, reply: &mut Vec<u8>) -> Result<(), Ending> {
        self.read_frame(frame)?;
        reply.extend([0; 4]);
        answer(processor, frame, self.limits.message, reply).map_err(|error| Ending::NoMessage(why(&error)))?;
        let length = u32::try_from(reply.len() - 4).map_err(|_| io::Error::other("the reply is too long"))?;
        reply[..4].copy_from_slice(&length.to_be_bytes());
        self.write(reply)
    }

    /// Reads a frame whole, in steps, so that memory follows what has come and not what was announced.
    fn read_frame(&mut self, frame: &mut Vec<u8>) -> Result<(), Ending> {
        match self.shutdown.wait(self.stream.as_fd(), PollFlags::IN, Some(self.limits.idle_time))? {
            Wait::Ready => {}
            Wait::TimedOut => return Err(Ending::Idle),
            Wait::Stopping => return Err(Ending::Stopping),
        }
        let deadline = self.clock.now() + self.limits.frame_time;
        let mut length = [0; 4];
        self.read_exact(&mut length, deadline, 0).map_err(|ending| match ending {
            Ending::CutShort { missing: 4 } => Ending::Closed,
            other => other,
        })?;
        let announced = u32::from_be_bytes(length);
        let length = match usize::try_from(announced) {
            Ok(length) if (1..=self.limits.frame).contains(&length) => length,
            _ => return Err(Ending::FrameLength { length: announced, limit: self.limits.frame }),
        };
        while frame.len() < length {
            let have = frame.len();
            frame.resize(length.min(have + STEP), 0);
            let behind = length - frame.len();
            self.read_exact(&mut frame[have..], deadline, behind)?;
        }
        Ok(())
    }

    /// Fills the buffer before the deadline. `behind` counts the bytes of the frame that come later,
    /// for the message if it fails.
    fn read_exact(&mut self, buffer: &mut [u8], deadline: Moment, behind: usize) -> Result<(), Ending> {
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

    fn write(&mut self, mut reply: &[u8]) -> Result<(), Ending> {
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
    /// ready even then is still taken: there is an end to a frame.
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

/// What a message's decoder has to say; its own `Display` tells only the kind.
fn why(error: &thrift::Error) -> String {
    match error {
        thrift::Error::Protocol(error) => error.message.clone(),
        other => other.to_string(),
    }
}
