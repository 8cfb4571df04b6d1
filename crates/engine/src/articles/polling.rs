//! Feeds are asked when it is time, some at once, and what came of it is kept with them.

use super::intake::Taken;
use super::{ArticleService, FeedSettings, Shared};
use crate::error::EngineError;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::{Id, JoinSet};
use tokio::time::sleep;
use url::Url;
use watchfire_feeds::fetch::{
    Document, Fetched, Heard, Hints, Outcome, Schedule, Skipped, Source, Validators,
};
use watchfire_feeds::html::article_of_bytes;
use watchfire_feeds::parse::{self, Entry, Feed};
use watchfire_store::articles::{Articles, FeedCheck, FeedId, FeedRow};

/// The longest sleep: what another process wrote is seen after it.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// Pages that are fetched after one poll.
const MOST_PAGES: usize = 20;
/// A text that is shorter than this is only the beginning of an article.
const SHORT_TEXT: usize = 800;

/// When a feed is asked, and what its last answer is recognised by.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct State {
    schedule: Schedule,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validators: Option<Validators>,
}

impl State {
    fn of(feed: &FeedRow, now: i64) -> Self {
        serde_json::from_str(&feed.state).unwrap_or_else(|_| Self {
            schedule: Schedule::new(Articles::hash_of(&feed.added_url), now),
            validators: None,
        })
    }
}

/// How a feed stands.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedState {
    /// The feed.
    pub row: FeedRow,
    /// What is set for it.
    pub settings: FeedSettings,
    /// When it is asked next, in milliseconds since 1970; `None` for never again.
    pub next: Option<i64>,
    /// What is thought to be the time between new entries.
    pub interval: Duration,
    /// Failures in a row.
    pub failures: u32,
}

/// What came of asking a feed.
#[derive(Debug, Clone, PartialEq)]
pub struct Polled {
    /// What was taken of it.
    pub taken: Taken,
    /// Whether it said that nothing changed.
    pub not_modified: bool,
    /// What was wrong; empty if nothing.
    pub problem: String,
    /// When it is asked next, in milliseconds since 1970; `None` for never again.
    pub next: Option<i64>,
}

impl ArticleService {
    /// All feeds, and how they stand.
    pub fn feeds(&self) -> Result<Vec<FeedState>, EngineError> {
        let now = self.shared.clock.unix_millis();
        let feeds = self.shared.store.articles().feeds()?;
        Ok(feeds.into_iter().map(|row| standing(row, now)).collect())
    }

    /// A feed, and how it stands.
    pub fn feed(&self, id: FeedId) -> Result<Option<FeedState>, EngineError> {
        let now = self.shared.clock.unix_millis();
        Ok(self.shared.feed(id)?.map(|row| standing(row, now)))
    }

    /// Adds a feed, which is asked at once; says whether it is new.
    pub fn add_feed(
        &self,
        url: &str,
        title: &str,
        folder: &str,
        settings: &FeedSettings,
    ) -> Result<(FeedId, bool), EngineError> {
        let added = self.shared.store.articles().add_feed(url, title, folder, &settings.write())?;
        self.shared.feeds_changed.notify_one();
        Ok(added)
    }

    /// Takes a feed away, with its articles. Blocks.
    pub fn remove_feed(&self, id: FeedId) -> Result<(), EngineError> {
        let removed = (|| {
            while !self.shared.store.articles().remove_feed(id, 500)? {}
            Ok(())
        })();
        // Some of it may be gone even where it failed.
        self.shared.lists.changed();
        removed
    }

    /// Has a feed asked as soon as it is its turn.
    pub fn ask_soon(&self, id: FeedId) -> Result<bool, EngineError> {
        let Some(feed) = self.shared.feed(id)? else { return Ok(false) };
        let now = self.shared.clock.unix_millis();
        let mut state = State::of(&feed, now);
        state.schedule.ask_at(now);
        let state = serde_json::to_string(&state).map_err(|_| EngineError::Corrupt("feed"))?;
        self.shared.store.articles().put_feed_state(id, &state)?;
        self.shared.feeds_changed.notify_one();
        Ok(true)
    }

    /// Asks a feed now, whether it is time or not.
    pub async fn poll(&self, id: FeedId) -> Result<Option<Polled>, EngineError> {
        let row = self.shared.blocking(move |shared| shared.feed(id)).await?;
        match row {
            Some(feed) => self.shared.poll(feed, false).await.map(Some),
            None => Ok(None),
        }
    }

    /// Asks feeds when it is time, for ever. Dropping it ends what is on its way; those feeds are asked again. What articles
    /// warned of is forgotten here, too, when its time is over: feeds or not, this is what goes on.
    pub async fn poll_feeds(&self) {
        let shared = &self.shared;
        while shared.fetcher.is_none() {
            shared.reputations.pass(shared.clock.unix_millis());
            sleep(LONGEST_SLEEP).await;
        }
        let mut running = JoinSet::new();
        let (mut busy, mut resumed) = (HashMap::new(), HashSet::new());
        loop {
            shared.reputations.pass(shared.clock.unix_millis());
            let wait = match self.due(&busy, &mut resumed).await {
                Ok((due, wait)) => {
                    for feed in due.into_iter().take(shared.polling.at_once.saturating_sub(running.len())) {
                        let (shared, id) = (Arc::clone(shared), feed.id);
                        let task = running.spawn(async move {
                            if let Err(error) = shared.poll(feed, true).await {
                                tracing::error!(%error, feed = id.0, "a feed could not be taken in");
                                // Not at once: what failed is the store.
                                sleep(LONGEST_SLEEP).await;
                            }
                        });
                        busy.insert(task.id(), id);
                    }
                    wait
                }
                Err(error) => {
                    tracing::error!(%error, "feeds can't be read");
                    LONGEST_SLEEP
                }
            };
            tokio::select! {
                Some(ended) = running.join_next_with_id() => {
                    // A panic frees its feed as well.
                    let task = ended.map_or_else(|error| error.id(), |(task, ())| task);
                    busy.remove(&task);
                }
                () = shared.feeds_changed.notified() => {}
                () = sleep(wait) => {}
            }
        }
    }

    /// Feeds that are due, the longest overdue first; and how long until the next.
    async fn due(
        &self,
        busy: &HashMap<Id, FeedId>,
        resumed: &mut HashSet<FeedId>,
    ) -> Result<(Vec<FeedRow>, Duration), EngineError> {
        let feeds = self.shared.blocking(|shared| Ok(shared.store.articles().feeds()?)).await?;
        let now = self.shared.clock.unix_millis();
        let (mut due, mut soonest) = (Vec::new(), i64::MAX);
        for feed in feeds {
            if busy.values().any(|id| *id == feed.id) || FeedSettings::read(&feed.settings).is_paused {
                continue;
            }
            let mut state = State::of(&feed, now);
            if resumed.insert(feed.id) && feed.checked_at.is_some() {
                state.schedule.resume(now, self.shared.polling.bounds);
                let written = serde_json::to_string(&state).map_err(|_| EngineError::Corrupt("feed"))?;
                let id = feed.id;
                self.shared
                    .blocking(move |shared| Ok(shared.store.articles().put_feed_state(id, &written)?))
                    .await?;
            }
            match state.schedule.next_ms() {
                Some(next) if next <= now => due.push((next, feed)),
                Some(next) => soonest = soonest.min(next),
                None => {}
            }
        }
        due.sort_by_key(|(next, _)| *next);
        let wait = Duration::from_millis(u64::try_from(soonest.saturating_sub(now)).unwrap_or(0));
        Ok((due.into_iter().map(|(_, feed)| feed).collect(), wait.min(LONGEST_SLEEP)))
    }

    /// Polls that failed since the start.
    pub fn failed_polls(&self) -> u64 {
        self.shared.failed_polls.load(Ordering::Relaxed)
    }
}

fn standing(row: FeedRow, now: i64) -> FeedState {
    let state = State::of(&row, now);
    FeedState {
        settings: FeedSettings::read(&row.settings),
        next: state.schedule.next_ms(),
        interval: state.schedule.gap(),
        failures: state.schedule.failures(),
        row,
    }
}

/// What a fetched document came to.
struct Came {
    taken: Taken,
    new: Vec<Entry>,
    hints: Hints,
    title: Option<String>,
    problem: String,
}

impl Shared {
    async fn poll(self: &Arc<Self>, feed: FeedRow, is_due: bool) -> Result<Polled, EngineError> {
        let Some(fetcher) = self.fetcher.clone() else {
            return Err(EngineError::Worker("nothing is set up to fetch with".to_owned()));
        };
        let settings = FeedSettings::read(&feed.settings);
        let mut state = State::of(&feed, self.clock.unix_millis());
        let mut source = Source::feed(feed.url.as_str()).known(state.validators.clone());
        source.allow_private = settings.allow_private;
        let Fetched { outcome, moved_to, fresh_for } = fetcher.fetch(&source).await;
        let mut check = FeedCheck { at: self.clock.unix_millis(), status: Some(200), ..FeedCheck::default() };
        let mut polled =
            Polled { taken: Taken::default(), not_modified: false, problem: String::new(), next: None };
        let mut hints = Hints { fresh_for, ..Hints::default() };
        let mut heard = outcome.heard(0);
        match outcome {
            Outcome::New(document) => {
                let validators = document.validators.clone();
                let (shared, row) = (Arc::clone(self), feed.clone());
                let came = self.blocking(move |_| shared.take_document(&row, &document)).await?;
                polled.taken = came.taken;
                polled.problem = came.problem;
                if polled.problem.is_empty() {
                    state.validators = validators;
                    check.moved_to = moved_to;
                    check.title = came.title.filter(|_| feed.title.is_empty());
                    hints = Hints { fresh_for, ..came.hints };
                    heard = Heard::Entries(u32::try_from(polled.taken.new).unwrap_or(u32::MAX));
                    if settings.full_text.unwrap_or(self.polling.full_text) {
                        let more = self.read_pages(&feed, &source, came.new).await?;
                        polled.taken.indicators += more.indicators;
                    }
                } else {
                    // It answered, but not with a feed: the same again until somebody changes something.
                    heard = Heard::Failed;
                }
            }
            Outcome::NotModified { validators } => {
                check.status = Some(304);
                state.validators = Some(validators);
                polled.not_modified = true;
            }
            Outcome::Gone => {
                check.status = Some(410);
                polled.problem = "the server says that it is gone for good".to_owned();
            }
            Outcome::Later { .. } => {
                check.status = None;
                polled.problem = "the server asks to come again later".to_owned();
            }
            Outcome::Refused(refusal) => {
                check.status = None;
                polled.problem = refusal.to_string();
            }
            Outcome::Failed(failure) => {
                check.status = None;
                polled.problem = failure.to_string();
            }
        }
        if !polled.problem.is_empty() {
            self.failed_polls.fetch_add(1, Ordering::Relaxed);
            let problem = watchfire_judge::tame(&polled.problem, 300);
            tracing::warn!(feed = feed.id.0, %problem, is_due, "a feed was not read");
        }
        let now = self.clock.unix_millis();
        polled.next = state.schedule.heard(now, heard, &hints, self.polling.bounds);
        check.problem = watchfire_judge::tame(&polled.problem, 300);
        check.state = serde_json::to_string(&state).map_err(|_| EngineError::Corrupt("feed"))?;
        self.blocking(move |shared| Ok(shared.store.articles().feed_checked(feed.id, &check)?)).await?;
        Ok(polled)
    }

    /// Reads a document and takes its articles in.
    fn take_document(&self, feed: &FeedRow, document: &Document) -> Result<Came, EngineError> {
        let hints = parse::Hints {
            content_type: document.content_type.clone(),
            content_location: None,
            url: Url::parse(&document.final_url).ok(),
        };
        let read = match parse::parse(&document.bytes, &hints) {
            Ok(read) => read,
            Err(reason) => {
                let (taken, new) = (Taken::default(), Vec::new());
                return Ok(Came {
                    taken,
                    new,
                    hints: Hints::default(),
                    title: None,
                    problem: reason.to_string(),
                });
            }
        };
        let limit = FeedSettings::read(&feed.settings).limit.unwrap_or(self.polling.limit);
        let (taken, new) = self.take_in(feed, &read.entries, limit)?;
        let hints = hints_of(&read);
        let title = read.title.clone();
        let new = new.into_iter().filter_map(|place| read.entries.get(place).cloned()).collect();
        Ok(Came { taken, new, hints, title, problem: String::new() })
    }

    /// Fetches the pages of articles of which the feed has only the beginning.
    async fn read_pages(
        self: &Arc<Self>,
        feed: &FeedRow,
        source: &Source,
        new: Vec<Entry>,
    ) -> Result<Taken, EngineError> {
        let Some(fetcher) = &self.fetcher else { return Ok(Taken::default()) };
        let mut taken = Taken::default();
        let short = new.into_iter().filter(|entry| entry.text().len() < SHORT_TEXT);
        for entry in short.filter(|entry| entry.link.is_some()).take(MOST_PAGES) {
            let link = entry.link.clone().unwrap_or_default();
            let fetched = fetcher.fetch(&Source::article(link, source)).await;
            let Outcome::New(document) = fetched.outcome else { continue };
            let row = feed.clone();
            let one = self
                .blocking(move |shared| {
                    let page = article_of_bytes(&document.bytes, document.content_type.as_deref());
                    let mut taken = Taken::default();
                    let now = shared.clock.unix_millis();
                    if let Some(prepared) = shared.prepare(&row, &entry, Some(&page.text), now) {
                        shared.put(&row, vec![prepared], &mut taken)?;
                    }
                    Ok(taken)
                })
                .await?;
            taken = taken.and(one);
        }
        Ok(taken)
    }
}

/// What a feed says about when to come again.
fn hints_of(feed: &Feed) -> Hints {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let mut skipped = Skipped::default();
    for hour in &feed.skip_hours {
        skipped.hour(*hour);
    }
    for day in feed.skip_days.iter().filter_map(|day| DAYS.get(usize::from(*day))) {
        skipped.day(day);
    }
    Hints {
        skipped,
        ttl: feed.ttl_minutes.map(|minutes| Duration::from_secs(60 * u64::from(minutes))),
        ..Hints::default()
    }
}
