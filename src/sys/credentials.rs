//! What is asked of the kernel for Unix sockets.
#![allow(unsafe_code)]

use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd};

/// User id and process id of whoever connected, as the kernel vouches for them (`SO_PEERCRED`,
/// unix(7)). The process id is 0 for a process of a namespace that we do not see.
///
/// # Errors
/// Not a Unix socket.
pub fn peer_credentials(socket: BorrowedFd<'_>) -> io::Result<(u32, i32)> {
    let mut credentials = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let mut length = libc::socklen_t::try_from(size_of::<libc::ucred>()).map_err(io::Error::other)?;
    // SAFETY: the value and its length live through the call, and the length is the value's.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut credentials).cast(),
            &raw mut length,
        )
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok((credentials.uid, credentials.pid)) }
}

/// `SO_PASSRIGHTS` (`asm-generic/socket.h`, Linux 6.16).
const PASS_RIGHTS: libc::c_int = 83;

/// Keeps those who connect to a socket that will listen from sending descriptors (`SCM_RIGHTS`, unix(7)). Nobody
/// here takes them, but whoever reads or closes a connection closes them too, and that may last as long as who
/// has sent them likes (a TCP socket that lingers, a file of a server that is gone). A kernel that does not know the
/// option passes them.
///
/// # Errors
/// Not a Unix socket.
pub fn refuse_descriptors(socket: BorrowedFd<'_>) -> io::Result<()> {
    let off: libc::c_int = 0;
    let length = libc::socklen_t::try_from(size_of::<libc::c_int>()).map_err(io::Error::other)?;
    // SAFETY: the value lives through the call, and the length is its.
    let result =
        unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, PASS_RIGHTS, (&raw const off).cast(), length) };
    match io::Error::last_os_error() {
        _ if result == 0 => Ok(()),
        unknown if unknown.raw_os_error() == Some(libc::ENOPROTOOPT) => Ok(()),
        error => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn the_other_end_is_this_process() {
        let (near, _far) = UnixStream::pair().unwrap();
        let (uid, pid) = peer_credentials(near.as_fd()).unwrap();
        assert_eq!(uid, rustix::process::getuid().as_raw());
        assert_eq!(pid, i32::try_from(std::process::id()).unwrap());
    }
}
