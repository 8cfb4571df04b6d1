//! A map with a bound: when it is full, the entries that were used longest ago go.

use hashbrown::HashMap;
use std::hash::Hash;

/// A map of at most `bound` entries. Its table has a power of two of places and doubles when it is seven eighths full, so a
/// bound of seven eighths of a power of two makes the most of its memory.
#[derive(Debug, Clone)]
pub struct BoundedMap<K, V> {
    entries: HashMap<K, (u64, V)>,
    bound: usize,
    uses: u64,
    evicted: u64,
}

impl<K: Hash + Eq + Copy, V> BoundedMap<K, V> {
    /// An empty map of at most `bound` entries.
    pub fn new(bound: usize) -> Self {
        Self { entries: HashMap::new(), bound: bound.max(4), uses: 0, evicted: 0 }
    }

    /// The entry of that key, made if it is not there.
    pub fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        self.uses += 1;
        if self.entries.len() >= self.bound && !self.entries.contains_key(&key) {
            self.evict();
        }
        let entry = self.entries.entry(key).or_insert_with(|| (0, make()));
        entry.0 = self.uses;
        &mut entry.1
    }

    /// The entry of that key, if it is there.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    /// The entry of that key, if it is there; this is no use of it.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|(_, value)| value)
    }

    /// How many entries were dropped for lack of room.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries with their keys, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, (_, value))| (key, value))
    }

    /// Takes an entry out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.entries.remove(key).map(|(_, value)| value)
    }

    /// The entries, in no order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.values().map(|(_, value)| value)
    }

    /// The entries, in no order, to be changed; this is no use of them.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.entries.values_mut().map(|(_, value)| value)
    }

    /// Drops the least recently used quarter. Costs a pass over the map, but only every `bound / 4` insertions.
    fn evict(&mut self) {
        let mut ages: Vec<u64> = self.entries.values().map(|(used, _)| *used).collect();
        let quarter = ages.len() / 4;
        let (_, &mut limit, _) = ages.select_nth_unstable(quarter);
        let before = self.entries.len();
        self.entries.retain(|_, (used, _)| *used > limit);
        self.evicted += (before - self.entries.len()) as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::BoundedMap;

    #[test]
    fn the_bound_holds_and_what_was_used_stays() {
        let mut map = BoundedMap::new(100);
        for key in 0..10_000_u32 {
            *map.entry(key, || 0) += 1;
            *map.entry(0, || 0) += 1;
            assert!(map.len() <= 100);
        }
        assert_eq!(map.get(&0), Some(&10_001));
        assert_eq!(map.get(&1), None);
        assert_eq!(map.evicted() as usize + map.len(), 10_000);
    }
}
