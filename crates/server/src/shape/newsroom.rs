//! How it goes with articles, in figures; and how a calculation stands.

use super::feed::FeedState;
use serde::Serialize;
use utoipa::ToSchema;
use watchfire_engine::articles::{self, ArticleService, Job, JobState};

/// How it goes with articles.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ArticleStatistics {
    /// Articles that are kept.
    articles: u64,
    /// Where they come from.
    feeds: FeedCounts,
    /// How places are found in batches; null where no model is asked for them.
    locations: Option<LocationBatches>,
    /// How lists were answered since the start.
    cache: Lists,
    /// Scores that are worked out anew.
    relevance: Calculations,
}

/// Feeds.
#[derive(Debug, Serialize, ToSchema)]
struct FeedCounts {
    /// All of them.
    total: u64,
    /// Those that were not read the last time.
    failing: u64,
    /// Those whose time has come.
    due: u64,
}

/// Batches of articles whose places a model is asked for.
#[derive(Debug, Serialize, ToSchema)]
struct LocationBatches {
    /// Articles that were put into batches since the start.
    total_queued: u64,
    /// Batches that went because they were full.
    size_flushes: u64,
    /// Batches that went because their first article had waited long enough.
    timer_flushes: u64,
    /// Articles that wait for their batch to go.
    current_buffer_size: u64,
    /// How long the first of them has waited, in seconds; null if none waits.
    first_entry_age_s: Option<f64>,
    /// A batch goes when it has so many articles.
    batch_size: u64,
    /// Or when its first has waited so long, in seconds; null where only full batches go.
    batch_age_s: Option<f64>,
    /// Articles that wait in the store, with those in batches.
    waiting: u64,
    /// Calls since the start.
    calls: u64,
    /// Articles that the built-in gazetteer placed, because the model could not.
    given_up: u64,
    /// Whether nothing goes for now, because the model fails.
    is_paused: bool,
    /// What does not go as it should, in words.
    warnings: Vec<String>,
}

/// Lists of articles.
#[derive(Debug, Serialize, ToSchema)]
struct Lists {
    /// Answered from memory, or together with somebody else who asked for the same.
    hits: u64,
    /// Read from the store.
    misses: u64,
    /// The share of hits; 0 if nobody asked.
    hit_rate: f64,
    /// Lists that are kept.
    entries: u64,
}

/// Calculations.
#[derive(Debug, Serialize, ToSchema)]
struct Calculations {
    /// Those that have not begun.
    waiting: u64,
    /// Those that go on.
    running: u64,
}

impl ArticleStatistics {
    /// As it is; `feeds` are all of them. Makes no call to the store.
    pub(crate) fn of(service: &ArticleService, feeds: &[articles::FeedState]) -> Self {
        let now = service.clock().unix_millis();
        let count = |is: &dyn Fn(&articles::FeedState) -> bool| feeds.iter().filter(|feed| is(feed)).count();
        let is_due = |feed: &articles::FeedState| {
            !feed.settings.is_paused && feed.next.is_some_and(|next| next <= now)
        };
        let lists = service.list_statistics();
        let (hits, misses) = (lists.hits + lists.shared, lists.misses);
        let all = hits + misses;
        let (waiting, running) = service.jobs();
        Self {
            articles: feeds.iter().map(|feed| feed.row.articles).sum(),
            feeds: FeedCounts {
                total: feeds.len() as u64,
                failing: count(&|feed| FeedState::of(feed) == FeedState::Failing) as u64,
                due: count(&is_due) as u64,
            },
            locations: location_batches(service),
            cache: Lists {
                hits,
                misses,
                hit_rate: if all == 0 { 0.0 } else { hits as f64 / all as f64 },
                entries: lists.entries,
            },
            relevance: Calculations { waiting: waiting as u64, running: running as u64 },
        }
    }
}

/// What the engine says of its batches.
fn location_batches(service: &ArticleService) -> Option<LocationBatches> {
    // Where the store can't count what waits in it, that is told by whatever else is asked of it.
    let told = service.location_statistics().ok().flatten()?;
    Some(LocationBatches {
        total_queued: told.batches.total_queued,
        size_flushes: told.batches.size_flushes,
        timer_flushes: told.batches.timer_flushes,
        current_buffer_size: told.batches.current_buffer_size as u64,
        first_entry_age_s: told.batches.first_entry_age.map(|age| age.as_secs_f64()),
        batch_size: told.size as u64,
        batch_age_s: told.age.map(|age| age.as_secs_f64()),
        waiting: told.waiting,
        calls: told.calls,
        given_up: told.given_up,
        is_paused: told.is_paused,
        warnings: told.warnings.iter().map(ToString::to_string).collect(),
    })
}

/// A calculation of a reader's scores.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Calculation {
    /// Its id.
    pub(crate) job: String,
    /// Whose.
    pub(crate) user: String,
    /// waiting, running, done or failed.
    pub(crate) state: &'static str,
    /// Articles that were scored.
    pub(crate) done: u64,
    /// Articles that there are to score; 0 until they were counted.
    pub(crate) total: u64,
}

impl Calculation {
    pub(crate) fn of(job: Job) -> Self {
        Self {
            job: job.id.to_string(),
            user: job.user,
            state: match job.state {
                JobState::Waiting => "waiting",
                JobState::Running => "running",
                JobState::Done => "done",
                JobState::Failed => "failed",
            },
            done: job.done,
            total: job.total,
        }
    }
}
