//! Framed Thrift on a connection: frame in, reply out.

use std::io;

use thrift::server::TProcessor;

use super::answer::answer;
use super::connection::{Connection, STEP, Speaker};
use super::ending::Ending;

/// A Thrift service on one connection.
pub(super) struct Framed {
    processor: Box<dyn TProcessor + Send>,
    frame: Vec<u8>,
    reply: Vec<u8>,
}

impl Framed {
    pub(super) fn new(processor: Box<dyn TProcessor + Send>) -> Self {
        Self { processor, frame: Vec::new(), reply: Vec::new() }
    }
}

impl Speaker for Framed {
    fn exchange(&mut self, connection: &mut Connection<'_>) -> Result<(), Ending> {
        let Self { processor, frame, reply } = self;
        read_frame(connection, frame)?;
        connection.begin()?;
        reply.extend([0; 4]);
        answer(&**processor, frame, connection.limits.message, reply)
            .map_err(|error| Ending::NoMessage(why(&error)))?;
        let length = u32::try_from(reply.len() - 4).map_err(|_| io::Error::other("the reply is too long"))?;
        reply[..4].copy_from_slice(&length.to_be_bytes());
        connection.write(reply)?;
        for buffer in [frame, reply] {
            buffer.clear();
            buffer.shrink_to(STEP);
        }
        connection.end();
        Ok(())
    }
}

/// Reads a frame whole, in steps, so that memory follows what has come and not what was announced.
fn read_frame(connection: &mut Connection<'_>, frame: &mut Vec<u8>) -> Result<(), Ending> {
    connection.wait_for_request(connection.limits.idle_time)?;
    let deadline = connection.clock.now() + connection.limits.frame_time;
    let mut length = [0; 4];
    connection.read_exact(&mut length, deadline, 0).map_err(|ending| match ending {
        Ending::CutShort { missing: 4 } => Ending::Closed,
        other => other,
    })?;
    let announced = u32::from_be_bytes(length);
    let length = match usize::try_from(announced) {
        Ok(length) if (1..=connection.limits.frame).contains(&length) => length,
        _ => return Err(Ending::FrameLength { length: announced, limit: connection.limits.frame }),
    };
    while frame.len() < length {
        let have = frame.len();
        let step = length.min(have + STEP);
        connection.reserve(step)?;
        frame.resize(step, 0);
        let behind = length - frame.len();
        connection.read_exact(&mut frame[have..], deadline, behind)?;
    }
    Ok(())
}

/// What a message's decoder has to say; its own `Display` tells only the kind.
fn why(error: &thrift::Error) -> String {
    match error {
        thrift::Error::Protocol(error) => error.message.clone(),
        other => other.to_string(),
    }
}
