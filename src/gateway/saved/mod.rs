//! What calls have added, as it outlives the daemon: records of what has changed, the journal that they
//! make up, and what a registry takes of it again.
//!
//! What the configuration file defines is not saved: the file is there.

mod form;
mod journal;
mod record;
mod state;
#[cfg(test)]
mod tests;
mod text;
mod unfit;

pub use journal::{BadJournal, Journal};
pub use record::{Key, Record, Thing};
pub(super) use record::{Savable, differing};
pub use state::State;
pub use unfit::Unfit;

use std::collections::BTreeMap;

use super::{Audit, Auditee};

/// What a journal comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Saved {
    /// What calls had added.
    pub things: BTreeMap<Key, Thing>,
    /// The audits as they ran.
    pub audits: BTreeMap<Auditee, Audit>,
}

impl Saved {
    /// Takes over one record after another.
    pub fn apply(&mut self, record: Record) {
        match record {
            Record::Put(thing) => _ = self.things.insert(thing.key(), thing),
            Record::Forget(key) => _ = self.things.remove(&key),
            Record::Audit(auditee, audit) => _ = self.audits.insert(auditee, audit),
        }
    }
}
