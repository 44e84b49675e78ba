//! What one daemon has for itself: descriptors, a directory, a network namespace.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::after;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::param::page_size;
use rustix::process::{Resource, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use crate::engine::ProcessUse;

use super::state_file;

/// Raises the soft limit of open descriptors to the hard one: every gateway takes one for each
/// worker. What cannot be raised stays, and shows when a tap cannot be opened.
pub fn raise_descriptor_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!(%error, "the limit of open descriptors stays");
    }
}

/// Descriptors that queues of ports and taps leave to everything else: to callers, to looking at the host, to deleting,
/// to what is written down and to `nft`. Without them nobody could make room.
const RESERVE: u64 = 16;

/// Refuses a new queue's descriptor that is among the last that this process may have. The kernel gives the lowest
/// number that is free (open(2)): all below it are in use.
///
/// # Errors
/// `EMFILE`, as of open(2).
pub(super) fn leave_some(queue: impl AsFd) -> io::Result<()> {
    let number = u64::try_from(queue.as_fd().as_raw_fd()).unwrap_or_default();
    match getrlimit(Resource::Nofile).current {
        Some(limit) if number + RESERVE >= limit => Err(io::Error::from_raw_os_error(libc::EMFILE)),
        _ => Ok(()),
    }
}

/// What this process takes of the machine. What cannot be read is zero: /proc may be hidden.
#[must_use]
pub fn process_use() -> ProcessUse {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let cpu = Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0));
    // proc_pid_statm(5): the second number is what is resident, pages.
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    // The descriptor that reads the folder is one of those counted.
    let descriptors = fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count().saturating_sub(1));
    ProcessUse { cpu, resident: pages * page_size() as u64, descriptors: descriptors as u64 }
}

/// How often it is tried to take what another daemon holds, and the pause in between.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

/// The state directory, held by one daemon at a time.
#[derive(Debug)]
pub struct StateDirectory {
    path: PathBuf,
    _lock: File,
}

/// Why the state directory cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It cannot be made or used.
    #[error("the state directory {0} cannot be used: {1}")]
    Unusable(PathBuf, io::Error),
    /// Another daemon holds it.
    #[error("another vgwd uses the state directory {0}")]
    Held(PathBuf),
}

impl StateDirectory {
    /// Makes the directory if need be and holds it until the value is dropped.
    ///
    /// # Errors
    /// It cannot be used, or another daemon holds it.
    pub fn lock(path: &Path) -> Result<Self, StateError> {
        let unusable = |error| StateError::Unusable(path.to_owned(), error);
        fs::create_dir_all(path).map_err(unusable)?;
        let lock = state_file::open_to_lock(&path.join("lock")).map_err(unusable)?;
        let hold = || flock(&lock, FlockOperation::NonBlockingLockExclusive);
        patiently(hold, Errno::WOULDBLOCK).map_err(|errno| {
            if errno == Errno::WOULDBLOCK { StateError::Held(path.to_owned()) } else { unusable(errno.into()) }
        })?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The network namespace, managed by one daemon at a time. A second one would take the first one's
/// taps and rules for leftovers of a crash, and clear them.
#[derive(Debug)]
pub struct NamespaceLock {
    // Abstract socket names are per network namespace, and go with the process (unix(7)).
    _socket: UnixListener,
}

impl NamespaceLock {
    /// Takes the present namespace until the value is dropped.
    ///
    /// # Errors
    /// `AddrInUse` if another daemon has it.
    pub fn take() -> io::Result<Self> {
        let address = SocketAddr::from_abstract_name("vgwd")?;
        let bind =
            || UnixListener::bind_addr(&address).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO));
        Ok(Self { _socket: patiently(bind, Errno::ADDRINUSE)? })
    }
}

/// Takes what another daemon may hold. One that was killed still holds it for a moment, until the kernel has closed what it
/// had, and so does a program that it was just starting, until that runs: all descriptors are closed then
/// (`O_CLOEXEC`).
fn patiently<T>(take: impl Fn() -> Result<T, Errno>, held: Errno) -> Result<T, Errno> {
    for _ in 0..TRIES {
        match take() {
            Err(errno) if errno == held => drop(after(PAUSE).recv()),
            outcome => return outcome,
        }
    }
    take()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_daemon_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let first = StateDirectory::lock(directory.path()).unwrap();
        assert!(matches!(StateDirectory::lock(directory.path()), Err(StateError::Held(_))));
        drop(first);
        assert!(StateDirectory::lock(directory.path()).is_ok());
    }
}
