//! A cache that asks once, however many want to know.
//!
//! When an answer that a thousand tasks need is not there, or has just become too old, a plain cache sends a thousand
//! calls. Here the first task to miss becomes the *leader* and loads; the rest wait for its outcome. If the leader is
//! dropped or panics, the rest are woken and one of them leads in its place, so nobody waits for a task that is gone.
//!
//! Each value brings its own lifetime, because "this address is malicious" holds for longer than "nobody knows this
//! address". An error is told to all who waited for it and is not kept. What is invalidated while it is being loaded
//! is not kept either: the load may have seen the state from before.
//!
//! `quick_cache` has a guard for single loads, too, but its waiters don't see an error: each of them would load in
//! turn. So flights are kept beside it, and only values are kept in it.

use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache, DefaultLifecycle};
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// A value that was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fresh<V> {
    /// The value.
    pub value: V,
    /// How long it may be given out, from the moment that it was loaded. Zero: only to those who are waiting now.
    pub ttl: Duration,
}

impl<V> Fresh<V> {
    /// A value that may be given out for so long.
    pub const fn new(value: V, ttl: Duration) -> Self {
        Self { value, ttl }
    }
}

/// How gets were answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct FlightStatistics {
    /// Out of the cache.
    pub hits: u64,
    /// By waiting for somebody else's load.
    pub shared: u64,
    /// Loads that were begun.
    pub loads: u64,
}

/// The cache. `K` and `V` are cloned where they are shared: put what is large into an `Arc`. So are errors.
#[derive(Debug)]
pub struct SingleFlight<K, V, E> {
    /// Hashed by SipHash, for the keys are chosen by whoever sends the input.
    kept: Cache<K, Kept<V>, UnitWeighter, RandomState>,
    flights: Mutex<Flights<K, V, E>>,
    hits: AtomicU64,
    shared: AtomicU64,
    loads: AtomicU64,
}

#[derive(Debug, Clone)]
struct Kept<V> {
    value: V,
    /// `None`: a lifetime beyond reckoning.
    until: Option<Instant>,
}

/// What is being loaded: at most one entry per task that is waiting, so it needs no bound of its own.
#[derive(Debug)]
struct Flights<K, V, E> {
    under_way: HashMap<K, Flight<V, E>>,
    last: u64,
}

#[derive(Debug)]
struct Flight<V, E> {
    number: u64,
    landing: watch::Receiver<Option<Result<V, E>>>,
}

enum Role<'a, K: Eq + Hash, V, E> {
    Hit(V),
    Wait(watch::Receiver<Option<Result<V, E>>>),
    Lead(Leader<'a, K, V, E>),
}

impl<K, V, E> SingleFlight<K, V, E>
where
    K: Clone + Eq + Hash,
    V: Clone,
    E: Clone,
{
    /// A cache of at most about so many values; those that are asked for least are dropped.
    pub fn new(entries: usize) -> Self {
        Self {
            kept: Cache::with(
                entries.max(1),
                entries.max(1) as u64,
                UnitWeighter,
                RandomState::new(),
                DefaultLifecycle::default(),
            ),
            flights: Mutex::new(Flights { under_way: HashMap::new(), last: 0 }),
            hits: AtomicU64::new(0),
            shared: AtomicU64::new(0),
            loads: AtomicU64::new(0),
        }
    }

    /// The value of a key: kept, or loaded by whoever asks first. `load` is called at most once, and not at all if
    /// there is a value or somebody else loads it.
    ///
    /// Dropping this while it loads drops the load, and one of the others who wait begins its own. Dropping it while
    /// it waits costs nothing.
    pub async fn get<L, F>(&self, key: &K, load: L) -> Result<V, E>
    where
        L: FnOnce() -> F,
        F: Future<Output = Result<Fresh<V>, E>>,
    {
        if let Some(value) = self.peek(key) {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(value);
        }
        loop {
            match self.role(key) {
                Role::Hit(value) => {
                    self.hits.fetch_add(1, Ordering::Relaxed);
                    return Ok(value);
                }
                Role::Lead(leader) => {
                    self.loads.fetch_add(1, Ordering::Relaxed);
                    return leader.land(load().await);
                }
                Role::Wait(mut landing) => {
                    // An error means that the leader is gone: choose another, perhaps this one.
                    let Ok(outcome) = landing.wait_for(Option::is_some).await else { continue };
                    let Some(outcome) = outcome.clone() else { continue };
                    self.shared.fetch_add(1, Ordering::Relaxed);
                    return outcome;
                }
            }
        }
    }

    /// The value of a key, if it is kept and not too old. Never loads.
    pub fn peek(&self, key: &K) -> Option<V> {
        let kept = self.kept.get(key)?;
        kept.until.is_none_or(|until| Instant::now() < until).then_some(kept.value)
    }

    /// Keeps a value that came to be known in another way; a load under way for the same key is not kept.
    pub fn insert(&self, key: K, fresh: Fresh<V>) {
        let mut flights = self.flights();
        flights.under_way.remove(&key);
        self.keep(key, fresh);
    }

    /// Forgets a key. A load under way is told to those who wait for it and is not kept; who asks from now on begins
    /// a new one.
    pub fn invalidate(&self, key: &K) {
        let mut flights = self.flights();
        flights.under_way.remove(key);
        self.kept.remove(key);
    }

    /// How many values are kept, those that are too old included.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// How gets were answered so far.
    pub fn statistics(&self) -> FlightStatistics {
        FlightStatistics {
            hits: self.hits.load(Ordering::Relaxed),
            shared: self.shared.load(Ordering::Relaxed),
            loads: self.loads.load(Ordering::Relaxed),
        }
    }

    /// Decides who loads. The cache is looked at again under the lock: a leader keeps its value before its flight
    /// ends, so either the flight or the value is seen here.
    fn role(&self, key: &K) -> Role<'_, K, V, E> {
        let mut flights = self.flights();
        if let Some(flight) = flights.under_way.get(key) {
            return Role::Wait(flight.landing.clone());
        }
        if let Some(value) = self.peek(key) {
            return Role::Hit(value);
        }
        flights.last += 1;
        let number = flights.last;
        let (tower, landing) = watch::channel(None);
        flights.under_way.insert(key.clone(), Flight { number, landing });
        Role::Lead(Leader { cache: self, key: key.clone(), number, tower })
    }

    fn keep(&self, key: K, fresh: Fresh<V>) {
        if fresh.ttl.is_zero() {
            self.kept.remove(&key);
            return;
        }
        let until = Instant::now().checked_add(fresh.ttl);
        self.kept.insert(key, Kept { value: fresh.value, until });
    }
}

impl<K: Eq + Hash, V, E> SingleFlight<K, V, E> {
    fn flights(&self) -> MutexGuard<'_, Flights<K, V, E>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task that loads. Dropped in whatever way, it ends its flight: the sender goes with it, which wakes the rest.
struct Leader<'a, K: Eq + Hash, V, E> {
    cache: &'a SingleFlight<K, V, E>,
    key: K,
    number: u64,
    tower: watch::Sender<Option<Result<V, E>>>,
}

impl<K, V, E> Leader<'_, K, V, E>
where
    K: Clone + Eq + Hash,
    V: Clone,
    E: Clone,
{
    fn land(self, outcome: Result<Fresh<V>, E>) -> Result<V, E> {
        let outcome = match outcome {
            Ok(fresh) => {
                let value = fresh.value.clone();
                let flights = self.cache.flights();
                if flights.under_way.get(&self.key).is_some_and(|flight| flight.number == self.number) {
                    self.cache.keep(self.key.clone(), fresh);
                }
                Ok(value)
            }
            Err(error) => Err(error),
        };
        self.tower.send_replace(Some(outcome.clone()));
        outcome
    }
}

impl<K: Eq + Hash, V, E> Drop for Leader<'_, K, V, E> {
    fn drop(&mut self) {
        let mut flights = self.cache.flights();
        // Another flight may have taken the place of one that was invalidated.
        if flights.under_way.get(&self.key).is_some_and(|flight| flight.number == self.number) {
            flights.under_way.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests;
