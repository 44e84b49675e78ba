//! Who is at the other end of a Unix socket.
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
