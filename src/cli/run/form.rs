//! The form of answers.

use super::super::failure::Failure;
use super::super::render::Style;
use super::super::report::{Report, to_json};

/// The form of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON object on a line.
    Json,
    /// Tables and sentences.
    People(Style),
}

impl Form {
    /// The report as text, line end included.
    ///
    /// # Errors
    /// A value that JSON cannot hold.
    pub fn text<R: Report>(self, report: &R) -> Result<String, Failure> {
        match self {
            Self::People(style) => Ok(style.guard(&report.render(style))),
            Self::Json => to_json(report).map(|json| json + "\n").map_err(|e| Failure::Protocol(e.to_string())),
        }
    }
}
