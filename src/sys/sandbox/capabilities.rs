//! Capabilities (capabilities(7)): which of them are kept at all, and which by whom.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use rustix::process::geteuid;
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, configure_capability_in_ambient_set,
    remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
};

use crate::engine::Role;

/// What configures the host: taps, links, routes and rules; packet sockets.
const NETWORK: CapabilitySet = CapabilitySet::NET_ADMIN.union(CapabilitySet::NET_RAW);

/// What ports in network namespaces take: entering them, and opening those that processes have.
const NAMESPACES: CapabilitySet = CapabilitySet::SYS_ADMIN.union(CapabilitySet::SYS_PTRACE);

/// Gives up what no thread needs, for good: before any thread is started. A program that is run gets no more
/// than its caller has.
///
/// Root loses the right to pass over files' modes, unless one of the folders that are `written` is another user's, or
/// something that is to be `read` again cannot be without.
///
/// # Errors
/// What the kernel says.
pub(super) fn keep_needed(written: &[PathBuf], read: &[PathBuf]) -> io::Result<()> {
    let is_others = |folder: &PathBuf| folder.metadata().is_ok_and(|found| found.uid() != geteuid().as_raw());
    let passes_over = written.iter().any(is_others) || !is_open(read)?;
    let files = if passes_over { CapabilitySet::DAC_OVERRIDE } else { CapabilitySet::empty() };
    let present = capabilities(None)?;
    let mut kept = present.permitted & (NETWORK | NAMESPACES | files);
    if !kept.contains(CapabilitySet::SYS_ADMIN) {
        kept -= CapabilitySet::SYS_PTRACE;
    }
    if present.effective.contains(CapabilitySet::SETPCAP) {
        for right in CapabilitySet::all() - kept {
            match remove_capability_from_bounding_set(right) {
                // A capability that this kernel does not know.
                Ok(()) | Err(rustix::io::Errno::INVAL) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
    set(kept, kept & NETWORK)?;
    Ok(set_no_new_privs(true)?)
}

/// True if all of this can be read by its modes. It is tried: access lists and the folders above have a say too.
fn is_open(read: &[PathBuf]) -> io::Result<bool> {
    let present = capabilities(None)?;
    let passing = CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
    if !present.effective.intersects(passing) {
        // Nothing is passed over anyway, and not everybody may call `capset`.
        return Ok(true);
    }
    set_capabilities(None, CapabilitySets { effective: present.effective - passing, ..present })?;
    let is_refused = |path: &PathBuf| File::open(path).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied);
    let is_open = !read.iter().any(is_refused);
    set_capabilities(None, present)?;
    Ok(is_open)
}

/// Keeps what a role needs of what there is.
pub(super) fn keep(role: Role) -> io::Result<()> {
    let present = capabilities(None)?.permitted;
    let files = present & CapabilitySet::DAC_OVERRIDE;
    match role {
        Role::Conductor => {
            set(present - CapabilitySet::SYS_PTRACE, present & NETWORK)?;
            // For `nft`, which it runs. Programs that root runs get what their caller has anyhow.
            for right in present & NETWORK {
                configure_capability_in_ambient_set(right, true)?;
            }
            Ok(())
        }
        // It reads the configuration again.
        Role::Main => set(files, CapabilitySet::empty()),
        Role::Worker | Role::Api | Role::Watcher => set(CapabilitySet::empty(), CapabilitySet::empty()),
    }
}

/// Keeps no more than what opens other processes' namespaces.
pub(super) fn keep_for_namespaces() -> io::Result<()> {
    let needed = CapabilitySet::SYS_PTRACE | CapabilitySet::DAC_OVERRIDE;
    set(capabilities(None)?.permitted & needed, CapabilitySet::empty())
}

fn set(kept: CapabilitySet, inheritable: CapabilitySet) -> io::Result<()> {
    let wanted = CapabilitySets { effective: kept, permitted: kept, inheritable };
    if capabilities(None)? == wanted {
        // Also where a thread may not even ask.
        return Ok(());
    }
    Ok(set_capabilities(None, wanted)?)
}
