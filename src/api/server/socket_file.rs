//! A Unix socket's name in the file system.

use std::fs::{self, Permissions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, fchmod};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, socket_with};

use super::listener::RefuseDescriptors;

/// A socket's name in the file system, removed with it.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// Device and inode: another daemon may have put its own socket there since.
    identity: (u64, u64),
}

/// Who may connect, by the file's mode.
const MODE: u32 = 0o660;

/// Listens on a Unix socket of mode 0660 that has this name, and takes the name over from a daemon that died.
///
/// # Errors
/// `AddrInUse` if somebody listens there, `AlreadyExists` if it is no socket, and what the kernel
/// says.
pub(super) fn listen(path: &Path, backlog: i32, refuse: RefuseDescriptors) -> io::Result<(UnixListener, SocketFile)> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "a file that is not a socket has this name"));
        }
        Ok(_) if UnixStream::connect(path).is_ok() => {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "somebody listens on this socket"));
        }
        Ok(_) => fs::remove_file(path)?,
        Err(_) => {}
    }
    let socket = named(path)?;
    let metadata = fs::symlink_metadata(path)?;
    let file = SocketFile { path: path.to_owned(), identity: (metadata.dev(), metadata.ino()) };
    fs::set_permissions(path, Permissions::from_mode(MODE))?;
    refuse(socket.as_fd())?;
    rustix::net::listen(&socket, backlog)?;
    Ok((socket.into(), file))
}

/// A socket with a name, of [`MODE`] or less.
fn named(path: &Path) -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    // The file is made with the socket's own mode, less what the umask takes (unix_bind_bsd in net/unix/af_unix.c):
    // so nobody else connects in between, and there is no second name that a killed daemon could leave.
    fchmod(&socket, Mode::from_raw_mode(MODE))?;
    bind(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket)
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

    fn bound(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
        listen(path, 16, |_| Ok(()))
    }

    #[test]
    fn a_dead_daemons_socket_is_taken_over_and_a_live_ones_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vgwd.sock");
        drop(UnixListener::bind(&path).unwrap());

        let listener = bound(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o660);
        assert_eq!(bound(&path).unwrap_err().kind(), io::ErrorKind::AddrInUse);

        drop(listener);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn there_is_no_moment_in_which_others_may_connect() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vgwd.sock");
        let _socket = named(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777 & !MODE, 0);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no other name");
    }

    #[test]
    fn another_daemons_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vgwd.sock");
        let listener = bound(&path).unwrap();
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
        assert_eq!(bound(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert!(other.exists());
        // Nor one that leads to nothing yet.
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &path).unwrap();
        assert_eq!(bound(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert!(!folder.path().join("elsewhere").exists());
    }

    #[test]
    fn an_earlier_versions_mode_does_not_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vgwd.sock");
        drop(UnixListener::bind(&path).unwrap());
        fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
        let _listener = bound(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o660);
    }

    #[test]
    fn a_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes");
        fs::write(&path, "kept").unwrap();
        assert_eq!(bound(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"kept");
    }
}
