//! The state directory in memory.

use std::sync::{Arc, Mutex};

use vgw::engine::Recollection;
use vgw::gateway::{Journal, Record};

/// What outlives daemons.
#[derive(Default, Clone)]
pub(crate) struct Disk(Arc<Mutex<Contents>>);

#[derive(Default)]
struct Contents {
    journal: Vec<u8>,
    boots: u32,
    is_full: bool,
}

/// One daemon's hold of it.
pub(crate) struct Memory {
    disk: Disk,
    is_open: bool,
}

impl Disk {
    pub(crate) fn mount(&self) -> Memory {
        Memory { disk: self.clone(), is_open: false }
    }

    pub(crate) fn contents(&self) -> Vec<u8> {
        self.0.lock().unwrap().journal.clone()
    }

    pub(crate) fn replace(&self, journal: Vec<u8>) {
        self.0.lock().unwrap().journal = journal;
    }

    pub(crate) fn reboot(&self) {
        self.0.lock().unwrap().boots += 1;
    }

    pub(crate) fn fill(&self, is_full: bool) {
        self.0.lock().unwrap().is_full = is_full;
    }

    /// The journal but for its first line.
    pub(crate) fn lines(&self) -> Vec<String> {
        String::from_utf8(self.contents()).unwrap().lines().skip(1).map(ToOwned::to_owned).collect()
    }
}

impl Memory {
    pub(crate) fn recollect(&mut self) -> Recollection {
        let contents = self.disk.0.lock().unwrap();
        if contents.journal.is_empty() {
            return Recollection::default();
        }
        let Journal { boot, saved, .. } = Journal::read(&contents.journal).unwrap();
        Recollection { saved, is_same_boot: boot == contents.boots.to_string() }
    }

    pub(crate) fn remember(&mut self, change: &[Record], all: &dyn Fn() -> Vec<Record>) -> Result<(), String> {
        let mut contents = self.disk.0.lock().unwrap();
        if contents.is_full {
            return Err("No space left on device".to_owned());
        }
        if self.is_open {
            contents.journal.extend(Journal::line(change));
        } else {
            contents.journal = Journal::header(&contents.boots.to_string());
            contents.journal.extend(all().iter().flat_map(|record| Journal::line(std::slice::from_ref(record))));
            self.is_open = true;
        }
        Ok(())
    }
}
