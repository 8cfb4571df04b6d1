//! States at hand, so that who comes again costs no read.
//!
//! Least recently used goes first, by bytes. A state is put here after the store has it, with its version, and never before. What is
//! old here does no harm: a write from an old version is a conflict, which takes the state out of the cache and loads it again; and what is said without
//! a write (a repeated or a stale measurement) stays true of all later states.

use crate::state::UserState;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes that an entry costs beside name and state: its places in both maps, at the half of their room that is used on average.
const ENTRY: usize = 240;

/// A state with its version in the store.
#[derive(Debug, Clone)]
pub(super) struct Versioned {
    pub version: u64,
    pub state: Arc<UserState>,
}

#[derive(Debug)]
pub(super) struct Cache {
    most_bytes: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<Arc<str>, Entry>,
    /// By when they were used last; every use has a number of its own.
    order: BTreeMap<u64, Arc<str>>,
    uses: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    used: u64,
    bytes: usize,
    value: Versioned,
}

impl Cache {
    /// A cache of at most so many bytes, roughly; 0 keeps nothing.
    pub(super) fn new(most_bytes: usize) -> Self {
        Self { most_bytes, inner: Mutex::default() }
    }

    pub(super) fn get(&self, user: &str) -> Option<Versioned> {
        let mut guard = self.inner();
        let inner = &mut *guard;
        let (name, entry) =
            inner.entries.get_key_value(user).map(|(name, entry)| (Arc::clone(name), entry))?;
        let (before, value) = (entry.used, entry.value.clone());
        inner.uses += 1;
        let now = inner.uses;
        inner.order.remove(&before);
        inner.order.insert(now, name);
        if let Some(entry) = inner.entries.get_mut(user) {
            entry.used = now;
        }
        Some(value)
    }

    pub(super) fn put(&self, user: &str, value: Versioned) {
        if self.most_bytes == 0 {
            return;
        }
        let bytes = ENTRY + 2 * user.len() + value.state.weight();
        let mut inner = self.inner();
        inner.take(user);
        if bytes > self.most_bytes {
            return;
        }
        inner.uses += 1;
        let (used, name) = (inner.uses, Arc::<str>::from(user));
        inner.order.insert(used, Arc::clone(&name));
        inner.entries.insert(name, Entry { used, bytes, value });
        inner.bytes += bytes;
        while inner.bytes > self.most_bytes {
            let Some((_, oldest)) = inner.order.pop_first() else { break };
            inner.take(&oldest);
        }
    }

    pub(super) fn forget(&self, user: &str) {
        self.inner().take(user);
    }

    /// Users and bytes.
    pub(super) fn size(&self) -> (usize, usize) {
        let inner = self.inner();
        (inner.entries.len(), inner.bytes)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn take(&mut self, user: &str) {
        if let Some(entry) = self.entries.remove(user) {
            self.order.remove(&entry.used);
            self.bytes -= entry.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_used_last_stays_and_the_bytes_are_bounded() {
        let state = Arc::new(UserState::default());
        let one = ENTRY + 2 + state.weight();
        let cache = Cache::new(2 * one);
        let put = |user, version| cache.put(user, Versioned { version, state: Arc::clone(&state) });
        let version = |user| cache.get(user).map(|value| value.version);
        put("a", 1);
        put("b", 2);
        put("b", 3);
        assert_eq!(version("a"), Some(1));
        put("c", 4);
        assert_eq!((version("a"), version("b"), version("c")), (Some(1), None, Some(4)));
        assert_eq!(cache.size(), (2, 2 * one));
        cache.forget("a");
        assert_eq!((version("a"), cache.size().0), (None, 1));
    }
}
