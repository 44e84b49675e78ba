//! A table that is slow and obviously right, to compare the fast one with.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::addr::{Family, Prefix};

/// Has the face of [`super::PrefixTable`].
#[derive(Debug, Clone, Default)]
pub(super) struct Oracle<V> {
    entries: BTreeMap<Prefix, V>,
}

impl<V> Oracle<V> {
    pub(super) fn insert(&mut self, prefix: Prefix, value: V) -> Option<V> {
        self.entries.insert(prefix, value)
    }

    pub(super) fn remove(&mut self, prefix: &Prefix) -> Option<V> {
        self.entries.remove(prefix)
    }

    pub(super) fn get(&self, prefix: &Prefix) -> Option<&V> {
        self.entries.get(prefix)
    }

    pub(super) fn lookup(&self, address: IpAddr) -> Option<(Prefix, &V)> {
        self.iter().filter(|(prefix, _)| prefix.contains(address)).max_by_key(|(prefix, _)| prefix.length())
    }

    pub(super) fn count(&self, family: Family) -> usize {
        self.iter().filter(|(prefix, _)| prefix.family() == family).count()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Prefix, &V)> {
        self.entries.iter().map(|(prefix, value)| (*prefix, value))
    }
}
