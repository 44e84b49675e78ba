//! Why the demonstration stopped.

use std::io;

/// Why a step did not show what it should, or could not be taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A right is missing.
    #[error("{0}")]
    NotPermitted(String),
    /// A program that the demonstration runs is not there.
    #[error("{program} is not installed; {hint}")]
    Missing { program: String, hint: &'static str },
    /// A program failed.
    #[error("'{command}' failed: {output}")]
    Command { command: String, output: String },
    /// A step showed something else.
    #[error("{what}: expected {expected}, saw {seen}")]
    Unexpected { what: String, expected: String, seen: String },
    /// A call of the system failed.
    #[error("{what}: {error}")]
    System {
        what: String,
        #[source]
        error: io::Error,
    },
    /// The daemon refused or did not answer.
    #[error("{what}: {reason}")]
    Daemon { what: String, reason: String },
    /// Somebody pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// Nobody reads any more.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// For `map_err`: what was tried when the system said no.
    pub(crate) fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::System { what, error }
    }

    pub(crate) fn unexpected(what: impl Into<String>, expected: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::Unexpected { what: what.into(), expected: expected.into(), seen: seen.into() }
    }
}
