//! Calls of the shared store that are made until they succeed: what is in the log is in no hurry.

use std::time::Duration;
use tokio::time::sleep;
use watchfire_store::fleet::{FleetError, FleetStore};

/// A store that is asked until it answers.
pub(super) struct Insisting<'s, S> {
    pub(super) store: &'s S,
}

/// The first wait, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(3));

impl<S: FleetStore> Insisting<'_, S> {
    /// Does it until it is done, or can't be. Dropping the future leaves open whether it was.
    pub(super) async fn insist<'a, T, F>(&'a self, work: impl Fn(&'a S) -> F) -> Result<T, FleetError>
    where
        F: Future<Output = Result<T, FleetError>>,
    {
        let mut wait = WAITS.0;
        loop {
            match work(self.store).await {
                Err(error) if error.is_passing() => {
                    tracing::warn!(%error, "the store does not answer; it is asked again");
                    sleep(wait).await;
                    wait = (wait * 2).min(WAITS.1);
                }
                done => return done,
            }
        }
    }
}
