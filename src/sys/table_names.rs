//! The names of the uplinks' routing tables: for people, and for the next run.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::gateway::UplinkName;

use super::state_file;

/// The first line of our file; one that begins otherwise is somebody else's.
const HEADER: &str = "# Written by vgwd: the routing tables of its uplinks. What is changed here is lost.\n";
/// Name of our file. iproute2 reads those of the folder that end so.
const FILE: &str = "vgw.conf";
/// Whoever uses `ip` may read it.
const MODE: u32 = 0o644;
/// Before each name, so that it is nobody else's.
const PREFIX: &str = "vgw-";

/// Which uplink has, or had, which table.
#[derive(Debug)]
pub(super) struct TableNames {
    /// What outlives us: a table has one name, the last.
    memory: PathBuf,
    remembered: BTreeMap<UplinkName, u32>,
    /// Where people and `ip` find the present ones.
    folder: Option<PathBuf>,
    /// What was named last; `None` before the first time.
    named: Option<BTreeMap<UplinkName, u32>>,
}

impl TableNames {
    /// What an earlier run has left in the state directory. What cannot be read is kept under another name, and
    /// forgotten: tables are then allocated anew.
    pub(super) fn load(state_directory: &Path) -> Self {
        let memory = state_directory.join("tables.json");
        let understood = |text: Option<Vec<u8>>| match text {
            Some(text) => Ok(serde_json::from_slice(&text)?),
            None => Ok(BTreeMap::new()),
        };
        let saved: BTreeMap<String, u32> = state_file::read(&memory).and_then(understood).unwrap_or_else(|error| {
            let aside = state_file::put_aside(&memory);
            tracing::warn!(file = %memory.display(), %error, ?aside, "which uplink had which table is forgotten");
            BTreeMap::new()
        });
        let remembered = saved.into_iter().filter_map(|(name, table)| Some((name.parse().ok()?, table)));
        Self { memory, remembered: remembered.collect(), folder: None, named: None }
    }

    /// The same, shown in a file of this folder if it is there now: one that is made later is out of reach of a daemon
    /// that has been confined.
    pub(super) fn shown_in(self, folder: Option<PathBuf>) -> Self {
        Self { folder: folder.filter(|folder| folder.is_dir()), ..self }
    }

    pub(super) fn remembered(&self) -> &BTreeMap<UplinkName, u32> {
        &self.remembered
    }

    /// Remembers and shows the present tables.
    ///
    /// # Errors
    /// A file cannot be written, or ours is somebody else's; tried again the next time.
    pub(super) fn name(&mut self, tables: &BTreeMap<UplinkName, u32>) -> io::Result<()> {
        if self.named.as_ref() == Some(tables) {
            return Ok(());
        }
        let mut remembered = self.remembered.clone();
        remembered.retain(|_, table| !tables.values().any(|present| present == table));
        remembered.extend(tables.iter().map(|(name, table)| (name.clone(), *table)));
        if remembered != self.remembered {
            let saved: BTreeMap<String, u32> =
                remembered.iter().map(|(name, table)| (name.to_string(), *table)).collect();
            state_file::replace(&self.memory, &serde_json::to_vec_pretty(&saved)?, MODE)?;
            self.remembered = remembered;
        }
        self.show(tables)?;
        self.named = Some(tables.clone());
        Ok(())
    }

    fn show(&self, tables: &BTreeMap<UplinkName, u32>) -> io::Result<()> {
        let Some(folder) = self.folder.as_ref().filter(|folder| folder.is_dir()) else { return Ok(()) };
        let file = folder.join(FILE);
        let there = match fs::read_to_string(&file) {
            Ok(text) if text.starts_with(HEADER) => Some(text),
            Ok(_) => return Err(foreign(&file)),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(foreign(&file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let lines = tables.iter().map(|(name, table)| format!("{table} {PREFIX}{name}\n"));
        let text = lines.fold(HEADER.to_owned(), |text, line| text + &line);
        match there {
            Some(_) if tables.is_empty() => fs::remove_file(&file),
            None if tables.is_empty() => Ok(()),
            Some(there) if there == text => Ok(()),
            _ => state_file::replace(&file, text.as_bytes(), MODE).map(drop),
        }
    }
}

fn foreign(file: &Path) -> io::Error {
    io::Error::other(format!("{} is not vgwd's, and is left alone", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(words: &[(&str, u32)]) -> BTreeMap<UplinkName, u32> {
        words.iter().map(|(name, table)| (name.parse().unwrap(), *table)).collect()
    }

    #[test]
    fn the_file_names_the_present_tables_and_goes_with_the_last() {
        let (state, shown) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let load = || TableNames::load(state.path()).shown_in(Some(shown.path().to_owned()));
        let file = shown.path().join(FILE);
        let mut names = load();
        names.name(&tables(&[("display", 20_100), ("six", 20_101)])).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), format!("{HEADER}20100 vgw-display\n20101 vgw-six\n"));
        names.name(&tables(&[("six", 20_101), ("new", 20_100)])).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), format!("{HEADER}20100 vgw-new\n20101 vgw-six\n"));

        // What a killed run has left is ours.
        let mut names = load();
        assert_eq!(names.remembered(), &tables(&[("six", 20_101), ("new", 20_100)]));
        names.name(&tables(&[])).unwrap();
        assert_eq!(fs::read_dir(shown.path()).unwrap().count(), 0);
        assert_eq!(load().remembered(), &tables(&[("six", 20_101), ("new", 20_100)]), "remembered all the same");
    }

    #[test]
    fn what_is_not_ours_stays() {
        let (state, shown) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = shown.path().join(FILE);
        for theirs in [&b"20100 mine\n"[..], b"", b"\xff\xfe"] {
            fs::write(&file, theirs).unwrap();
            let mut names = TableNames::load(state.path()).shown_in(Some(shown.path().to_owned()));
            for present in [tables(&[("six", 20_101)]), tables(&[])] {
                let error = names.name(&present).unwrap_err().to_string();
                assert!(error.ends_with("is not vgwd's, and is left alone"), "{error}");
            }
            assert_eq!(fs::read(&file).unwrap(), theirs);
        }
        fs::write(state.path().join("tables.json"), "[").unwrap();
        assert!(TableNames::load(state.path()).remembered().is_empty());
        let later = shown.path().join("later");
        let mut names = TableNames::load(state.path()).shown_in(Some(later.clone()));
        names.name(&tables(&[("six", 1)])).unwrap();
        fs::create_dir(&later).unwrap();
        names.name(&tables(&[("six", 2)])).unwrap();
        assert_eq!(fs::read_dir(&later).unwrap().count(), 0, "it was not there at the start");
    }
}
