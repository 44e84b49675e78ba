//! What goes on until it is interrupted.

mod events;
mod terminal;
mod top;

use std::io::{self, ErrorKind, Write};

use super::failure::Failure;

pub(super) use events::events;
pub(super) use top::top;

/// Writes a text at once. False if the reader has gone: it has all it wants.
fn write(out: &mut dyn Write, text: &str) -> Result<bool, Failure> {
    let written: io::Result<()> = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::Output(error)),
    }
}
