//! What was saved and does not fit now.

use imbl::OrdMap;

use crate::addr::Uuid;
use crate::gateway::{Auditee, Refusal, Registry};
use crate::host::Observed;

use super::record::{Savable, differing};
use super::{Key, Record, Thing};

/// Things that do not fit beside what the configuration defines and the host has. They are not lost: they
/// stay saved, and are tried again, until they fit, somebody deletes them, or an audit does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unfit(OrdMap<Key, Left>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Left {
    thing: Thing,
    refusal: Refusal,
}

impl Savable<Key> for Left {
    fn thing(&self, _: &Key) -> Option<Thing> {
        Some(self.thing.clone())
    }
}

impl Unfit {
    /// What they go by, and why they do not fit.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Refusal)> {
        self.0.iter().map(|(key, left)| (key, &left.refusal))
    }

    /// True if everything fits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True if this does not fit.
    #[must_use]
    pub fn contains(&self, key: &Key) -> bool {
        self.0.contains_key(key)
    }

    /// What a compute service knows by this name.
    #[must_use]
    pub fn compute_port(&self, id: Uuid) -> Option<Key> {
        self.0.iter().find(|(_, left)| left.thing.compute_id() == Some(id)).map(|(key, _)| key.clone())
    }

    /// Forgets what goes by this. False if there is none.
    pub fn forget(&mut self, key: &Key) -> bool {
        self.0.remove(key).is_some()
    }

    /// Confirms what a controller or a compute service has named, as what stands is confirmed.
    pub fn seen(&mut self, keys: impl IntoIterator<Item = Key>, now: u32) {
        for key in keys {
            if let Some((_, version)) = self.0.get_mut(&key).and_then(|left| left.thing.version()) {
                *version = now;
            }
        }
    }

    /// Forgets what an audit deletes that expires with this threshold.
    pub fn expire(&mut self, whose: Auditee, threshold: u32) {
        self.forget_where(|_, left| {
            left.thing.clone().version().is_some_and(|(auditee, version)| auditee == whose && *version < threshold)
        });
    }

    /// Forgets what stands by now: somebody has asked for it again, or the configuration has, unless that
    /// one is on trial and may be taken back.
    pub fn tidy(&mut self, registry: &Registry, is_on_trial: bool) {
        self.forget_where(|key, left| {
            let is_elsewhere = left.thing.compute_id().is_some_and(|id| registry.compute_port(id).is_some());
            is_elsewhere || if is_on_trial { registry.stands_by_call(key) } else { registry.stands(key) }
        });
    }

    /// Puts those that fit into a registry. True if one does.
    pub fn retry(&mut self, registry: &mut Registry, host: &Observed) -> bool {
        self.tidy(registry, false);
        let before = self.0.len();
        for (key, left) in self.0.clone() {
            match registry.restore(&left.thing, host) {
                Ok(()) => _ = self.0.remove(&key),
                Err(refusal) if refusal != left.refusal => self.put(left.thing, refusal),
                Err(_) => {}
            }
        }
        self.0.len() < before
    }

    fn forget_where(&mut self, is_over: impl Fn(&Key, &Left) -> bool) {
        let over: Vec<Key> =
            self.0.iter().filter(|(key, left)| is_over(key, left)).map(|(key, _)| key.clone()).collect();
        over.iter().for_each(|key| _ = self.0.remove(key));
    }

    pub(super) fn put(&mut self, thing: Thing, refusal: Refusal) {
        self.0.insert(thing.key(), Left { thing, refusal });
    }

    pub(super) fn records_since(&self, before: &Self) -> Vec<Record> {
        let mut records = Vec::new();
        differing(&before.0, &self.0, &mut records);
        records
    }
}
