//! A store, a paused clock, and articles that say where they are.

use crate::heard::Heard;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use watchfire_engine::articles::{ArticleService, ArticleSetup, FeedSettings, Geocoder, Locator, Polling};
use watchfire_engine::{Asker, EngineError, ReputationCache};
use watchfire_feeds::Names;
use watchfire_feeds::fetch::Fetcher;
use watchfire_feeds::parse::{Entry, Text};
use watchfire_flow::{
    Backoff, BatchSettings, BreakerSettings, BudgetConfig, CacheSettings, Clock, Counted, Quota,
};
use watchfire_intel::Intel;
use watchfire_llm::{Gemini, PackConfig, PriceTable, Tier};
use watchfire_signal::Timestamp;
use watchfire_standin::{Behaviour, Config, Provider, ProviderTally};
use watchfire_store::articles::{ArticleId, Columns, FeedRow, PlaceRow};
use watchfire_store::{Location, Store};

/// 2026-11-21T07:00:00Z.
pub const START_MS: i64 = 1_795_244_400_000;
/// Countries that the stand-in and the gazetteer know, and their codes.
pub const LANDS: [(&str, &str); 7] = [
    ("Poland", "PL"),
    ("Spain", "ES"),
    ("Kenya", "KE"),
    ("Japan", "JP"),
    ("Norway", "NO"),
    ("Portugal", "PT"),
    ("Brazil", "BR"),
];

/// Follows the paused clock.
pub struct Paused(Instant);

impl Clock for Paused {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn unix_millis(&self) -> i64 {
        START_MS + self.0.elapsed().as_millis() as i64
    }
}

/// Runs on a paused clock: waits cost nothing.
/// One thread does what blocks, so that the order in which that happens is the same each time.
pub fn paused<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .max_blocking_threads(1)
        .build();
    runtime.unwrap().block_on(work)
}

pub struct World {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub reputations: Arc<ReputationCache>,
}

impl World {
    /// To be called on the runtime whose clock it follows.
    pub fn new() -> Self {
        let store = Arc::new(Store::open(&Location::Memory).unwrap());
        let reputations = ReputationCache::open(Intel::empty(), &store).unwrap();
        let reputations = Arc::new(reputations.with_services(&store, START_MS).unwrap());
        Self { store, clock: Arc::new(Paused(Instant::now())), reputations }
    }

    pub fn setup(&self) -> ArticleSetup {
        ArticleSetup {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            names: Box::new(Names::empty),
            reputations: Arc::clone(&self.reputations),
            fetcher: None,
            polling: Polling::default(),
            cache: CacheSettings::default(),
            asks_for_places: false,
            indicators_ms: 0,
        }
    }

    /// A service that places by the embedded gazetteer.
    pub fn embedded(&self) -> ArticleService {
        ArticleService::start(self.setup()).unwrap()
    }

    /// A service that asks a model for places.
    pub fn asking(&self) -> ArticleService {
        ArticleService::start(ArticleSetup { asks_for_places: true, ..self.setup() }).unwrap()
    }

    pub fn fetching(&self, fetcher: Fetcher) -> ArticleService {
        ArticleService::start(ArticleSetup { fetcher: Some(Arc::new(fetcher)), ..self.setup() }).unwrap()
    }

    pub fn now(&self) -> i64 {
        self.clock.unix_millis()
    }

    pub fn waiting(&self) -> u64 {
        self.store.articles().count_waiting_locations().unwrap()
    }

    pub fn places(&self, article: ArticleId) -> Vec<PlaceRow> {
        self.store.articles().article(article, None, Columns::PLACES).unwrap().unwrap().places
    }

    /// All articles in the order in which they were stored.
    pub fn articles(&self) -> Vec<ArticleId> {
        self.store.articles().articles_after(ArticleId(0), u32::MAX).unwrap()
    }

    /// Every article has the one place that [`dispatch`] gave it, and none waits.
    pub fn all_are_placed(&self) {
        assert_eq!(self.waiting(), 0, "some wait");
        for (number, article) in self.articles().into_iter().enumerate() {
            let countries: Vec<String> =
                self.places(article).into_iter().map(|place| place.country).collect();
            assert_eq!(countries, [LANDS[number % LANDS.len()].1], "of dispatch {number}");
        }
    }

    /// Finds places until none waits.
    pub async fn find_all(&self, service: &ArticleService, locator: &Locator) {
        let none_waits = async {
            while self.waiting() > 0 {
                sleep(Duration::from_secs(1)).await;
            }
        };
        during(service, locator, none_waits).await;
    }
}

/// Finds places for as long as something else goes on.
pub async fn during<T>(service: &ArticleService, locator: &Locator, work: impl Future<Output = T>) -> T {
    tokio::select! {
        biased;
        done = work => done,
        ended = service.find_places(locator) => {
            let ended: Result<(), EngineError> = ended;
            panic!("nobody finds places any more: {ended:?}")
        }
    }
}

pub fn feed_of(service: &ArticleService, url: &str) -> FeedRow {
    let (id, _) = service.add_feed(url, "", "", &FeedSettings::default()).unwrap();
    service.store().articles().feed(id).unwrap().unwrap()
}

/// An entry as a feed has it.
pub fn entry(id: &str, title: &str, text: &str) -> Entry {
    Entry {
        id: Some(id.to_owned()),
        link: Some(format!("https://news.example/{id}")),
        title: Some(title.to_owned()),
        content: Some(Text { value: text.to_owned(), markup: false }),
        ..Entry::default()
    }
}

pub fn published(entry: Entry, ms: i64) -> Entry {
    Entry { published: Timestamp::from_millis(ms), ..entry }
}

/// The article of this number, which is about one country and says its number.
pub fn dispatch(number: usize) -> Entry {
    let (land, _) = LANDS[number % LANDS.len()];
    entry(
        &format!("d{number}"),
        &format!("Outage of a grid, dispatch {number}:"),
        &format!("It was in {land}."),
    )
}

pub fn dispatches(numbers: std::ops::Range<usize>) -> Vec<Entry> {
    numbers.map(dispatch).collect()
}

pub fn rolling(limit: u64, seconds: u64) -> Quota {
    Quota::Rolling { counted: Counted::Requests, limit, window: Duration::from_secs(seconds) }
}

/// Asks the stand-in, in batches of 10 or after 300 s.
pub fn locator(heard: &Arc<Heard>) -> Locator {
    Locator {
        asker: Asker {
            name: "llm places".to_owned(),
            provider: Arc::new(Gemini::new("http://stand.in", "test-key")),
            http: Arc::clone(heard) as _,
            model: "gemini-2.5-flash".to_owned(),
            tier: Tier::Standard,
            limits: BudgetConfig { longest_flight: Duration::from_secs(35), ..BudgetConfig::default() },
            pack: PackConfig::default(),
            concurrency: 1,
            timeout: Duration::from_secs(30),
            patience: Duration::from_mins(10),
            batch_wait: Duration::from_mins(10),
            max_nano_usd: None,
            shared: None,
            max_nano_usd_per_day: None,
            privacy: None,
            prices: Arc::new(PriceTable::shipped()),
            breaker: BreakerSettings::default(),
            backoff: Backoff::default(),
            seed: 7,
        },
        batch: BatchSettings::standard(),
        adaptive: false,
        geocoder: Geocoder { total: Duration::from_secs(30), service: None },
        turn: Arc::default(),
    }
}

pub fn standin(behaviour: Behaviour) -> Config {
    Config { behaviour, unix_ms: Some(START_MS), ..Config::default() }
}

pub fn latency(least: u64, most: u64) -> Behaviour {
    Behaviour { travel_ms: [least / 2, most / 2], latency_ms: [least, most], ..Behaviour::default() }
}

pub fn bill(heard: &Heard) -> ProviderTally {
    heard.standin.tally().providers.get(&Provider::Gemini).cloned().unwrap_or_default()
}
