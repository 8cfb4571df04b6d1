//! The intelligence layer of the cache: reputations by indicator, kept from one run to the next.
//!
//! What lists on disk say is looked up in less than a microsecond, and kept only while there are no services. What
//! services said cost a call each: it stands in the store with its lifetime, and is merged with the lists' word here.

use crate::enriching::Answers;
use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};
use watchfire_intel::{Intel, ListProblem, Opinion, Statement};
use watchfire_judge::Reputations;
use watchfire_signal::{Indicator, IndicatorKind, Reputation};
use watchfire_store::{ReputationRow, ServiceAnswerRow, Store, StoreError};

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
    /// What services said, if there are any.
    answers: Option<RwLock<Answers>>,
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
            answers: None,
            cache,
            lookups: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            fresh: Mutex::default(),
        })
    }

    /// With what services said before `now`, in milliseconds since 1970: what held until then is stale.
    pub fn with_services(mut self, store: &Store, now: i64) -> Result<Self, StoreError> {
        self.answers = Some(RwLock::new(Answers::of(store.service_answers(BOUND)?, now)));
        self.forget_merged();
        Ok(self)
    }

    /// Whether the service's answer about an indicator, as services spell it, still holds.
    pub(crate) fn holds(&self, service: &str, kind: IndicatorKind, value: &str) -> bool {
        self.answers.as_ref().is_some_and(|answers| read(answers).holds(service, kind, value))
    }

    /// Takes in what a service said. What was merged before stays until [`ReputationCache::forget_merged`].
    pub(crate) fn tell(&self, row: ServiceAnswerRow) {
        if let Some(answers) = &self.answers {
            answers.write().unwrap_or_else(PoisonError::into_inner).put(row);
        }
    }

    /// It is `now`, in milliseconds since 1970: what services or articles said holds no longer than they said. A process that
    /// goes on for days is to say so now and then. A few nanoseconds, unless something becomes stale.
    pub(crate) fn pass(&self, now: i64) {
        let Some(answers) = &self.answers else { return };
        if answers.write().unwrap_or_else(PoisonError::into_inner).pass(now) {
            self.forget_merged();
        }
    }

    /// Merges anew from now on.
    pub(crate) fn forget_merged(&self) {
        self.cache.clear();
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Who says what of an indicator: lists, then services.
    pub fn statements(&self, indicator: Indicator<'_>) -> Vec<Statement> {
        let mut statements = self.intel().explain(indicator);
        statements.extend(self.answers.iter().flat_map(|answers| read(answers).statements(indicator)));
        statements
    }

    /// What all together say of an indicator.
    pub fn opinion(&self, indicator: Indicator<'_>) -> Opinion {
        self.merged(&self.intel(), indicator)
    }

    /// Whether any service, or article, said anything.
    fn has_answers(&self) -> bool {
        self.answers.as_ref().is_some_and(|answers| !read(answers).is_empty())
    }

    fn merged(&self, intel: &Intel, indicator: Indicator<'_>) -> Opinion {
        let opinion = intel.lookup(indicator);
        self.answers.as_ref().map_or(opinion, |answers| opinion | read(answers).opinion(indicator))
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

fn read(answers: &RwLock<Answers>) -> RwLockReadGuard<'_, Answers> {
    answers.read().unwrap_or_else(PoisonError::into_inner)
}

impl Reputations for ReputationCache {
    fn reputation(&self, indicator: Indicator<'_>) -> Reputation {
        // Held over the insertion, so that an answer of old lists can't be put in after they were replaced.
        let intel = self.intel.read().unwrap_or_else(PoisonError::into_inner);
        if !intel.has_lists() && !self.has_answers() {
            return Reputation::NotAsked;
        }
        self.lookups.fetch_add(1, Ordering::Relaxed);
        if let Some(known) = self.cache.get(&KeyRef(indicator.kind, indicator.value)) {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return known;
        }
        let reputation = self.merged(&intel, indicator).reputation();
        if indicator.value.len() <= MAX_VALUE {
            self.cache.insert(Key(indicator.kind, indicator.value.into()), reputation);
            let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
            // What services say has a lifetime of its own, and is kept with it.
            if fresh.len() < BOUND && self.answers.is_none() {
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
