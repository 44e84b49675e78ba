//! Persistent maps that share what they have in common.

use imbl::ordmap::DiffItem;
use imbl::{OrdMap, OrdSet, ordset};

/// A map equal to `map`, held in the tree of `model` as far as both agree. A map that was built by
/// itself shares nothing with another, however equal: comparing the two visits everything, once.
/// Afterwards [`OrdMap::diff`] between the result and `model`, or what becomes of either, visits only
/// what has changed.
#[must_use]
pub fn sharing<K: Ord + Clone, V: PartialEq + Clone>(map: &OrdMap<K, V>, model: &OrdMap<K, V>) -> OrdMap<K, V> {
    let mut shared = model.clone();
    for difference in model.diff(map) {
        match difference {
            DiffItem::Add(key, value) | DiffItem::Update { new: (key, value), .. } => {
                shared.insert(key.clone(), value.clone());
            }
            DiffItem::Remove(key, _) => drop(shared.remove(key)),
        }
    }
    shared
}

/// As [`sharing`], of sets.
pub(super) fn sharing_set<T: Ord + Clone>(set: &OrdSet<T>, model: &OrdSet<T>) -> OrdSet<T> {
    let mut shared = model.clone();
    for difference in model.diff(set) {
        match difference {
            ordset::DiffItem::Add(item) => drop(shared.insert(item.clone())),
            ordset::DiffItem::Remove(item) => drop(shared.remove(item)),
        }
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shares_is_equal_and_cheap_to_compare() {
        let model: OrdMap<u32, String> = (0..1000u32).map(|i| (i, i.to_string())).collect();
        let mut map: OrdMap<u32, String> = (0..1000u32).map(|i| (i, i.to_string())).collect();
        assert!(!map.ptr_eq(&model));
        assert!(sharing(&map, &model).ptr_eq(&model), "nothing differs: the same tree");
        map.remove(&3);
        map.insert(500, "other".into());
        map.insert(5000, "new".into());
        assert_eq!(sharing(&map, &model), map);
    }
}
