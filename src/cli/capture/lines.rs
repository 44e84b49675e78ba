//! Captured packets as lines.

use crate::api::generated::virtual_gateway::{CapturePort, CapturedPacket};
use crate::cli::failure::Failure;
use crate::cli::report::{CaptureEnd, CapturedPacket as Line};
use crate::cli::run::Form;
use crate::cli::wire;

use super::{Output, Total};

/// A line for each packet; with JSON one for the end.
pub(super) struct Lines<'a> {
    /// How they look.
    pub(super) form: Form,
    /// Where they go, flushed.
    pub(super) put: &'a mut dyn FnMut(&str) -> Result<(), Failure>,
    /// Lines that are still to go there.
    pub(super) text: String,
}

impl Output for Lines<'_> {
    fn begin(&mut self, _: &[CapturePort]) -> Result<(), Failure> {
        Ok(())
    }

    fn packet(&mut self, packet: &CapturedPacket) -> Result<(), Failure> {
        let line: Line = wire::captured_packet(packet);
        self.text += &self.form.text(&line)?;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Failure> {
        (self.put)(&std::mem::take(&mut self.text))
    }

    fn end(&mut self, Total { packets, lost }: Total) -> Result<(), Failure> {
        if self.form == Form::Json {
            self.text += &self.form.text(&CaptureEnd { packets, lost })?;
        }
        Ok(())
    }
}
