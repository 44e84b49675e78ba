//! Opening network namespaces by their files' names.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::thread::Builder;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::sandbox::keep_for_namespaces;

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
            if let Err(error) = keep_for_namespaces() {
                tracing::error!(%error, "the thread that opens namespaces keeps its capabilities");
            }
            for (path, answer) in inbox {
                // Whoever has asked and gone does not want to know.
                let _ = answer.send(File::open(path));
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
