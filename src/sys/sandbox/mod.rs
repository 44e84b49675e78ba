//! What the daemon gives up once it has what it needs (docs/decisions/sandbox.md): capabilities and system calls by
//! thread, files for the whole process.

mod calls;
mod capabilities;
mod files;

use std::io;
use std::path::PathBuf;

use crate::engine::Role;

pub use files::{Folders, confine_files};

/// Gives up what no thread of the daemon needs, before any is started.
/// Files' modes are passed over only if one of `written`'s folders is another user's, or one of the files of
/// `read` cannot be read otherwise.
pub fn keep_needed(written: &[PathBuf], read: &[PathBuf]) {
    judge(capabilities::keep_needed(written, read), "the daemon");
}

/// Gives up, for the present thread, what is not needed to open other processes' namespaces.
pub(super) fn confine_opener() {
    judge(capabilities::keep_for_namespaces(), "the thread that opens namespaces");
}

/// What cannot be given up is told, and is no reason not to run.
fn judge(outcome: io::Result<()>, who: &str) {
    match outcome {
        Ok(()) => {}
        // The packaged unit allows no `capset`: what is left are the two that it gives, of no use to a thread that
        // may open nothing they are for.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            tracing::debug!(who, "capabilities are kept: capset is not allowed");
        }
        Err(error) => tracing::error!(who, %error, "capabilities are kept that are not needed"),
    }
}

/// Gives up, for the present thread and those it starts, what its role does not need. What the kernel cannot do
/// is told, and is no reason not to run.
pub fn confine(role: Role) {
    judge(capabilities::keep(role), &format!("{role:?}"));
    if let Err(error) = calls::restrict(role) {
        tracing::error!(?role, %error, "a thread may make any system call");
    }
}

#[cfg(test)]
mod tests;
