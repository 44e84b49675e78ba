//! The file of what calls have added: a journal that is appended to, and from time to time written anew.

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use crate::engine::{PutAside, Recollection};
use crate::gateway::{Journal, Record};

use super::state_file;

/// The file's name in the state directory.
const NAME: &str = "dynamic.jsonl";

/// A journal is written anew when it has grown by this much and to twice what it was, bytes.
const GROWTH: u64 = 1 << 20;

/// No journal of ours is larger: some 100 times what the default limits allow, bytes.
const LIMIT: u64 = 1 << 30;

/// What calls have added, in the state directory.
#[derive(Debug)]
pub(super) struct Dynamic {
    folder: PathBuf,
    boot: String,
    /// The journal that is appended to; `None` if everything has to be written first.
    log: Option<Log>,
    /// What could not be read.
    unread: Option<Unread>,
}

#[derive(Debug)]
struct Log {
    file: File,
    /// How long it is, bytes.
    length: u64,
    /// How long it was when it was written anew, or that was last tried, bytes.
    compact: u64,
    /// What is in the file, and what of it is on the disk, is not known.
    is_broken: bool,
}

#[derive(Debug)]
struct Unread {
    told: PutAside,
    /// Where it is, if it is out of the way.
    aside: Option<PathBuf>,
}

impl Dynamic {
    /// The file in that folder; `boot` is the kernel's `boot_id`. What is there and no regular file is put
    /// aside at once: confined as it is when it reads, the daemon cannot rename such things (landlock(7)).
    pub(super) fn in_folder(folder: &Path, boot: String) -> Self {
        let mut dynamic = Self { folder: folder.to_owned(), boot, log: None, unread: None };
        if dynamic.path().symlink_metadata().is_ok_and(|metadata| !metadata.is_file()) {
            dynamic.keep_unread("it is no regular file".to_owned());
        }
        dynamic
    }

    /// Reads what earlier runs have left. What cannot be read is kept under another name.
    pub(super) fn read(&mut self) -> Recollection {
        let journal = match self.bytes() {
            Ok(None) => return Recollection::default(),
            Ok(Some(bytes)) => Journal::read(&bytes).map_err(|bad| bad.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match journal {
            Ok(Journal { boot, saved, is_torn }) => {
                if is_torn {
                    tracing::warn!(path = %self.path().display(), "its last line is not whole, and counts as not written");
                }
                Recollection { saved, is_same_boot: !boot.is_empty() && boot == self.boot }
            }
            Err(reason) => {
                self.keep_unread(reason);
                Recollection::default()
            }
        }
    }

    fn keep_unread(&mut self, reason: String) {
        let told = PutAside { file: self.path().display().to_string(), reason };
        self.unread = Some(Unread { told, aside: None });
        let failed = self.move_aside().err();
        self.unread.iter().for_each(|unread| tracing::error!("{}", unread.told));
        failed.iter().for_each(|error| tracing::error!("it cannot be kept under another name: {error}"));
    }

    /// Writes down a change, or `all` if the journal is to be written anew; on the disk when this returns.
    ///
    /// # Errors
    /// What was written down before is still there.
    pub(super) fn write(&mut self, change: &[Record], all: &dyn Fn() -> Vec<Record>) -> io::Result<()> {
        let path = self.path();
        let Some(log) = self.log.as_mut().filter(|log| log.is_good(&path)) else { return self.write_anew(&all()) };
        if log.is_long() {
            log.compact = log.length;
            return self.write_anew(&all()).or_else(|error| match &mut self.log {
                // The old one is still good, and there may be room for a line.
                Some(log) if log.is_good(&path) => log.append(&Journal::line(change)),
                _ => Err(error),
            });
        }
        log.append(&Journal::line(change))
    }

    /// What could not be read, as long as it is there.
    pub(super) fn put_aside(&self) -> Option<PutAside> {
        let Unread { told, aside } = self.unread.as_ref()?;
        aside.as_ref().is_none_or(|path| path.symlink_metadata().is_ok()).then(|| told.clone())
    }

    fn path(&self) -> PathBuf {
        self.folder.join(NAME)
    }

    fn bytes(&self) -> io::Result<Option<Vec<u8>>> {
        let metadata = match self.path().symlink_metadata() {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if !metadata.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        // Whoever has the folder could put any file there.
        let owners = [0, geteuid().as_raw(), fs::metadata(&self.folder)?.uid()];
        if !owners.contains(&metadata.uid()) || metadata.mode() & 0o022 != 0 {
            return Err(io::Error::other("others than vgwd may write it"));
        }
        if metadata.len() > LIMIT {
            return Err(io::Error::other("it is too large"));
        }
        fs::read(self.path()).map(Some)
    }

    /// Moves what could not be read out of the way.
    fn move_aside(&mut self) -> io::Result<()> {
        let from = self.path();
        let Some(unread) = self.unread.as_mut().filter(|unread| unread.aside.is_none()) else { return Ok(()) };
        let aside = match state_file::put_aside(&from) {
            // Somebody was faster.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.unread = None;
                return Ok(());
            }
            aside => aside?,
        };
        unread.told.file = aside.display().to_string();
        unread.aside = Some(aside);
        Ok(())
    }

    fn write_anew(&mut self, records: &[Record]) -> io::Result<()> {
        // What cannot be read is not written over.
        self.move_aside()?;
        let lines = records.iter().map(|record| Journal::line(std::slice::from_ref(record)));
        let contents: Vec<u8> = [Journal::header(&self.boot)].into_iter().chain(lines).flatten().collect();
        let file = state_file::replace(&self.path(), &contents, 0o600)?;
        let length = contents.len() as u64;
        self.log = Some(Log { file, length, compact: length, is_broken: false });
        Ok(())
    }
}

impl Log {
    /// False if nobody knows what is in the file, or the next start will not read it: somebody has removed
    /// it, moved it or put another in its place.
    fn is_good(&self, path: &Path) -> bool {
        let is_there = || {
            let (open, there) = (self.file.metadata().ok()?, path.symlink_metadata().ok()?);
            Some((open.dev(), open.ino()) == (there.dev(), there.ino()))
        };
        !self.is_broken && is_there() == Some(true)
    }

    fn is_long(&self) -> bool {
        self.length >= self.compact.saturating_mul(2).max(self.compact.saturating_add(GROWTH))
    }

    /// Adds a line; on the disk when this returns. Half a line that there was no room for is taken back.
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write_all(line) {
            self.is_broken = self.file.set_len(self.length).is_err();
            return Err(error);
        }
        // After a failure the kernel may take pages for written that are not: everything is written anew.
        self.file.sync_data().inspect_err(|_| self.is_broken = true)?;
        self.length += line.len() as u64;
        Ok(())
    }
}
