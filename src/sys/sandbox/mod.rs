//! What the daemon gives up once it has what it needs (docs/decisions/sandbox.md): capabilities and system calls by
//! thread, files for the whole process.

mod calls;
mod capabilities;
mod files;

use crate::engine::Role;

pub(super) use capabilities::keep_for_namespaces;
pub use capabilities::keep_needed;
pub use files::{Folders, confine_files};

/// Gives up, for the present thread and those it starts, what its role does not need. What the kernel cannot do
/// is told, and is no reason not to run.
pub fn confine(role: Role) {
    if let Err(error) = capabilities::keep(role) {
        tracing::error!(?role, %error, "a thread keeps its capabilities");
    }
    if let Err(error) = calls::restrict(role) {
        tracing::error!(?role, %error, "a thread may make any system call");
    }
}

#[cfg(test)]
mod tests;
