//! What the daemon gives up once it has what it needs (docs/decisions/sandbox.md): capabilities and system calls by
//! thread, files for the whole process.

mod calls;
mod capabilities;
mod files;

use std::io;

use crate::engine::Role;

pub(super) use capabilities::keep_for_namespaces;
pub use capabilities::keep_needed;
pub use files::{Folders, confine_files};

/// Gives up, for the present thread and those it starts, what its role does not need. What the kernel cannot do
/// is told, and is no reason not to run.
pub fn confine(role: Role) {
    match capabilities::keep(role) {
        Ok(()) => {}
        // The packaged unit allows no `capset`: what is left are the two that it gives, of no use to a thread that
        // may open nothing they are for.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            tracing::debug!(?role, "a thread keeps its capabilities: capset is not allowed");
        }
        Err(error) => tracing::error!(?role, %error, "a thread keeps its capabilities"),
    }
    if let Err(error) = calls::restrict(role) {
        tracing::error!(?role, %error, "a thread may make any system call");
    }
}

#[cfg(test)]
mod tests;
