//! Where `vgw` writes: answers on one side, complaints and notes on the other.

use std::fmt;
use std::io::{self, ErrorKind, Write};

use super::failure::Failure;
use super::render::{Style, Tone};
use super::report::{CaptureEnd, Report};

/// Where text goes, and whether it is coloured there.
pub struct Console<'a> {
    /// Answers.
    pub out: &'a mut dyn Write,
    /// How answers look.
    pub out_style: Style,
    /// Complaints.
    pub err: &'a mut dyn Write,
    /// How complaints look.
    pub err_style: Style,
}

impl Console<'_> {
    /// Writes notes beside an answer.
    pub(super) fn note(&mut self, notes: &[String]) {
        for note in notes {
            let lead = self.err_style.paint(Tone::Notice, "vgw: note:");
            self.complain(&format!("{lead} {note}\n"), 0);
        }
    }

    /// Tells beside the packets what came of a capture.
    pub(super) fn tell(&mut self, total: &CaptureEnd) {
        let text = total.render(self.err_style);
        self.complain(&format!("vgw: {text}\n"), 0);
    }

    /// Writes an answer. A reader that has gone away, as `head` does, has all it wants.
    pub(super) fn say(&mut self, text: &str) -> Result<(), Failure> {
        done_with(self.put(text))
    }

    /// Writes a part of an answer.
    pub(super) fn put(&mut self, text: &str) -> Result<(), Failure> {
        self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()).map_err(Failure::Output)
    }

    /// Writes a complaint and passes on the exit code, which tells the same to those who cannot read it.
    pub(super) fn complain(&mut self, text: &str, code: u8) -> u8 {
        let _: io::Result<()> = self.err.write_all(self.err_style.guard(text).as_bytes());
        code
    }
}

/// A reader that has gone away is no failure.
pub(super) fn done_with(put: Result<(), Failure>) -> Result<(), Failure> {
    match put {
        Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

impl fmt::Debug for Console<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Console")
    }
}
