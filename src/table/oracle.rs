//! A table that is slow and obviously right, to compare the fast one with.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::addr::{Family, Prefix};

use super::Index;

/// Has the face of [`super::PrefixTable`].
#[derive(Debug, Clone, Default)]
pub(super) struct Oracle {
    entries: BTreeMap<Prefix, Index>,
}

impl Oracle {
    pub(super) fn insert(&mut self, prefix: Prefix, index: Index) -> Option<Index> {
        self.entries.insert(prefix, index)
    }

    pub(super) fn remove(&mut self, prefix: &Prefix) -> Option<Index> {
        self.entries.remove(prefix)
    }

    pub(super) fn get(&self, prefix: &Prefix) -> Option<Index> {
        self.entries.get(prefix).copied()
    }

    pub(super) fn lookup(&self, address: IpAddr) -> Option<(Prefix, Index)> {
        self.iter().filter(|(prefix, _)| prefix.contains(address)).max_by_key(|(prefix, _)| prefix.length())
    }

    pub(super) fn count(&self, family: Family) -> usize {
        self.iter().filter(|(prefix, _)| prefix.family() == family).count()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Prefix, Index)> {
        self.entries.iter().map(|(prefix, index)| (*prefix, *index))
    }
}
