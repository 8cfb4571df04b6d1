//! Lists of articles: out of the cache where nothing they depend on was written since, else out of the store.

use super::{ArticleService, Shared};
use crate::error::EngineError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use watchfire_flow::{CacheSettings, CacheStatistics, Dependent, DependentCache, HabitSettings, Habits};
use watchfire_store::articles::{ArticlePage, ArticleQuery, UserId};

/// How often habits are looked at.
const WARMING: Duration = Duration::from_secs(60);

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
}

impl Lists {
    pub(super) fn new(settings: CacheSettings) -> Self {
        Self {
            cache: DependentCache::new(settings),
            habits: Mutex::new(Habits::new(HabitSettings::default())),
        }
    }

    /// Articles were written. To be called after the write is there to be read.
    pub(super) fn changed(&self) {
        self.cache.invalidate(&Tag::Articles);
    }

    /// Somebody's scores or actions were written.
    pub(super) fn changed_for(&self, user: UserId) {
        self.cache.invalidate(&Tag::User(user));
    }
}

impl ArticleService {
    /// A page of a list. What was written before this was called is in it.
    pub async fn list(&self, query: ArticleQuery) -> Result<Listed, EngineError> {
        let key = Key(query);
        let now = self.shared.clock.unix_millis();
        // The first page is what somebody comes back to.
        if key.0.after.is_none() {
            self.shared.lists.habits.lock().unwrap_or_else(PoisonError::into_inner).asked(&key, now);
        }
        self.shared.load(&key).await
    }

    /// How lists were answered so far.
    pub fn list_statistics(&self) -> ListStatistics {
        self.shared.lists.cache.statistics()
    }

    /// Loads lists ahead of those who usually ask for them at this hour, for ever.
    pub async fn warm_lists(&self) {
        loop {
            let due = {
                let mut habits = self.shared.lists.habits.lock().unwrap_or_else(PoisonError::into_inner);
                habits.due(self.shared.clock.unix_millis())
            };
            for key in due {
                // Who asks will be told what is wrong.
                drop(self.shared.load(&key).await);
            }
            tokio::time::sleep(WARMING).await;
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
