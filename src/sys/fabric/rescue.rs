//! Giving the card back without the daemon, from what a daemon that is gone has written down.

use std::io;
use std::path::{Path, PathBuf};

use crate::addr::InterfaceName;
use crate::fabric::{BadJournal, Failed, Record, SiteError, Verdict, give};
use crate::sys::process::{NamespaceLock, StateDirectory, StateError};

use super::journal::JournalFile;
use super::perform::LinuxSite;

/// What a rescue came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rescued {
    /// There was nothing to give back.
    Nothing,
    /// The host has the card as before.
    Restored {
        /// The card.
        device: InterfaceName,
        /// The tap that was in its place.
        host: InterfaceName,
        /// Why what was written down could not be thrown away: it would be done again.
        kept: Option<SiteError>,
    },
    /// What was written down was put aside as asked, and nothing else done.
    Forgotten {
        /// The card that it tells of.
        device: InterfaceName,
        /// Where it is now.
        path: PathBuf,
    },
    /// What was written down is not to be acted on, and was put aside.
    Aside {
        /// Why.
        why: BadJournal,
        /// Where it is now.
        path: PathBuf,
    },
}

/// Why the card was not given back.
#[derive(Debug, thiserror::Error)]
pub enum RescueError {
    /// A daemon is running, whose card it is.
    #[error(transparent)]
    State(#[from] StateError),
    /// A daemon is running in this network namespace.
    #[error("a vgwd manages this network namespace: {0}")]
    Namespace(#[source] io::Error),
    /// The journal can be neither read nor put aside.
    #[error("{0}: {1}")]
    Journal(PathBuf, #[source] io::Error),
    /// The kernel does not tell.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// Not all could be given back.
    #[error("{failed}")]
    Failed {
        /// What is written down of it.
        record: Box<Record>,
        /// Why not.
        failed: Failed,
    },
}

/// Gives back what the journal of this folder tells of, if no daemon is running.
///
/// # Errors
/// A daemon is running, or why not all is as before; the journal stays then.
pub fn rescue(folder: &Path) -> Result<Rescued, RescueError> {
    alone(folder, || restore(folder))
}

/// Puts the journal of this folder aside and gives nothing back, if no daemon is running: for a card that
/// will not come back.
///
/// # Errors
/// A daemon is running, or the disk refuses; the journal stays then.
pub fn forget(folder: &Path) -> Result<Rescued, RescueError> {
    let journal = JournalFile::in_folder(folder);
    let on_disk = |error| RescueError::Journal(journal.path(), error);
    alone(folder, || {
        let verdict = journal.read().map_err(on_disk)?;
        let aside = || journal.put_aside().map_err(on_disk);
        Ok(match verdict {
            Verdict::Nothing => Rescued::Nothing,
            Verdict::Aside(why) => Rescued::Aside { why, path: aside()? },
            Verdict::Restore(record) => Rescued::Forgotten { device: record.device.name, path: aside()? },
        })
    })
}

/// Does something while no daemon can come in between.
fn alone(folder: &Path, what: impl FnOnce() -> Result<Rescued, RescueError>) -> Result<Rescued, RescueError> {
    if !folder.exists() {
        return Ok(Rescued::Nothing);
    }
    let _state = StateDirectory::lock(folder)?;
    let _namespace = NamespaceLock::take().map_err(RescueError::Namespace)?;
    what()
}

/// As [`rescue`], for the daemon that holds the folder itself.
///
/// # Errors
/// Why not all is as before; the journal stays then.
pub fn restore(folder: &Path) -> Result<Rescued, RescueError> {
    let journal = JournalFile::in_folder(folder);
    let on_disk = |error| RescueError::Journal(journal.path(), error);
    match journal.read().map_err(on_disk)? {
        Verdict::Nothing => Ok(Rescued::Nothing),
        Verdict::Aside(why) => Ok(Rescued::Aside { why, path: journal.put_aside().map_err(on_disk)? }),
        Verdict::Restore(mut record) => {
            let mut site = LinuxSite::new(folder, 1, None)?;
            match give(&mut site, &mut record, false) {
                Ok(given) => Ok(Rescued::Restored { device: record.device.name, host: record.host, kept: given.kept }),
                Err(failed) => Err(RescueError::Failed { record, failed }),
            }
        }
    }
}
