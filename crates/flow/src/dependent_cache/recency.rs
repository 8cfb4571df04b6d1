//! The order of use, and the versions of tags.
//!
//! Both keep their things in slots that are used again, so that a hit follows numbers and compares them, and allocates
//! nothing.

use super::Depends;
use std::collections::HashMap;
use std::hash::Hash;

/// Where a list ends.
const NONE: usize = usize::MAX;

/// Values in the order of their use: a table of places, and a list through the places.
#[derive(Debug)]
pub(super) struct Recency<K, T> {
    /// Hashed by SipHash: keys are chosen by whoever asks.
    places: HashMap<K, usize>,
    slots: Vec<Slot<K, T>>,
    free: Vec<usize>,
    /// Used last.
    first: usize,
    /// Used least recently.
    last: usize,
}

#[derive(Debug)]
struct Slot<K, T> {
    /// None while the slot is free.
    held: Option<(K, T)>,
    before: usize,
    behind: usize,
}

impl<K: Clone + Eq + Hash, T> Recency<K, T> {
    /// Takes no memory before there is something to keep: a large bound need not be filled.
    pub(super) fn new() -> Self {
        Self { places: HashMap::new(), slots: Vec::new(), free: Vec::new(), first: NONE, last: NONE }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// A value, which is now the one that was used last.
    pub(super) fn get(&mut self, key: &K) -> Option<&T> {
        let place = *self.places.get(key)?;
        if place != self.first {
            self.unlink(place);
            self.link_first(place);
        }
        self.slots[place].held.as_ref().map(|(_, held)| held)
    }

    /// Puts in what is not there yet, as the one that was used last.
    pub(super) fn put(&mut self, key: K, held: T) {
        debug_assert!(!self.places.contains_key(&key));
        let slot = Slot { held: Some((key.clone(), held)), before: NONE, behind: NONE };
        let place = if let Some(place) = self.free.pop() {
            self.slots[place] = slot;
            place
        } else {
            self.slots.push(slot);
            self.slots.len() - 1
        };
        self.places.insert(key, place);
        self.link_first(place);
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<T> {
        let place = self.places.remove(key)?;
        self.unlink(place);
        self.free.push(place);
        self.slots[place].held.take().map(|(_, held)| held)
    }

    /// Takes out what was used least recently.
    pub(super) fn pop_least(&mut self) -> Option<T> {
        let (key, _) = self.slots.get(self.last)?.held.as_ref()?;
        let key = key.clone();
        self.remove(&key)
    }

    /// Takes out everything.
    pub(super) fn clear(&mut self) -> Vec<T> {
        self.places.clear();
        self.free.clear();
        (self.first, self.last) = (NONE, NONE);
        self.slots.drain(..).filter_map(|slot| slot.held).map(|(_, held)| held).collect()
    }

    fn unlink(&mut self, place: usize) {
        let Slot { before, behind, .. } = self.slots[place];
        match self.slots.get_mut(before) {
            Some(slot) => slot.behind = behind,
            None => self.first = behind,
        }
        match self.slots.get_mut(behind) {
            Some(slot) => slot.before = before,
            None => self.last = before,
        }
    }

    fn link_first(&mut self, place: usize) {
        let behind = self.first;
        self.slots[place].before = NONE;
        self.slots[place].behind = behind;
        match self.slots.get_mut(behind) {
            Some(slot) => slot.before = place,
            None => self.last = place,
        }
        self.first = place;
    }
}

/// The versions of those tags that something depends on. A tag that nothing depends on needs none: so there are never more
/// than values and loads have tags.
#[derive(Debug)]
pub(super) struct Versions<T> {
    places: HashMap<T, usize>,
    slots: Vec<Tag<T>>,
    free: Vec<usize>,
    /// How often everything was outdated at once.
    pub(super) epoch: u64,
}

#[derive(Debug)]
struct Tag<T> {
    /// None while the slot is free.
    tag: Option<T>,
    version: u64,
    users: usize,
}

impl<T: Clone + Eq + Hash> Versions<T> {
    pub(super) fn new() -> Self {
        Self { places: HashMap::new(), slots: Vec::new(), free: Vec::new(), epoch: 0 }
    }

    /// Whether all are still the versions that they were.
    pub(super) fn hold(&self, depends: &Depends) -> bool {
        depends.epoch == self.epoch
            && depends.tags.iter().all(|(place, version)| self.slots[*place].version == *version)
    }

    pub(super) fn bump(&mut self, tag: &T) {
        if let Some(place) = self.places.get(tag) {
            self.slots[*place].version += 1;
        }
    }

    /// The versions as they are now. From here on they are counted, until they are given back.
    pub(super) fn take(&mut self, tags: Vec<T>) -> Depends {
        let tags = tags.into_iter().map(|tag| {
            let place = match self.places.get(&tag) {
                Some(place) => *place,
                None => self.add(tag),
            };
            self.slots[place].users += 1;
            (place, self.slots[place].version)
        });
        Depends { tags: tags.collect(), epoch: self.epoch }
    }

    pub(super) fn give_back(&mut self, depends: &Depends) {
        for (place, _) in &depends.tags {
            let slot = &mut self.slots[*place];
            debug_assert!(slot.users > 0);
            slot.users -= 1;
            if slot.users == 0 {
                if let Some(tag) = slot.tag.take() {
                    self.places.remove(&tag);
                }
                self.free.push(*place);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    fn add(&mut self, tag: T) -> usize {
        let slot = Tag { tag: Some(tag.clone()), version: 0, users: 0 };
        let place = if let Some(place) = self.free.pop() {
            self.slots[place] = slot;
            place
        } else {
            self.slots.push(slot);
            self.slots.len() - 1
        };
        self.places.insert(tag, place);
        place
    }
}
