//! Lists of articles: out of the cache where nothing they depend on was written since, else out of the store.
//!
//! Each new article outdates every list. So lists are loaded ahead of those who will ask: those that were asked for lately,
//! soon after a write; and those that are usually asked for at this hour.

use super::{ArticleService, Shared};
use crate::error::EngineError;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use watchfire_flow::{CacheSettings, CacheStatistics, Dependent, DependentCache, HabitSettings, Habits};
use watchfire_store::articles::{ArticlePage, ArticleQuery, UserId};

/// How often habits are looked at.
const WARMING: Duration = Duration::from_secs(60);
/// How long after a write lists are loaded again: more may be written by then.
const SOON: Duration = Duration::from_secs(1);
/// Who asked for a list so lately, in milliseconds, is thought to look at it still.
const LATELY_MS: i64 = 600_000;
/// Lists that are thought to be looked at, at most.
const MOST_WATCHED: usize = 200;

/// A page of a list.
pub type Listed = Arc<ArticlePage>;
/// How lists were answered.
pub type ListStatistics = CacheStatistics;

/// What lists depend on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Tag {
    /// Articles, what they name, where they are.
    Articles,
    /// A reader's scores and actions.
    User(UserId),
}

/// A list, by what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key(ArticleQuery);

impl Dependent for Key {
    type Tag = Tag;

    fn tags(&self) -> Vec<Tag> {
        let mut tags = vec![Tag::Articles];
        tags.extend(self.0.depends_on().map(Tag::User));
        tags
    }
}

pub(super) struct Lists {
    cache: DependentCache<Key, Listed, Arc<str>>,
    habits: Mutex<Habits<Key>>,
    /// First pages, and when they were last asked for.
    watched: Mutex<HashMap<Key, i64>>,
    written: Notify,
}

impl Lists {
    pub(super) fn new(settings: CacheSettings) -> Self {
        Self {
            cache: DependentCache::new(settings),
            habits: Mutex::new(Habits::new(HabitSettings::default())),
            watched: Mutex::default(),
            written: Notify::new(),
        }
    }

    /// Articles were written. To be called after the write is there to be read.
    pub(super) fn changed(&self) {
        self.cache.invalidate(&Tag::Articles);
        self.written.notify_one();
    }

    /// Somebody's scores or actions were written.
    pub(super) fn changed_for(&self, user: UserId) {
        self.cache.invalidate(&Tag::User(user));
        self.written.notify_one();
    }

    /// Somebody asks for a first page: that is what one comes back to.
    fn asked(&self, key: &Key, now: i64) {
        self.habits.lock().unwrap_or_else(PoisonError::into_inner).asked(key, now);
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if watched.len() >= MOST_WATCHED && !watched.contains_key(key) {
            watched.retain(|_, asked| now - *asked < LATELY_MS);
            if watched.len() >= MOST_WATCHED {
                return;
            }
        }
        watched.insert(key.clone(), now);
    }

    /// What is looked at and was outdated by a write.
    fn outdated(&self, now: i64) -> Vec<Key> {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.retain(|_, asked| now - *asked < LATELY_MS);
        watched.keys().filter(|key| self.cache.peek(key).is_none()).cloned().collect()
    }
}

impl ArticleService {
    /// A page of a list. What was written before this was called is in it.
    pub async fn list(&self, query: ArticleQuery) -> Result<Listed, EngineError> {
        let key = Key(query);
        let now = self.shared.clock.unix_millis();
        if key.0.after.is_none() {
            self.shared.lists.asked(&key, now);
        }
        self.shared.load(&key).await
    }

    /// How lists were answered so far.
    pub fn list_statistics(&self) -> ListStatistics {
        self.shared.lists.cache.statistics()
    }

    /// Loads lists ahead of those who look at them and of those who usually ask for them at this hour, for ever.
    pub async fn warm_lists(&self) {
        let lists = &self.shared.lists;
        loop {
            let now = self.shared.clock.unix_millis();
            let mut due = lists.habits.lock().unwrap_or_else(PoisonError::into_inner).due(now);
            due.extend(lists.outdated(now));
            for key in due {
                // Who asks will be told what is wrong.
                drop(self.shared.load(&key).await);
            }
            tokio::select! {
                () = lists.written.notified() => tokio::time::sleep(SOON).await,
                () = tokio::time::sleep(WARMING) => {}
            }
        }
    }
}

impl Shared {
    async fn load(self: &Arc<Self>, key: &Key) -> Result<Listed, EngineError> {
        let load = || async {
            let query = key.0.clone();
            let page = self.blocking(move |shared| Ok(shared.store.articles().list(&query)?)).await;
            page.map(Arc::new).map_err(|error| Arc::from(error.to_string()))
        };
        self.lists.cache.get(key, load).await.map_err(|error| EngineError::Worker(error.to_string()))
    }
}
