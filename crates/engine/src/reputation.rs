//! The intelligence layer of the cache: reputations by indicator, kept from one run to the next.
//!
//! For lists on disk this saves little, because a lookup costs less than a microsecond. It is there for sources that
//! cost a call, and lists go through it too so that there is one way to ask.

use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use watchfire_intel::{Intel, ListProblem};
use watchfire_judge::Reputations;
use watchfire_signal::{Indicator, IndicatorKind, Reputation};
use watchfire_store::{ReputationRow, Store, StoreError};

/// Indicators that are remembered.
const BOUND: usize = 100_000;
/// Values longer than this are looked up but not remembered, in bytes.
const MAX_VALUE: usize = 512;

#[derive(Debug, PartialEq, Eq, Hash)]
struct Key(IndicatorKind, Box<str>);

#[derive(Hash)]
struct KeyRef<'a>(IndicatorKind, &'a str);

impl Equivalent<Key> for KeyRef<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.0 == key.0 && self.1 == &*key.1
    }
}

/// Answers from memory what was asked before.
#[derive(Debug)]
pub struct ReputationCache {
    intel: RwLock<Intel>,
    cache: Cache<Key, Reputation>,
    lookups: AtomicU64,
    hits: AtomicU64,
    fresh: Mutex<Vec<ReputationRow>>,
}

impl ReputationCache {
    /// A cache in front of these lists, filled with what the store kept from earlier runs with the same lists.
    pub fn open(intel: Intel, store: &Store) -> Result<Self, StoreError> {
        let cache = Cache::new(BOUND);
        if !intel.stats().lists.is_empty() {
            for row in store.reputations(intel.version(), BOUND)? {
                if let (Some(kind), Some(reputation)) =
                    (IndicatorKind::from_id(row.kind), Reputation::from_id(row.reputation))
                {
                    cache.insert(Key(kind, row.value.into()), reputation);
                }
            }
        }
        Ok(Self {
            intel: RwLock::new(intel),
            cache,
            lookups: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            fresh: Mutex::default(),
        })
    }

    /// The lists behind it.
    pub fn intel(&self) -> Intel {
        self.intel.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the lists again if their files have changed, and forgets what the old ones said. Returns what is wrong
    /// with the new ones, or `None` if nothing changed.
    pub fn refresh(&self) -> Option<Vec<ListProblem>> {
        let (changed, problems) = self.intel().reload_if_changed()?;
        let mut intel = self.intel.write().unwrap_or_else(PoisonError::into_inner);
        *intel = changed;
        self.cache.clear();
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Some(problems)
    }

    /// Share of lookups that were answered from memory; 0 if there were none.
    pub fn hit_rate(&self) -> f64 {
        let lookups = self.lookups.load(Ordering::Relaxed);
        if lookups == 0 { 0.0 } else { self.hits.load(Ordering::Relaxed) as f64 / lookups as f64 }
    }

    /// Puts what is new into the store.
    pub fn save(&self, store: &Store) -> Result<(), StoreError> {
        let fresh = std::mem::take(&mut *self.fresh.lock().unwrap_or_else(PoisonError::into_inner));
        if fresh.is_empty() { Ok(()) } else { store.put_reputations(self.intel().version(), &fresh) }
    }
}

impl Reputations for ReputationCache {
    fn reputation(&self, indicator: Indicator<'_>) -> Reputation {
        // Held over the insertion, so that an answer of old lists can't be put in after they were replaced.
        let intel = self.intel.read().unwrap_or_else(PoisonError::into_inner);
        if !intel.has_lists() {
            return Reputation::NotAsked;
        }
        self.lookups.fetch_add(1, Ordering::Relaxed);
        if let Some(known) = self.cache.get(&KeyRef(indicator.kind, indicator.value)) {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return known;
        }
        let reputation = intel.lookup(indicator).reputation();
        if indicator.value.len() <= MAX_VALUE {
            self.cache.insert(Key(indicator.kind, indicator.value.into()), reputation);
            let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
            if fresh.len() < BOUND {
                fresh.push(ReputationRow {
                    kind: indicator.kind.id(),
                    value: indicator.value.to_owned(),
                    reputation: reputation.id(),
                });
            }
        }
        reputation
    }
}
