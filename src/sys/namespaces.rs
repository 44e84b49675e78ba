//! Opening network namespaces by their files' names.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::thread::Builder;

use crossbeam_channel::{Receiver, Sender, bounded};
use rustix::fs::{Mode, OFlags, fstatfs, open};

use super::sandbox;

/// The file system of namespaces (`NSFS_MAGIC`, include/uapi/linux/magic.h).
const NSFS: u32 = 0x6e73_6673;

/// A request, and where its answer goes.
type Request = (PathBuf, Sender<io::Result<File>>);

/// A thread that opens namespaces' files, and does nothing else.
///
/// Who is confined to some files may not look into other processes (landlock(7)), whatever capabilities he has, and
/// `/proc/PID/ns/net` is such a look. So this thread is started before that; it ends with the last that may ask.
#[derive(Debug)]
pub(super) struct Namespaces(Sender<Request>);

impl Namespaces {
    /// Starts the thread.
    ///
    /// # Errors
    /// No thread to be had.
    pub(super) fn start() -> io::Result<Self> {
        let (requests, inbox): (_, Receiver<Request>) = bounded(0);
        Builder::new().name("namespaces".into()).spawn(move || {
            sandbox::confine_opener();
            for (path, answer) in inbox {
                // Whoever has asked and gone does not want to know.
                let _ = answer.send(open_namespace(&path));
            }
        })?;
        Ok(Self(requests))
    }

    /// Opens a file.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn open(&self, path: PathBuf) -> io::Result<File> {
        let (answer, opened) = bounded(1);
        let gone = || io::Error::other("the thread that opens namespaces is gone");
        self.0.send((path, answer)).map_err(|_| gone())?;
        opened.recv().map_err(|_| gone())?
    }
}

/// Opens a namespace's file, and nothing that only bears such a name: opening a pipe would wait for whoever
/// writes to it, and opening a device can do something by itself.
fn open_namespace(path: &Path) -> io::Result<File> {
    let place = open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    // The type of `f_type` differs between architectures.
    if u32::try_from(fstatfs(&place)?.f_type) != Ok(NSFS) {
        return Err(io::Error::other("it is no namespace"));
    }
    File::open(format!("/proc/self/fd/{}", place.as_raw_fd()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_namespaces_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, file) = (folder.path().join("pipe"), folder.path().join("file"));
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        std::fs::write(&file, "").unwrap();
        // Nobody ever writes to the pipe.
        for path in [&pipe, &file, Path::new("/dev/null")] {
            assert_eq!(open_namespace(path).unwrap_err().to_string(), "it is no namespace", "{}", path.display());
        }
        assert!(open_namespace(Path::new("/proc/self/ns/net")).is_ok());
        assert_eq!(open_namespace(&folder.path().join("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
