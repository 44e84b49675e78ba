//! Where clients come in.

use std::fs::{self, Permissions};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::engine::{Caller, Confine, Peer};

use super::access::{Access, Denial};

/// Tells user id and process id of the other end of a Unix socket, as the kernel vouches for them
/// (`SO_PEERCRED`, unix(7)).
pub type PeerCredentials = fn(BorrowedFd<'_>) -> io::Result<(u32, i32)>;

/// A bound socket that clients connect to.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    /// What confines the threads that serve it.
    pub(super) confine: Confine,
}

#[derive(Debug)]
enum Socket {
    Tcp { listener: TcpListener, access: Option<Access>, caller: fn(Peer) -> Caller },
    Unix { listener: UnixListener, credentials: PeerCredentials, _file: SocketFile },
}

/// A socket's name in the file system, removed with it.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    /// Device and inode: another daemon may have put its own socket there since.
    identity: (u64, u64),
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
        Self::bind(address, Some(access), Caller::Thrift)
    }

    /// As [`Listener::tcp`], for clients of its REST form.
    ///
    /// # Errors
    /// As [`Listener::tcp`].
    pub fn rest(address: SocketAddr, access: Access) -> io::Result<Self> {
        Self::bind(address, Some(access), Caller::Rest)
    }

    /// As [`Listener::tcp`], for who reads the metrics, whoever that is.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn metrics(address: SocketAddr) -> io::Result<Self> {
        Self::bind(address, None, Caller::Metrics)
    }

    fn bind(address: SocketAddr, access: Option<Access>, caller: fn(Peer) -> Caller) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        rustix::net::listen(&listener, BACKLOG)?;
        if let Some(access) = &access {
            access.check(listener.local_addr()?)?;
        }
        Ok(Self::of(Socket::Tcp { listener, access, caller }))
    }

    /// Listens on a Unix socket of mode 0660 that has this name, and takes the name over from a
    /// daemon that died. The socket gets its mode before it gets its name, so that nobody connects
    /// in between.
    ///
    /// # Errors
    /// `AddrInUse` if somebody listens there, `AlreadyExists` if it is no socket, and what the kernel
    /// says.
    pub fn unix(path: &Path, credentials: PeerCredentials) -> io::Result<Self> {
        match fs::symlink_metadata(path) {
            Ok(found) if !found.file_type().is_socket() => {
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, "a file that is not a socket has this name"));
            }
            Ok(_) if UnixStream::connect(path).is_ok() => {
                return Err(io::Error::new(io::ErrorKind::AddrInUse, "somebody listens on this socket"));
            }
            Ok(_) | Err(_) => {}
        }
        let mut unnamed = path.as_os_str().to_owned();
        unnamed.push(format!(".{}", std::process::id()));
        let listener = UnixListener::bind(&unnamed)?;
        let named =
            fs::set_permissions(&unnamed, Permissions::from_mode(0o660)).and_then(|()| fs::rename(&unnamed, path));
        if let Err(error) = named {
            // What matters is the first error.
            let _ = fs::remove_file(&unnamed);
            return Err(error);
        }
        listener.set_nonblocking(true)?;
        rustix::net::listen(&listener, BACKLOG)?;
        let metadata = fs::symlink_metadata(path)?;
        let file = SocketFile { path: path.to_owned(), identity: (metadata.dev(), metadata.ino()) };
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
    pub(super) fn accept(&self) -> io::Result<Accepted> {
        match &self.socket {
            Socket::Tcp { listener, access, caller } => {
                let (stream, address) = listener.accept()?;
                let own = stream.local_addr()?;
                let uid = match access.as_ref().map_or(Ok(None), |access| access.judge(own, address)) {
                    Ok(uid) => uid,
                    Err(denial) => return Ok(Accepted::Denied(caller(Peer { address, uid: None }), denial)),
                };
                stream.set_nonblocking(true)?;
                // Replies are small and complete: sending them at once is always right.
                stream.set_nodelay(true)?;
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

impl Drop for SocketFile {
    fn drop(&mut self) {
        let ours = |found: fs::Metadata| (found.dev(), found.ino()) == self.identity;
        if fs::symlink_metadata(&self.path).is_ok_and(ours) {
            // Whoever removed it before us did our work.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nobody(_: BorrowedFd<'_>) -> io::Result<(u32, i32)> {
        Ok((65534, 1))
    }

    #[test]
    fn a_dead_daemons_socket_is_taken_over_and_a_live_ones_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vgwd.sock");
        drop(UnixListener::bind(&path).unwrap());

        let listener = Listener::unix(&path, nobody).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o660);
        assert_eq!(Listener::unix(&path, nobody).unwrap_err().kind(), io::ErrorKind::AddrInUse);

        drop(listener);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn another_daemons_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vgwd.sock");
        let listener = Listener::unix(&path, nobody).unwrap();
        fs::remove_file(&path).unwrap();
        let _other = UnixListener::bind(&path).unwrap();
        drop(listener);
        assert!(path.exists());
    }

    #[test]
    fn a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let [path, other] = ["vgwd.sock", "other.sock"].map(|name| folder.path().join(name));
        drop(UnixListener::bind(&other).unwrap());
        std::os::unix::fs::symlink(&other, &path).unwrap();
        assert_eq!(Listener::unix(&path, nobody).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        fs::remove_file(&path).unwrap();
        // Nor where the socket is made before it gets its name.
        let unnamed = folder.path().join(format!("vgwd.sock.{}", std::process::id()));
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &unnamed).unwrap();
        assert_eq!(Listener::unix(&path, nobody).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        assert!(!folder.path().join("elsewhere").exists() && other.exists());
    }

    #[test]
    fn an_earlier_versions_mode_does_not_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vgwd.sock");
        drop(UnixListener::bind(&path).unwrap());
        fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
        let _listener = Listener::unix(&path, nobody).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o660);
    }

    #[test]
    fn a_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes");
        fs::write(&path, "kept").unwrap();
        assert_eq!(Listener::unix(&path, nobody).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"kept");
    }
}
