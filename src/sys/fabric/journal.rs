//! The record's file, which is either the old one or the new one, whatever happens.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::fabric::{Here, Journal, Record, Verdict};
use crate::sys::state_file;

/// The file's name in the state directory.
const NAME: &str = "fabric.json";

/// The journal of a state directory.
#[derive(Debug, Clone)]
pub struct JournalFile {
    folder: PathBuf,
}

impl JournalFile {
    /// The journal in that folder, which must be there when something is written.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.join(NAME)
    }

    /// Writes a record; it is on the disk when this returns.
    ///
    /// # Errors
    /// The disk. What was there before is still there.
    pub fn write(&self, record: &Record) -> io::Result<()> {
        let text = serde_json::to_string_pretty(&Journal::of(record, &here()?)).map_err(io::Error::other)?;
        state_file::replace(&self.path(), (text + "\n").as_bytes(), 0o644).map(drop)
    }

    /// Reads what was left and judges it.
    ///
    /// # Errors
    /// The disk.
    pub fn read(&self) -> io::Result<Verdict> {
        let found = state_file::read(&self.path())?;
        Ok(Journal::judge(found.as_deref(), &here()?))
    }

    /// Throws the journal away.
    ///
    /// # Errors
    /// The disk.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_file(self.path()) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            Err(_) => Ok(()),
            Ok(()) => state_file::sync_folder(&self.path()),
        }
    }

    /// Keeps a journal that is not to be acted on, out of the way; where it is then.
    ///
    /// # Errors
    /// The disk.
    pub fn put_aside(&self) -> io::Result<PathBuf> {
        state_file::put_aside(&self.path())
    }
}

/// This run of the kernel and this thread's network namespace.
fn here() -> io::Result<Here> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned();
    Ok(Here { boot, namespace: fs::metadata("/proc/thread-self/ns/net")?.ino() })
}
