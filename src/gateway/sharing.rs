//! Values of a map that are the same and so are kept once.

use std::sync::Arc;

use imbl::OrdMap;

/// Puts a value into a map and gives what it had by that key. If the key before it has an equal one, they share
/// that: routes beside each other mostly lead the same way, and a million of them then cost their keys.
pub(super) fn insert_shared<K, V>(map: &mut OrdMap<K, Arc<V>>, key: K, value: V) -> Option<Arc<V>>
where
    K: Ord + Clone,
    V: Eq,
{
    let neighbour = map.range::<_, K>(..&key).next_back().map(|(_, neighbour)| neighbour);
    let value = neighbour.filter(|neighbour| ***neighbour == value).cloned().unwrap_or_else(|| Arc::new(value));
    map.insert(key, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_what_is_equal() {
        let mut map = OrdMap::new();
        for (key, value) in [(1, 'a'), (2, 'a'), (4, 'b'), (3, 'a'), (5, 'b'), (4, 'a'), (5, 'a')] {
            insert_shared(&mut map, key, value);
        }
        assert_eq!(map.values().map(|value| **value).collect::<String>(), "aaaaa");
        assert!(map.values().all(|value| Arc::ptr_eq(value, &map[&1])));
        assert_eq!(insert_shared(&mut map, 2, 'c').as_deref(), Some(&'a'));
        assert_eq!((*map[&1], *map[&2], *map[&3]), ('a', 'c', 'a'), "only the one by that key is another");
    }
}
