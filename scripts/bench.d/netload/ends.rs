//! Two sockets, one in each namespace, and the thread that plays the far end or the near one.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, scope};
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt::RcvBufForce};

use crate::namespace;

/// Room for packets that wait for the receiver, bytes: more than a scheduler's time slice of them.
const RECEIVE_BUFFER: usize = 16 << 20;
/// How long a receiver waits before it looks whether it is over.
const LOOK_UP: Duration = Duration::from_millis(100);

/// A path's ends: what `near` sends arrives at `far`.
pub(crate) struct Ends {
    pub(crate) near: UdpSocket,
    pub(crate) far: UdpSocket,
}

/// Opens a socket in each namespace.
pub(crate) fn open(from: &str, to: &str, at: SocketAddr) -> io::Result<Ends> {
    let far = namespace::within(to, move || UdpSocket::bind(at))?;
    setsockopt(&far, RcvBufForce, &RECEIVE_BUFFER)?;
    far.set_read_timeout(Some(LOOK_UP))?;
    let near = namespace::within(from, move || {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect(at)?;
        Ok(socket)
    })?;
    Ok(Ends { near, far })
}

/// Runs `other` in a thread of its own beside `measure`, and tells it by the flag to end after that.
pub(crate) fn beside<T>(
    other: impl FnOnce(&AtomicBool) -> io::Result<()> + Send,
    measure: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    let over = AtomicBool::new(false);
    scope(|scope| {
        let thread = Builder::new().name("other end".into()).spawn_scoped(scope, || other(&over))?;
        let measured = measure();
        over.store(true, Ordering::Relaxed);
        thread.join().map_err(|_| io::Error::other("a thread has panicked"))??;
        measured
    })
}

/// What a receiver has got, or nothing if it would have to wait (longer than its socket allows).
pub(crate) fn taken(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Ok(size) => Ok(Some(size)),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(None),
        Err(error) => Err(error),
    }
}
