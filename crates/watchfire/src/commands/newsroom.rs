//! Makes what articles are read with, by the settings.

use crate::config::{Settings, with_names};
use crate::exit::{Problem, Status};
use std::sync::Arc;
use watchfire_engine::articles::{ArticleService, ArticleSetup};
use watchfire_engine::{EngineError, ReputationCache};
use watchfire_feeds::fetch::Fetcher;
use watchfire_flow::Clock;
use watchfire_store::Store;

/// Articles, feeds and readers of a store. Nothing is fetched without `fetches`.
pub(super) fn open(
    settings: &Settings,
    store: &Arc<Store>,
    clock: &Arc<dyn Clock>,
    reputations: Arc<ReputationCache>,
    fetches: bool,
) -> Result<ArticleService, Problem> {
    let extra = settings.feeds.extra_names()?;
    let fetcher = fetches.then(|| Fetcher::new(settings.feeds.fetch(), Arc::clone(clock))).transpose();
    let fetcher = fetcher.map_err(|error| {
        Problem::from_error(Status::Failed, &error, "are the system's certificates in place?")
    })?;
    Ok(ArticleService::start(ArticleSetup {
        store: Arc::clone(store),
        clock: Arc::clone(clock),
        names: Box::new(move || with_names(&extra)),
        reputations,
        fetcher: fetcher.map(Arc::new),
        polling: settings.feeds.polling(),
        cache: settings.feeds.cache(),
        asks_for_places: settings.feeds.locations.llm.is_some(),
        indicators_ms: settings.feeds.indicators_ms(),
    })?)
}

/// What is done for articles for as long as the service runs: feeds are asked, scores worked out, lists loaded ahead. Never
/// returns. Dropping it ends what is on its way; the store has what was done.
pub(super) async fn run(articles: &ArticleService) {
    tokio::join!(articles.poll_feeds(), articles.calculate_queued(), articles.warm_lists());
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
