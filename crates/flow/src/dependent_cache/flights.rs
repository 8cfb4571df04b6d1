//! Loads under way: who waits for whom, and what becomes of a load that nobody may be answered with any more.

use super::{Dependent, DependentCache, Depends, Kept};
use tokio::sync::watch;
use tokio::time::Instant;

/// A load under way: at most one for each task that waits, so it needs no bound of its own.
#[derive(Debug)]
pub(super) struct Flight<V, E> {
    pub(super) number: u64,
    pub(super) began: Instant,
    pub(super) landing: watch::Receiver<Option<Result<V, E>>>,
    pub(super) depends: Depends,
}

pub(super) enum Role<'a, K: Dependent, V, E> {
    Hit(V),
    Wait(watch::Receiver<Option<Result<V, E>>>),
    Lead(Leader<'a, K, V, E>),
}

/// The task that loads. Dropped in whatever way, it ends its flight: the sender goes with it, which wakes the rest.
pub(super) struct Leader<'a, K: Dependent, V, E> {
    pub(super) cache: &'a DependentCache<K, V, E>,
    pub(super) key: K,
    pub(super) number: u64,
    pub(super) tower: watch::Sender<Option<Result<V, E>>>,
}

impl<K, V, E> Leader<'_, K, V, E>
where
    K: Dependent,
    V: Clone,
    E: Clone,
{
    /// Keeps what was loaded, if it still holds, and tells it to those who wait.
    pub(super) fn land(self, outcome: Result<V, E>) -> Result<V, E> {
        // The flight ends and its value is kept under one lock: whoever asks sees one or the other.
        let mut state = self.cache.state();
        if let Some(flight) = state.end(&self.key, self.number) {
            let settings = self.cache.settings;
            let holds = state.versions.hold(&flight.depends) && flight.began.elapsed() < settings.ttl;
            match &outcome {
                Ok(value) if holds => {
                    let kept = Kept { value: value.clone(), began: flight.began, depends: flight.depends };
                    state.keep(self.key.clone(), kept, settings.entries);
                }
                _ => state.versions.give_back(&flight.depends),
            }
        }
        drop(state);
        self.tower.send_replace(Some(outcome.clone()));
        outcome
    }
}

impl<K: Dependent, V, E> Drop for Leader<'_, K, V, E> {
    fn drop(&mut self) {
        let mut state = self.cache.state();
        if let Some(flight) = state.end(&self.key, self.number) {
            state.versions.give_back(&flight.depends);
        }
    }
}
