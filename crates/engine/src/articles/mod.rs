//! Threat articles: fetched or handed in, read, graded, placed, and scored for everybody who has a profile.
//!
//! ```text
//!  feed ─▶ fetch ▸ parse ─▶ entities ▸ severity ─▶ store ─▶ places ─▶ relevance ─▶ lists
//!                            one article at a time   │       embedded, or a model in batches
//!                                                    └▶ indicators become intelligence for triage, for a while
//! ```
//!
//! An article is in the store before anything is done with it. What is still to be done, its places, stands in a queue of
//! the store, so that a kill loses nothing and a restart goes on. Whatever an article says was written by a stranger.

mod calculating;
mod intake;
mod keeping;
mod lists;
mod locations;
mod polling;
mod preparing;
mod readers;
mod settings;

pub use calculating::{Job, JobState, NotQueued, Queued};
pub(crate) use intake::ARTICLES;
pub use intake::Taken;
pub use lists::{ListStatistics, Listed};
pub use locations::{Geocoder, GeocodingService, LocationStatistics, Locator};
pub use polling::{FeedState, Polled};
pub use readers::{Act, ReaderProblem};
pub use settings::{FeedSettings, Polling};

use crate::error::EngineError;
use crate::reputation::ReputationCache;
use calculating::Calculations;
use lists::Lists;
use locations::Batches;
use readers::Readers;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use tokio::sync::{Notify, broadcast};
use watchfire_feeds::fetch::Fetcher;
use watchfire_feeds::{Extractor, Names};
use watchfire_flow::{CacheSettings, Clock};
use watchfire_store::Store;

/// What happened that whoever watches wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArticleEvent {
    /// So many articles are new.
    New(u64),
    /// A calculation went on.
    Job(Job),
}

/// Events that a listener may be behind before it misses some.
const EVENTS: usize = 256;

/// What articles are read with.
pub struct ArticleSetup {
    /// Where everything is kept.
    pub store: Arc<Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Names of malware, actors, vendors, products and sectors. Made when the first article comes, since it takes a while.
    pub names: Box<dyn Fn() -> Names + Send + Sync>,
    /// Which indicators are known, and as what.
    pub reputations: Arc<ReputationCache>,
    /// What fetches; nothing is fetched without.
    pub fetcher: Option<Arc<Fetcher>>,
    /// How feeds are polled.
    pub polling: Polling,
    /// How lists are kept.
    pub cache: CacheSettings,
    /// Whether a model is asked for places, or the embedded gazetteer.
    pub asks_for_places: bool,
    /// How long indicators of articles count for triage, in milliseconds; 0: not at all.
    pub indicators_ms: i64,
}

/// Articles, feeds and readers. Cheap to clone.
#[derive(Clone)]
pub struct ArticleService {
    pub(crate) shared: Arc<Shared>,
}

/// What all tasks share.
pub(crate) struct Shared {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<dyn Clock>,
    names: Box<dyn Fn() -> Names + Send + Sync>,
    extractor: OnceLock<Extractor>,
    reputations: Arc<ReputationCache>,
    fetcher: Option<Arc<Fetcher>>,
    polling: Polling,
    pub(crate) asks_for_places: bool,
    indicators_ms: i64,
    readers: Readers,
    lists: Lists,
    calculations: Calculations,
    batches: Batches,
    events: broadcast::Sender<ArticleEvent>,
    /// Woken when feeds were added or are to be asked now.
    feeds_changed: Notify,
    /// Woken when articles wait for their places.
    pub(crate) places_wanted: Notify,
    /// Polls that failed since the start.
    failed_polls: AtomicU64,
}

impl ArticleService {
    /// Starts on a store. Nothing runs by itself: [`ArticleService::poll_feeds`], [`ArticleService::calculate_queued`] and
    /// [`ArticleService::warm_lists`] are futures that somebody polls.
    pub fn start(setup: ArticleSetup) -> Result<Self, EngineError> {
        let readers = Readers::open(&setup.store, setup.clock.unix_millis())?;
        let calculations = Calculations::new(&setup.clock)?;
        let shared = Shared {
            lists: Lists::new(setup.cache),
            calculations,
            batches: Batches::default(),
            readers,
            store: setup.store,
            clock: setup.clock,
            names: setup.names,
            extractor: OnceLock::new(),
            reputations: setup.reputations,
            fetcher: setup.fetcher,
            polling: setup.polling,
            asks_for_places: setup.asks_for_places,
            indicators_ms: setup.indicators_ms,
            events: broadcast::channel(EVENTS).0,
            feeds_changed: Notify::new(),
            places_wanted: Notify::new(),
            failed_polls: AtomicU64::new(0),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// What happens from now on.
    pub fn events(&self) -> broadcast::Receiver<ArticleEvent> {
        self.shared.events.subscribe()
    }

    /// The store.
    pub fn store(&self) -> &Arc<Store> {
        &self.shared.store
    }

    /// What time it is.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }
}

impl Shared {
    /// Tells whoever listens.
    fn tell(&self, event: ArticleEvent) {
        // Nobody may be listening.
        drop(self.events.send(event));
    }

    /// Does what blocks on a thread of its own.
    pub(crate) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let shared = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&shared)).await;
        done.map_err(|error| EngineError::Worker(error.to_string()))?
    }
}
