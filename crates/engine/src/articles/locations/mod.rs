//! Places of articles, asked of a model: in batches that go when they are full or when their first article has waited long
//! enough.
//!
//! What waits stands in the store, in order, from the moment that an article is stored until its places are. This takes it
//! from there into the batcher, batch by batch, so that a kill loses nothing and a restart goes on where it was: with the
//! age that entries have reached, not from the start. While the provider's breaker is open nothing is handed on.
//!
//! An article that nobody can place again and again is placed by the embedded gazetteer: nothing waits for ever.

mod asking;
mod geocoding;

pub use geocoding::{Geocoder, GeocodingService};

use super::{ArticleService, Shared};
use crate::asking::{AskProgress, Asker};
use crate::error::EngineError;
use crate::gates::Gates;
use asking::Outcome;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::time::sleep;
use watchfire_flow::{
    Batch, BatchSettings, BatchStatistics, BatchWarning, Batcher, Breaker, BreakerState, Deadline, Gate,
    Traffic,
};
use watchfire_store::articles::{ArticleId, WaitingLocation};

/// Articles that are taken out of the store's queue at once.
const TAKEN: u32 = 500;
/// How often a model may fail at an article before the embedded gazetteer places it. With the pauses in between that is
/// more than an hour: an outage is waited for.
const ATTEMPTS: u32 = 12;
/// How often triggers are aimed anew, and somebody else's articles are looked for.
const AIMING: Duration = Duration::from_secs(30);
/// How long one batch may take in all, waits included; then it goes back into the queue.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long nothing is handed on after a batch that could not be asked about. It doubles from one to the next,
const PAUSE: Duration = Duration::from_secs(10);
/// up to this: a key that is refused, or a day's limit that is spent, is no better for being tried every ten seconds.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Who finds places.
pub struct Locator {
    /// The model that is asked.
    pub asker: Asker,
    /// When a batch is due.
    pub batch: BatchSettings,
    /// Whether size and age follow the hour's traffic.
    pub adaptive: bool,
    /// What finds names on the map.
    pub geocoder: Geocoder,
    /// Whoever asks this model holds it meanwhile: one credential, one budget.
    pub turn: Arc<tokio::sync::Mutex<()>>,
}

/// How the batches are going.
#[derive(Debug, Clone, PartialEq)]
pub struct LocationStatistics {
    /// Counts since the start, and the queue as it is now.
    pub batches: BatchStatistics,
    /// The triggers that hold now.
    pub size: usize,
    /// The same.
    pub age: Option<Duration>,
    /// Articles that wait in the store, those in the batcher among them.
    pub waiting: u64,
    /// Whether the provider fails, so that nothing is handed on.
    pub is_paused: bool,
    /// What somebody should look at.
    pub warnings: Vec<BatchWarning>,
    /// Calls, and what they cost, since the start.
    pub calls: u64,
    /// Articles that the embedded gazetteer placed, because nobody else could.
    pub given_up: u64,
}

/// What is known of the batches while they run.
#[derive(Default)]
pub(super) struct Batches(OnceLock<Running>);

struct Running {
    batcher: Batcher<WaitingLocation>,
    breaker: Breaker,
    progress: Arc<AskProgress>,
    given_up: Mutex<u64>,
}

impl ArticleService {
    /// How the batches are going; `None` where no model is asked, or not yet.
    pub fn location_statistics(&self) -> Result<Option<LocationStatistics>, EngineError> {
        let Some(running) = self.shared.batches.0.get() else { return Ok(None) };
        let settings = running.batcher.settings();
        Ok(Some(LocationStatistics {
            batches: running.batcher.statistics(),
            size: settings.size,
            age: settings.age,
            waiting: self.shared.store.articles().count_waiting_locations()?,
            is_paused: !matches!(running.breaker.state(), BreakerState::Closed),
            warnings: running.batcher.warnings(),
            calls: running.progress.snapshot().calls,
            given_up: *running.given_up.lock().unwrap_or_else(PoisonError::into_inner),
        }))
    }

    /// Finds the places of what waits, for ever. Dropping it loses at most the call that is on its way; the articles stay
    /// in the store's queue. To be run once.
    pub async fn find_places(&self, locator: &Locator) -> Result<(), EngineError> {
        self.run_batches(locator, false).await
    }

    /// Finds the places of everything that waits now, full batch or not, and returns. Where the model can't be asked, what
    /// is left stays in the store's queue.
    pub async fn find_places_now(&self, locator: &Locator) -> Result<(), EngineError> {
        self.run_batches(locator, true).await
    }

    /// Places what waits by the embedded gazetteer, where no model is asked. Blocks.
    pub fn place_what_waits(&self) -> Result<u64, EngineError> {
        self.shared.place_what_waits()
    }

    async fn run_batches(&self, locator: &Locator, ends: bool) -> Result<(), EngineError> {
        let breaker = Breaker::new(locator.asker.breaker);
        let (batcher, runner) = Batcher::new(locator.batch, Gate::Breaker(breaker.clone()));
        let progress = Arc::new(AskProgress::new());
        let running = Running {
            batcher: batcher.clone(),
            breaker: breaker.clone(),
            progress: Arc::clone(&progress),
            given_up: Mutex::default(),
        };
        // Started again after an error: what is told goes on being that of the first time.
        drop(self.shared.batches.0.set(running));
        let rng = Mutex::new(ChaCha8Rng::seed_from_u64(locator.asker.seed));
        let failed = Mutex::new(None);
        let in_vain = AtomicU32::new(0);
        let sink = |batch: Batch<WaitingLocation>| {
            let (breaker, progress, rng, failed) = (&breaker, &progress, &rng, &failed);
            let (batcher, in_vain) = (&batcher, &in_vain);
            async move {
                // One batch at a time: the source of chance is free.
                let mut own = rng.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let outcome = self.shared.place_batch(locator, breaker, progress, &batch, &mut own).await;
                *rng.lock().unwrap_or_else(PoisonError::into_inner) = own;
                match outcome {
                    Ok(Outcome::Placed) => {
                        in_vain.store(0, Ordering::Relaxed);
                        batch.done();
                        return;
                    }
                    Ok(Outcome::Changed) => return,
                    Ok(Outcome::Later) => {}
                    Err(error) => {
                        tracing::error!(%error, "places could not be stored");
                        *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    }
                }
                if ends {
                    // Whoever waits for the end is not to wait for a provider that fails.
                    return batcher.drain(Deadline::within(Duration::ZERO));
                }
                let doublings = in_vain.fetch_add(1, Ordering::Relaxed).min(16);
                sleep(PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE)).await;
            }
        };
        let feeding = async {
            let fed = if ends {
                self.feed_all(&batcher).await
            } else {
                self.feed_for_ever(&batcher, locator).await
            };
            batcher.drain(Deadline::never());
            fed
        };
        let (_rest, fed) = tokio::join!(runner.run(sink), feeding);
        fed?;
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    /// Takes what waits out of the store, in order, as it comes.
    async fn feed_for_ever(
        &self,
        batcher: &Batcher<WaitingLocation>,
        locator: &Locator,
    ) -> Result<(), EngineError> {
        let mut after = 0;
        let mut traffic = Traffic::default();
        loop {
            let taken = self.feed_more(batcher, &mut after).await?;
            let now = self.shared.clock.unix_millis();
            for _ in 0..taken {
                traffic.came(now);
            }
            if locator.adaptive {
                let (size, age) = traffic.aim(now, &locator.batch);
                batcher.aim(size, age);
            }
            if taken == 0 {
                tokio::select! {
                    () = self.shared.places_wanted.notified() => {}
                    () = sleep(AIMING) => {}
                }
            }
        }
    }

    async fn feed_all(&self, batcher: &Batcher<WaitingLocation>) -> Result<(), EngineError> {
        let mut after = 0;
        while self.feed_more(batcher, &mut after).await? > 0 {}
        Ok(())
    }

    /// Takes the next ones out of the store; says how many.
    async fn feed_more(
        &self,
        batcher: &Batcher<WaitingLocation>,
        after: &mut i64,
    ) -> Result<usize, EngineError> {
        let from = *after;
        let waiting = self
            .shared
            .blocking(move |shared| Ok(shared.store.articles().waiting_locations(from, TAKEN)?))
            .await?;
        let now = self.shared.clock.unix_millis();
        for one in &waiting {
            let waited = Duration::from_millis(u64::try_from(now - one.since).unwrap_or(0));
            if batcher.try_push_aged(*one, 1, waited).is_err() {
                // There is no room: wait for it. The age of what is that far behind does not matter.
                if batcher.push(*one, 1).await.is_err() {
                    return Ok(0);
                }
            }
            *after = one.number;
        }
        Ok(waiting.len())
    }
}

impl Shared {
    /// Notes that the embedded gazetteer placed what nobody else could.
    fn gave_up(&self, articles: usize) {
        if let Some(running) = self.batches.0.get() {
            *running.given_up.lock().unwrap_or_else(PoisonError::into_inner) += articles as u64;
        }
    }

    /// Title and text of an article; `None` if it is gone.
    fn text_of(&self, article: ArticleId) -> Result<Option<(String, String)>, EngineError> {
        use watchfire_store::articles::Columns;
        let read = self.store.articles().article(article, None, Columns::TITLE | Columns::TEXT)?;
        Ok(read.map(|read| (read.title.unwrap_or_default(), read.text.unwrap_or_default())))
    }

    /// Opens the gates for one batch; the breaker is that of all batches.
    fn gates_for(&self, asker: &Asker, breaker: &Breaker) -> Result<Gates, EngineError> {
        Gates::behind(breaker.clone(), &asker.name, &asker.limits, asker.backoff, &self.store, &self.clock)
    }
}
