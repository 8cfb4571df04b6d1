//! Which partitions this instance holds, as the thread that reads and the thread that puts out both see it.
//!
//! A broker refuses offsets from a member of an old generation, but not from a current member for a partition that it no
//! longer holds. So whoever puts out takes the group's generation while the partition is held ([`Holding::while_held`]), and
//! whoever reads takes the partition out of here before it is given up, which is before there is a next generation. An
//! output is then of a generation in which its partitions were held here, and brokers know the rest.

use crate::record::Partition;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is known of the partitions that are held.
#[derive(Debug, Default)]
pub(crate) struct Holding {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    partitions: HashMap<Partition, State>,
    /// Those that something is being put out for.
    putting: HashSet<Partition>,
    /// What is paused has changed.
    changed: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// Somebody asked for no more records.
    paused: bool,
    /// A broker said that it is no longer held; until that is heard of otherwise.
    fenced: bool,
}

/// While this exists, its partitions are being put out for.
pub(crate) struct Putting<'a> {
    holding: &'a Holding,
}

impl Drop for Putting<'_> {
    fn drop(&mut self) {
        self.holding.lock().putting.clear();
    }
}

impl Holding {
    /// Held from now on, and neither paused nor fenced, whatever they were.
    pub(crate) fn hold(&self, partitions: impl Iterator<Item = Partition>) {
        let mut held = self.lock();
        held.partitions.extend(partitions.map(|partition| (partition, State::default())));
        held.changed = true;
    }

    /// No longer held.
    pub(crate) fn give_up<'a>(&self, partitions: impl Iterator<Item = &'a Partition>) {
        let mut held = self.lock();
        for partition in partitions {
            held.partitions.remove(partition);
        }
        held.changed = true;
    }

    /// All that are held, in order.
    pub(crate) fn all(&self) -> BTreeSet<Partition> {
        self.lock().partitions.keys().cloned().collect()
    }

    /// Whether records of these are wanted. Partitions that are not held stay as they are.
    pub(crate) fn pause(&self, partitions: &[Partition], paused: bool) {
        let mut held = self.lock();
        for partition in partitions {
            if let Some(state) = held.partitions.get_mut(partition) {
                state.paused = paused;
            }
        }
        held.changed = true;
    }

    /// Those whose records are not wanted, if that may have changed since the last time.
    pub(crate) fn newly_paused(&self) -> Option<BTreeSet<Partition>> {
        let mut held = self.lock();
        if !std::mem::take(&mut held.changed) {
            return None;
        }
        Some(held.partitions.iter().filter(|(_, state)| state.paused).map(|(name, _)| name.clone()).collect())
    }

    /// Does something, such as taking the group's generation, while all of these are held. The first that is not otherwise.
    pub(crate) fn while_held<'a, T>(
        &self,
        partitions: impl Iterator<Item = &'a Partition>,
        take: impl FnOnce() -> T,
    ) -> Result<(T, Putting<'_>), Partition> {
        let mut held = self.lock();
        let mut putting = HashSet::new();
        for partition in partitions {
            if held.partitions.get(partition).is_none_or(|state| state.fenced) {
                return Err(partition.clone());
            }
            putting.insert(partition.clone());
        }
        held.putting = putting;
        let taken = take();
        Ok((taken, Putting { holding: self }))
    }

    /// A broker refused an output for these: what is put out for them is refused here until they are held anew.
    pub(crate) fn fence<'a>(&self, partitions: impl Iterator<Item = &'a Partition>) {
        let mut held = self.lock();
        for partition in partitions {
            if let Some(state) = held.partitions.get_mut(partition) {
                state.fenced = true;
            }
        }
    }

    /// Whether something is being put out for one of these.
    pub(crate) fn is_putting(&self, partitions: &[Partition]) -> bool {
        let held = self.lock();
        partitions.iter().any(|partition| held.putting.contains(partition))
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn partition(number: i32) -> Partition {
        Partition { topic: Arc::from("alerts"), number }
    }

    #[test]
    fn nothing_is_put_out_for_what_is_not_held_or_was_refused() {
        let holding = Holding::default();
        holding.hold([partition(0), partition(1)].into_iter());
        assert!(holding.while_held([partition(0), partition(2)].iter(), || ()).is_err());
        assert!(holding.while_held([partition(0), partition(1)].iter(), || ()).is_ok());
        holding.fence([partition(0)].iter());
        assert_eq!(holding.while_held([partition(0)].iter(), || ()).err(), Some(partition(0)));
        holding.hold([partition(0)].into_iter());
        assert!(holding.while_held([partition(0)].iter(), || ()).is_ok());
        holding.give_up([partition(0)].iter());
        assert!(holding.while_held([partition(0)].iter(), || ()).is_err());
    }

    #[test]
    fn a_partition_that_comes_back_is_not_paused() {
        let holding = Holding::default();
        holding.hold([partition(0)].into_iter());
        holding.pause(&[partition(0), partition(7)], true);
        assert_eq!(holding.newly_paused(), Some(BTreeSet::from([partition(0)])));
        assert_eq!(holding.newly_paused(), None);
        holding.give_up([partition(0)].iter());
        holding.hold([partition(0)].into_iter());
        assert_eq!(holding.newly_paused(), Some(BTreeSet::new()));
    }

    #[test]
    fn what_is_being_put_out_is_known_until_it_is() {
        let holding = Holding::default();
        holding.hold([partition(0), partition(1)].into_iter());
        let ((), putting) = holding.while_held([partition(0)].iter(), || ()).unwrap();
        assert!(holding.is_putting(&[partition(0)]));
        assert!(!holding.is_putting(&[partition(1)]));
        drop(putting);
        assert!(!holding.is_putting(&[partition(0)]));
    }
}
