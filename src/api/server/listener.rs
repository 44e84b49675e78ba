//! Where clients come in.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;

use crate::engine::{Caller, Confine, Peer};

use super::access::{Access, Denial};
use super::socket_file::{self, SocketFile};

/// Tells user id and process id of the other end of a Unix socket, as the kernel vouches for them
/// (`SO_PEERCRED`, unix(7)).
pub type PeerCredentials = fn(BorrowedFd<'_>) -> io::Result<(u32, i32)>;

/// Keeps those who connect to a Unix socket from sending descriptors; it is done before anybody can.
pub type RefuseDescriptors = fn(BorrowedFd<'_>) -> io::Result<()>;

/// A bound socket that clients connect to.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    /// What confines the threads that serve it.
    pub(super) confine: Confine,
}

#[derive(Debug)]
enum Socket {
    Tcp { listener: TcpListener, admission: Admission, caller: fn(Peer) -> Caller },
    Unix { listener: UnixListener, credentials: PeerCredentials, _file: SocketFile },
}

/// Who may call by TCP.
#[derive(Debug)]
enum Admission {
    /// Whom the users' list names.
    Named(Access),
    /// Whoever comes; nobody is asked who he is.
    Anybody,
}

/// A connection that waited.
pub(super) enum Accepted {
    /// It is to be served.
    Served(Arc<dyn Stream>, Caller),
    /// It is closed.
    Denied(Caller, Denial),
}

/// An accepted connection, in non-blocking mode.
pub(super) trait Stream: AsFd + Send + Sync {
    /// As [`Read::read`].
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;
    /// As [`Write::write`].
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;
}

impl<S: AsFd + Send + Sync> Stream for S
where
    for<'s> &'s S: Read + Write,
{
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut stream = self;
        Read::read(&mut stream, buffer)
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut stream = self;
        Write::write(&mut stream, bytes)
    }
}

/// Connections that the kernel keeps until they are accepted (`net.core.somaxconn` bounds it). The standard
/// library's 128 are soon full when many come at once, and who comes then tries again after a second.
const BACKLOG: i32 = 4096;

impl Listener {
    /// Listens on a TCP address for clients of the compatible API that may call; port 0 takes a free one.
    ///
    /// # Errors
    /// What the kernel says, and that it does not tell whose a connection is.
    pub fn tcp(address: SocketAddr, access: Access) -> io::Result<Self> {
        Self::bind(address, Admission::Named(access), Caller::Thrift)
    }

    /// As [`Listener::tcp`], for clients of its REST form.
    ///
    /// # Errors
    /// As [`Listener::tcp`].
    pub fn rest(address: SocketAddr, access: Access) -> io::Result<Self> {
        Self::bind(address, Admission::Named(access), Caller::Rest)
    }

    /// As [`Listener::tcp`], for who reads the metrics, whoever that is.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn metrics(address: SocketAddr) -> io::Result<Self> {
        Self::bind(address, Admission::Anybody, Caller::Metrics)
    }

    fn bind(address: SocketAddr, mut admission: Admission, caller: fn(Peer) -> Caller) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        // Connections inherit it. Replies are small and complete: sending them at once is always right.
        rustix::net::sockopt::set_tcp_nodelay(&listener, true)?;
        rustix::net::listen(&listener, BACKLOG)?;
        if let Admission::Named(access) = &mut admission {
            access.check(listener.local_addr()?)?;
        }
        Ok(Self::of(Socket::Tcp { listener, admission, caller }))
    }

    /// Listens on a Unix socket of mode 0660 that has this name, and takes the name over from a daemon that died.
    ///
    /// # Errors
    /// `AddrInUse` if somebody listens there, `AlreadyExists` if it is no socket, and what the kernel
    /// says.
    pub fn unix(path: &Path, credentials: PeerCredentials, refuse: RefuseDescriptors) -> io::Result<Self> {
        let (listener, file) = socket_file::listen(path, BACKLOG, refuse)?;
        Ok(Self::of(Socket::Unix { listener, credentials, _file: file }))
    }

    fn of(socket: Socket) -> Self {
        Self { socket, confine: |_| {} }
    }

    /// The same, served by threads that are confined to their role.
    #[must_use]
    pub fn confined(self, confine: Confine) -> Self {
        Self { confine, ..self }
    }

    /// The bound TCP address; `None` for a Unix socket.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn address(&self) -> io::Result<Option<SocketAddr>> {
        match &self.socket {
            Socket::Tcp { listener, .. } => listener.local_addr().map(Some),
            Socket::Unix { .. } => Ok(None),
        }
    }

    /// Takes a connection that waits, unless its caller may not call.
    pub(super) fn accept(&mut self) -> io::Result<Accepted> {
        match &mut self.socket {
            Socket::Tcp { listener, admission, caller } => {
                let (stream, address) = listener.accept()?;
                let judged = match admission {
                    // A connection that was reset before it was accepted has no peer any more (getpeername(2)).
                    Admission::Named(access) => {
                        access.judge(stream.local_addr()?, address, || stream.peer_addr().is_ok())
                    }
                    Admission::Anybody => Ok(None),
                };
                let uid = match judged {
                    Ok(uid) => uid,
                    Err(denial) => return Ok(Accepted::Denied(caller(Peer { address, uid: None }), denial)),
                };
                stream.set_nonblocking(true)?;
                Ok(Accepted::Served(Arc::new(stream), caller(Peer { address, uid })))
            }
            Socket::Unix { listener, credentials, _file } => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                let (uid, pid) = credentials(stream.as_fd())?;
                Ok(Accepted::Served(Arc::new(stream), Caller::Unix { uid, pid }))
            }
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Socket::Tcp { listener, .. } => listener.as_fd(),
            Socket::Unix { listener, .. } => listener.as_fd(),
        }
    }
}
