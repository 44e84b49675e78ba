//! Who is at the other end of a Unix socket.

use std::io;
use std::os::fd::BorrowedFd;

use rustix::net::sockopt::socket_peercred;

/// User id and process id of whoever connected, as the kernel vouches for them (`SO_PEERCRED`,
/// unix(7)).
///
/// # Errors
/// Not a connected Unix socket.
pub fn peer_credentials(socket: BorrowedFd<'_>) -> io::Result<(u32, i32)> {
    let credentials = socket_peercred(socket)?;
    Ok((credentials.uid.as_raw(), credentials.pid.as_raw_nonzero().get()))
}
