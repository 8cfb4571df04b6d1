//! Requests that come again: each key is worked on by one request at a time, and answered once.

use super::{Accepted, Refusal, Shared};
use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, watch};
use watchfire_store::RequestRow;

/// By what a request is known again.
pub(crate) struct Key {
    pub(crate) key: [u8; 32],
    pub(crate) body: [u8; 32],
    pub(crate) turn: Mine,
}

/// What a request holds until it is written or refused, also when whoever sent it is gone by then: its place among those that
/// are worked on, and its key.
pub(crate) struct Held {
    pub(crate) _place: OwnedSemaphorePermit,
    pub(crate) _turn: Option<Mine>,
}

/// A key that is ours until the request is written or refused; then whoever waits for it goes on. It goes with the request:
/// whoever sent that may be gone by then, and be sending it again.
pub(crate) struct Mine {
    shared: Arc<Shared>,
    key: [u8; 32],
    _done: watch::Sender<()>,
}

impl Drop for Mine {
    fn drop(&mut self) {
        self.shared.keyed().remove(&self.key);
    }
}

impl Shared {
    fn keyed(&self) -> MutexGuard<'_, HashMap<[u8; 32], watch::Receiver<()>>> {
        self.keyed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody else works on a request with this key; `None` if others always come first.
    pub(crate) async fn turn(self: &Arc<Self>, key: [u8; 32]) -> Option<Mine> {
        for _ in 0..self.max_requests.max(16) {
            let mut other = {
                let mut keyed = self.keyed();
                match keyed.get(&key) {
                    Some(other) => other.clone(),
                    None => {
                        let (done, receiver) = watch::channel(());
                        keyed.insert(key, receiver);
                        return Some(Mine { shared: Arc::clone(self), key, _done: done });
                    }
                }
            };
            // An error says that the other one is done.
            drop(other.changed().await);
        }
        None
    }

    /// The answer to a request that was answered before.
    pub(crate) fn again(&self, known: &RequestRow) -> Result<Accepted, Refusal> {
        let places = self.store.ordinals(self.source, known.first_ordinal, known.records);
        let places = places.map_err(|error| Refusal::Store(error.to_string()))?;
        Ok(Accepted {
            received: known.records,
            set_aside: known.set_aside,
            dead: known.dead,
            alerts: places.into_iter().map(|ordinal| self.source.alert_id(ordinal)).collect(),
            outcomes: Vec::new(),
            replayed: true,
        })
    }
}
