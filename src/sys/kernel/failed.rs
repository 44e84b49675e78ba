//! Why a step was not carried out, before the operation is known that it belonged to.

use std::io;

use crate::host::KernelError;
use crate::sys::netlink::NetlinkError;
use crate::sys::tap::TapError;

/// Words for people and the error number, as [`KernelError`] has them.
#[derive(Debug, Clone)]
pub(super) struct Failed {
    pub(super) reason: String,
    pub(super) errno: i32,
}

impl Failed {
    pub(super) fn new(errno: i32, reason: String) -> Self {
        Self { reason, errno }
    }

    /// A file that could not be read or written.
    pub(super) fn file(what: &str, error: &io::Error) -> Self {
        Self { reason: format!("{what}: {error}"), errno: error.raw_os_error().unwrap_or(libc::EIO) }
    }

    pub(super) fn during(self, operation: &dyn ToString) -> KernelError {
        KernelError { operation: operation.to_string(), reason: self.reason, errno: self.errno }
    }
}

impl From<NetlinkError> for Failed {
    fn from(error: NetlinkError) -> Self {
        Self { errno: error.errno, reason: error.to_string() }
    }
}

impl From<TapError> for Failed {
    fn from(error: TapError) -> Self {
        let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
        Self { errno: error.errno(), reason: format!("{error}{}", source.unwrap_or_default()) }
    }
}
