//! What the daemon gives up once it has what it needs (docs/decisions/sandbox.md): capabilities and system calls by
//! thread, files for the whole process.

mod calls;
mod capabilities;
mod files;
mod record;

use std::io;
use std::path::PathBuf;

use crate::engine::{Extent, Role};

use record::{Means, note};

pub use files::Folders;
pub use record::in_force;

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

/// Confines the present thread, and all that it starts, to these folders and to what the daemon's work takes
/// besides. No TCP connection is made nor address bound any more, and no other program gets a signal.
///
/// What the kernel does not know is left out, and told ([`in_force`]).
pub fn confine_files(folders: &Folders) {
    let extent = match files::confine(folders) {
        Ok(extent) => extent,
        Err(error) => {
            tracing::error!(%error, "the files that are not needed are not put out of reach");
            Extent::None(error.to_string())
        }
    };
    tracing::info!(files = %extent, "confined to what is needed (landlock, seccomp, capabilities)");
    note(Means::Landlock, extent);
}

/// What cannot be given up is told, and is no reason not to run.
fn judge(outcome: io::Result<()>, who: &str) {
    note(Means::Capabilities, kept(&outcome, who));
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

/// How far capabilities were given up.
fn kept(outcome: &io::Result<()>, who: &str) -> Extent {
    match outcome {
        Ok(()) => Extent::All,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Extent::Part("capset is not allowed here: threads keep what the service was given".to_owned())
        }
        Err(error) => Extent::None(format!("{who}: {error}")),
    }
}

/// Gives up, for the present thread and those it starts, what its role does not need. What the kernel cannot do
/// is told, and is no reason not to run.
pub fn confine(role: Role) {
    judge(capabilities::keep(role), &format!("{role:?}"));
    let extent = match calls::restrict(role) {
        Ok(()) => Extent::All,
        Err(error) => {
            tracing::error!(?role, %error, "a thread may make any system call");
            Extent::None(format!("{role:?}: {error}"))
        }
    };
    note(Means::Seccomp, extent);
}

#[cfg(test)]
mod tests;
