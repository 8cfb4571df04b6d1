//! A map from text to mark, for hundreds of thousands of names, URLs and hashes that never change again.
//!
//! All keys lie one after another in one allocation, and a slot of the hash table is two numbers: where its key
//! begins, and its mark. That is about half of what a map of boxed strings takes, and as fast: a name that is not
//! listed costs one hash and one look at the control bytes, seldom a look at a key. A key is always compared in
//! full, so two names with one hash never answer for each other.

use crate::claim::Mark;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// A map from byte strings of up to 65,535 bytes to marks. Holds up to 4 GiB of keys.
#[derive(Default)]
pub(crate) struct Table {
    slots: HashTable<Slot>,
    keys: Vec<u8>,
    /// Keyed anew in every process, so that nobody can prepare names that collide. Answers don't depend on it.
    hasher: DefaultHashBuilder,
}

#[derive(Clone, Copy)]
struct Slot {
    /// Where in `keys` the key's length (two bytes) begins; the key follows.
    start: u32,
    mark: Mark,
}

impl Table {
    /// The mark of a key, or `Mark::NONE`.
    pub(crate) fn get(&self, key: &[u8]) -> Mark {
        if self.slots.is_empty() {
            return Mark::NONE;
        }
        let hash = self.hasher.hash_one(key);
        self.slots
            .find(hash, |slot| key_at(&self.keys, slot.start) == key)
            .map_or(Mark::NONE, |slot| slot.mark)
    }

    /// Sets the mark of a key. Returns false, and changes nothing, if the key is too long or the table is full.
    pub(crate) fn set(&mut self, key: &[u8], mark: Mark) -> bool {
        let hash = self.hasher.hash_one(key);
        if let Some(slot) = self.slots.find_mut(hash, |slot| key_at(&self.keys, slot.start) == key) {
            slot.mark = mark;
            return true;
        }
        let (Ok(length), Ok(start)) = (u16::try_from(key.len()), u32::try_from(self.keys.len())) else {
            return false;
        };
        self.keys.extend_from_slice(&length.to_le_bytes());
        self.keys.extend_from_slice(key);
        self.slots.insert_unique(hash, Slot { start, mark }, |slot| {
            self.hasher.hash_one(key_at(&self.keys, slot.start))
        });
        true
    }

    /// How many keys it has.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Gives back the room that building left over.
    pub(crate) fn shrink(&mut self) {
        self.keys.shrink_to_fit();
    }

    /// What it occupies, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.slots.allocation_size() + self.keys.capacity()
    }
}

fn key_at(keys: &[u8], start: u32) -> &[u8] {
    let Some((length, rest)) = keys.get(start as usize..).and_then(<[u8]>::split_first_chunk::<2>) else {
        return &[];
    };
    rest.get(..usize::from(u16::from_le_bytes(*length))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Table;
    use crate::claim::Mark;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_answers_as_a_plain_map_does(
            entries in prop::collection::vec(("[ab]{0,6}", 1_u32..9), 0..200),
            asked in prop::collection::vec("[abc]{0,7}", 0..50),
        ) {
            let mut table = Table::default();
            let mut model = BTreeMap::new();
            for (key, mark) in entries {
                prop_assert!(table.set(key.as_bytes(), Mark::from_index(mark)));
                model.insert(key, Mark::from_index(mark));
            }
            prop_assert_eq!(table.len(), model.len());
            for key in asked.iter().chain(model.keys()) {
                prop_assert_eq!(table.get(key.as_bytes()), model.get(key).copied().unwrap_or(Mark::NONE));
            }
        }
    }

    #[test]
    fn a_key_that_is_too_long_is_refused() {
        let mut table = Table::default();
        let key = vec![b'a'; 65_536];
        assert!(!table.set(&key, Mark::from_index(1)));
        assert!(table.set(&key[1..], Mark::from_index(1)));
        assert_eq!(table.get(&key[1..]), Mark::from_index(1));
    }
}
