//! Makes what articles are read with, by the settings.

use super::asking;
use crate::config::{Settings, with_names};
use crate::exit::{Problem, Status};
use std::sync::Arc;
use std::time::Duration;
use watchfire_engine::articles::{ArticleService, ArticleSetup, Geocoder, GeocodingService, Locator};
use watchfire_engine::{EngineError, ReputationCache};
use watchfire_feeds::fetch::Fetcher;
use watchfire_flow::{Budget, BudgetConfig, Clock, Counted, Quota};
use watchfire_http::{Client, Pool};
use watchfire_store::Store;

/// How long finding places waits where the store failed.
const PAUSE: Duration = Duration::from_secs(10);

/// Articles, feeds and readers of a store. Nothing is fetched without `fetches`.
pub(super) fn open(
    settings: &Settings,
    store: &Arc<Store>,
    clock: &Arc<dyn Clock>,
    reputations: Arc<ReputationCache>,
    fetches: bool,
) -> Result<ArticleService, Problem> {
    let extra = settings.feeds.extra_names()?;
    let fetcher = fetches.then(|| Arc::new(Fetcher::new(settings.feeds.fetch(), Arc::clone(clock))));
    Ok(ArticleService::start(ArticleSetup {
        store: Arc::clone(store),
        clock: Arc::clone(clock),
        names: Box::new(move || with_names(&extra)),
        reputations,
        fetcher,
        polling: settings.feeds.polling(),
        cache: settings.feeds.cache(),
        asks_for_places: settings.feeds.locations.llm.is_some(),
        indicators_ms: settings.feeds.indicators_ms(),
    })?)
}

/// What is done for articles for as long as the service runs: feeds are asked, scores worked out, lists loaded ahead. Never
/// returns. Dropping it ends what is on its way; the store has what was done.
pub(super) async fn run(articles: &ArticleService, locator: Option<&Locator>) {
    let places = async {
        let Some(locator) = locator else {
            // What a kill left in the queue; nothing else gets there and stays.
            let service = articles.clone();
            let placed = tokio::task::spawn_blocking(move || service.place_what_waits()).await;
            if let Ok(Err(error)) = placed {
                tracing::warn!(%error, "the places of some articles can't be found");
            }
            return;
        };
        loop {
            if let Err(error) = articles.find_places(locator).await {
                tracing::error!(%error, "places can't be found; it goes on in a while");
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::join!(articles.poll_feeds(), articles.calculate_queued(), articles.warm_lists(), places);
}

/// Takes away articles from before `expired`; `is_daily` puts names and the planner's statistics in order, too.
pub(super) async fn tidy(articles: &ArticleService, expired: Option<i64>, is_daily: bool) {
    let service = articles.clone();
    let tidied = tokio::task::spawn_blocking(move || {
        let gone = expired.map_or(Ok(0), |before| service.expire(before))?;
        if is_daily {
            service.tidy()?;
        }
        Ok::<_, EngineError>(gone)
    });
    match tidied.await {
        Ok(Ok(0)) => {}
        Ok(Ok(gone)) => tracing::info!(gone, "articles that no feed has any more were taken away"),
        Ok(Err(error)) => tracing::warn!(%error, "articles can't be tidied up"),
        Err(error) => tracing::warn!(%error, "articles can't be tidied up"),
    }
}

/// The same for a command that works on the store and ends.
pub(super) fn for_command(
    settings: &Settings,
    store: Store,
    clock: &Arc<dyn Clock>,
    fetches: bool,
) -> Result<ArticleService, Problem> {
    let (intel, problems) = settings.intel(&[]);
    crate::terminal::list_problems(&problems);
    let store = Arc::new(store);
    let reputations = ReputationCache::open(intel, &store)?.with_services(&store, clock.unix_millis())?;
    open(settings, &store, clock, Arc::new(reputations), fetches)
}

/// A runtime for a command that makes calls.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Problem> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|error| {
        Problem::from_error(Status::Failed, &error, "how many threads may this user have? see `ulimit -u`")
    })
}

/// Who finds places, if a model is set for it. `turn` is shared with whoever else asks the same model.
pub(super) fn locator(
    settings: &Settings,
    store: &Store,
    clock: &Arc<dyn Clock>,
    turn: Option<Arc<tokio::sync::Mutex<()>>>,
) -> Result<Option<Locator>, Problem> {
    let locations = &settings.feeds.locations;
    let Some(name) = &locations.llm else { return Ok(None) };
    let seed = u64::try_from(clock.unix_millis()).unwrap_or(0);
    let asker = asking::asker(settings, store, name, seed, false)?;
    let service = locations.nominatim.as_ref().map(|url| geocoding(settings, url, clock)).transpose()?;
    let total = Duration::from_secs_f64(locations.geocoding_s);
    Ok(Some(Locator {
        asker,
        batch: locations.batch(),
        adaptive: locations.adaptive,
        geocoder: Geocoder { total, service },
        turn: turn.unwrap_or_default(),
    }))
}

/// A geocoding service, asked once a second as the policy of the public one has it.
fn geocoding(settings: &Settings, url: &str, clock: &Arc<dyn Clock>) -> Result<GeocodingService, Problem> {
    let http = Client::new(&Pool::default()).map_err(|error| {
        Problem::from_error(Status::Failed, &error, "are the system's certificates in place?")
    })?;
    let once = Quota::Rolling { counted: Counted::Requests, limit: 1, window: Duration::from_secs(1) };
    let config = BudgetConfig { quotas: vec![once], ..BudgetConfig::default() };
    let budget = Budget::new(config, Arc::clone(clock))
        .map_err(|error| Problem::from_error(Status::Failed, &error, "this is a bug: please report it"))?;
    Ok(GeocodingService {
        http: Arc::new(http),
        url: url.to_owned(),
        user_agent: settings.feeds.fetch().user_agent(),
        budget,
        stopped: std::sync::Mutex::default(),
    })
}

/// Finds the places of everything that waits, by whoever is set to.
pub(super) fn find_places(
    settings: &Settings,
    articles: &ArticleService,
    clock: &Arc<dyn Clock>,
) -> Result<(), Problem> {
    let Some(locator) = locator(settings, articles.store(), clock, None)? else {
        articles.place_what_waits()?;
        return Ok(());
    };
    runtime()?.block_on(articles.find_places_now(&locator))?;
    Ok(())
}
