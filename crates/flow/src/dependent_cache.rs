//! A cache of what was worked out from other things, exact when these change.
//!
//! Whoever keeps a list in a cache has to say when it no longer holds. Lifetimes are too long for who has just written and
//! too short for who only reads. Removing the right keys at every write means that the writer knows who reads. Here a value
//! *depends* on tags (`user:7`, `articles`) that its key names, and a write bumps the versions of the tags that it touches.
//! A value is given out only while all its tags have the versions that they had **before its load began**. So:
//!
//! - **A write is seen by the next read, always.** The writer commits, then calls [`DependentCache::invalidate`]. Who asks
//!   after that call gets a value whose load began after it: not one that was kept, and not one that was being loaded.
//! - A write costs one counter for each tag, however many values depend on it. They go when they are asked for or least used.
//!
//! Besides: the least recently used goes first, in the exact order of use; a value is given out for so long at most, from
//! the moment that its load began; and one load serves all who ask meanwhile, as in [`SingleFlight`](crate::SingleFlight). An
//! error is told to all who waited for it, and not kept.
//!
//! One lock guards it all. It is held for a look into a table and four links of a list, never while something is loaded.

mod flights;
mod recency;

use flights::{Flight, Leader, Role};
use recency::{Recency, Versions};
use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A key that says what its value depends on.
pub trait Dependent: Clone + Eq + Hash {
    /// What writes name, such as an enum of tables and users.
    type Tag: Clone + Eq + Hash + std::fmt::Debug;

    /// The tags of this key: always the same ones. Called on a miss only.
    fn tags(&self) -> Vec<Self::Tag>;
}

/// How much is kept, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSettings {
    /// Values at most; at least 1.
    pub entries: usize,
    /// Age at most, from when a load began. Zero: nothing is kept, and every get loads.
    pub ttl: Duration,
}

impl Default for CacheSettings {
    /// 1,000 values, 300 s.
    fn default() -> Self {
        Self { entries: 1_000, ttl: Duration::from_secs(300) }
    }
}

/// How gets were answered, and what became of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct CacheStatistics {
    /// Gets that were answered out of the cache.
    pub hits: u64,
    /// Gets that waited for somebody else's load.
    pub shared: u64,
    /// Gets that began a load.
    pub misses: u64,
    /// Values that were asked for after a write to what they depend on.
    pub stale: u64,
    /// Values that were asked for when they were too old.
    pub expired: u64,
    /// Values that had to make room.
    pub evicted: u64,
    /// Values that are kept, whether or not they would still be given out.
    pub entries: u64,
}

/// The cache. `V` and `E` are cloned where they are shared: put what is large into an `Arc`.
#[derive(Debug)]
pub struct DependentCache<K: Dependent, V, E> {
    state: Mutex<State<K, V, E>>,
    settings: CacheSettings,
}

#[derive(Debug)]
struct State<K: Dependent, V, E> {
    kept: Recency<K, Kept<V>>,
    versions: Versions<K::Tag>,
    flights: HashMap<K, Flight<V, E>>,
    last_flight: u64,
    statistics: CacheStatistics,
}

#[derive(Debug)]
struct Kept<V> {
    value: V,
    began: Instant,
    depends: Depends,
}

/// Which versions tags had when a load began. Each counts as a user of its tags, until it is given back.
#[derive(Debug)]
struct Depends {
    tags: Box<[(usize, u64)]>,
    /// What [`DependentCache::invalidate_all`] counts.
    epoch: u64,
}

impl<K, V, E> DependentCache<K, V, E>
where
    K: Dependent,
    V: Clone,
    E: Clone,
{
    /// An empty cache.
    pub fn new(settings: CacheSettings) -> Self {
        let entries = settings.entries.max(1);
        let state = State {
            kept: Recency::new(),
            versions: Versions::new(),
            flights: HashMap::new(),
            last_flight: 0,
            statistics: CacheStatistics::default(),
        };
        Self { state: Mutex::new(state), settings: CacheSettings { entries, ..settings } }
    }

    /// The value of a key: kept, or loaded by whoever asks first. `load` is called at most once, and not at all if there is
    /// a value or somebody's load began after the last write.
    ///
    /// Dropping this while it loads drops the load, and one of the others who wait begins its own. Dropping it while it
    /// waits costs nothing.
    pub async fn get<L, F>(&self, key: &K, load: L) -> Result<V, E>
    where
        L: FnOnce() -> F,
        F: Future<Output = Result<V, E>>,
    {
        loop {
            match self.role(key) {
                Role::Hit(value) => return Ok(value),
                Role::Lead(leader) => return leader.land(load().await),
                Role::Wait(mut landing) => {
                    // An error means that the leader is gone: choose another, perhaps this one.
                    let Ok(outcome) = landing.wait_for(Option::is_some).await else { continue };
                    let Some(outcome) = outcome.clone() else { continue };
                    self.state().statistics.shared += 1;
                    return outcome;
                }
            }
        }
    }

    /// The value of a key, if it is kept and still holds. Never loads. Counts as a use, not as a hit.
    pub fn peek(&self, key: &K) -> Option<V> {
        self.state().look(key, self.settings.ttl)
    }

    /// What depends on this tag no longer holds. To be called **after** the write is there to be read.
    pub fn invalidate(&self, tag: &K::Tag) {
        self.state().versions.bump(tag);
    }

    /// Nothing holds any more.
    pub fn invalidate_all(&self) {
        let mut state = self.state();
        state.versions.epoch += 1;
        for kept in state.kept.clear() {
            state.versions.give_back(&kept.depends);
        }
    }

    /// How gets were answered so far.
    pub fn statistics(&self) -> CacheStatistics {
        let state = self.state();
        CacheStatistics { entries: state.kept.len() as u64, ..state.statistics }
    }

    /// Decides who loads.
    fn role(&self, key: &K) -> Role<'_, K, V, E> {
        let mut state = self.state();
        if let Some(value) = state.look(key, self.settings.ttl) {
            state.statistics.hits += 1;
            return Role::Hit(value);
        }
        let State { flights, versions, .. } = &mut *state;
        // What began before a write must not answer who asks after it. Its own waiters asked before.
        let answers = |flight: &&Flight<V, E>| {
            versions.hold(&flight.depends) && flight.began.elapsed() < self.settings.ttl
        };
        if let Some(flight) = flights.get(key).filter(answers) {
            return Role::Wait(flight.landing.clone());
        }
        state.statistics.misses += 1;
        Role::Lead(self.begin(&mut state, key))
    }
}

impl<K: Dependent, V, E> DependentCache<K, V, E> {
    fn state(&self) -> MutexGuard<'_, State<K, V, E>> {
        // Nothing panics while it is held but a key's own comparison; what stands then is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a flight, in the place of one that can't answer any more.
    fn begin<'a>(&'a self, state: &mut State<K, V, E>, key: &K) -> Leader<'a, K, V, E> {
        let depends = state.versions.take(key.tags());
        state.last_flight += 1;
        let (tower, landing) = tokio::sync::watch::channel(None);
        let flight = Flight { number: state.last_flight, began: Instant::now(), landing, depends };
        if let Some(outdated) = state.flights.insert(key.clone(), flight) {
            state.versions.give_back(&outdated.depends);
        }
        Leader { cache: self, key: key.clone(), number: state.last_flight, tower }
    }
}

impl<K: Dependent, V: Clone, E> State<K, V, E> {
    /// The value of a key, if it holds. What no longer does goes.
    fn look(&mut self, key: &K, ttl: Duration) -> Option<V> {
        let kept = self.kept.get(key)?;
        let fresh = kept.began.elapsed() < ttl;
        let holds = self.versions.hold(&kept.depends);
        if fresh && holds {
            return Some(kept.value.clone());
        }
        if holds {
            self.statistics.expired += 1;
        } else {
            self.statistics.stale += 1;
        }
        if let Some(gone) = self.kept.remove(key) {
            self.versions.give_back(&gone.depends);
        }
        None
    }
}

impl<K: Dependent, V, E> State<K, V, E> {
    /// Takes a flight, if it is still this one: another takes the place of one that a write has outdated.
    fn end(&mut self, key: &K, number: u64) -> Option<Flight<V, E>> {
        if self.flights.get(key).is_none_or(|flight| flight.number != number) {
            return None;
        }
        self.flights.remove(key)
    }

    fn keep(&mut self, key: K, kept: Kept<V>, entries: usize) {
        if let Some(before) = self.kept.remove(&key) {
            self.versions.give_back(&before.depends);
        }
        while self.kept.len() >= entries {
            let Some(least) = self.kept.pop_least() else { break };
            self.versions.give_back(&least.depends);
            self.statistics.evicted += 1;
        }
        self.kept.put(key, kept);
    }
}

#[cfg(test)]
mod tests;
