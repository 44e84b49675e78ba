//! Why the daemon cannot go on.

use std::io;
use std::process::ExitCode;

use crate::config::ConfigErrors;
use crate::engine::{Failure, StartError};
use crate::host::KernelError;
use crate::sys::StateError;
use crate::sys::rights::MissingRight;

/// What ends the daemon before its time, with the exit code that says so.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
    /// The configuration is wrong.
    #[error("{0}")]
    Config(#[from] ConfigErrors),
    /// A right or a device is missing.
    #[error("{0}{detail}", detail = cause(.0))]
    Right(#[from] MissingRight),
    /// The state directory cannot be had.
    #[error(transparent)]
    State(#[from] StateError),
    /// Another daemon manages this network namespace.
    #[error("another vgwd manages this network namespace: {0}")]
    Namespace(#[source] io::Error),
    /// The kernel cannot be observed or prepared.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// The engine did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Another configuration could not be carried out.
    #[error(transparent)]
    Reload(#[from] Failure),
    /// An address or socket cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(String, #[source] io::Error),
    /// Not everything could be done at the end: what is left of ours is removed by the next start.
    #[error("stopped, but not everything could be done: {0}")]
    Remains(String),
    /// The service manager cannot be told how the daemon stands.
    #[error("cannot serve the service manager: {0}")]
    Service(#[source] io::Error),
    /// Signals cannot be caught.
    #[error("cannot catch signals: {0}")]
    Signals(#[source] io::Error),
}

impl Fatal {
    /// 77 if a right is missing, 78 for a bad configuration (sysexits.h: `EX_NOPERM`, `EX_CONFIG`),
    /// 1 for everything else.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Right(_) => 77.into(),
            Self::Config(_) => 78.into(),
            _ => ExitCode::FAILURE,
        }
    }

    /// What there is to say, one line each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Config(errors) => errors.iter().map(ToString::to_string).collect(),
            other => vec![other.to_string()],
        }
    }
}

/// What lies behind an error, to follow it in a line.
fn cause(error: &dyn std::error::Error) -> String {
    error.source().map(|source| format!(": {source}")).unwrap_or_default()
}
