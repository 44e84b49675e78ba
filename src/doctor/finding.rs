//! What is wrong.

use super::cure::Cure;
use super::id::Check;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The check that found it.
    pub check: Check,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about: an interface, a subnet, a program.
    pub subject: String,
    /// What was seen, one sentence each.
    pub evidence: Vec<String>,
    /// What helps.
    pub cure: Cure,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It goes, and may cease to.
    Warning,
    /// Packets are lost.
    Failure,
}

impl Severity {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Failure => "failure",
        }
    }
}

impl Finding {
    pub(super) fn failure(check: Check, subject: impl ToString, evidence: Vec<String>, cure: Cure) -> Self {
        Self { check, severity: Severity::Failure, subject: subject.to_string(), evidence, cure }
    }

    pub(super) fn warning(check: Check, subject: impl ToString, evidence: Vec<String>, cure: Cure) -> Self {
        Self { check, severity: Severity::Warning, subject: subject.to_string(), evidence, cure }
    }
}
