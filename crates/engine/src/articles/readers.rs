//! Those who read: their profiles, ready to score, and what was learned of what they open and dismiss.

use super::preparing::Prepared;
use super::{ArticleService, Shared};
use crate::error::EngineError;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use watchfire_feeds::relevance::{
    Action as Deed, CompiledProfile, Done, Leaning, Profile, ProfileError, Relevance, Taste,
};
use watchfire_feeds::severity::{Graded, severity};
use watchfire_feeds::{Entity, EntityKind, Reading, Subject};
use watchfire_signal::Timestamp;
use watchfire_store::Store;
use watchfire_store::articles::{
    Action, ArticleId, Columns, FeedRow, ListedArticle, PlaceRow, ProfileRow, RelevanceRow, UserId,
};

/// What of a stored article it is judged by.
const READ: Columns =
    Columns::TITLE.and(Columns::TEXT).and(Columns::ENTITIES).and(Columns::PLACES).and(Columns::FEED);
/// Readers at most.
const MOST_READERS: usize = 1_000;

/// Why a reader can't be served.
#[derive(Debug, thiserror::Error)]
pub enum ReaderProblem {
    /// There is no profile of this name.
    #[error("there is no profile of {0}")]
    Nobody(String),
    /// The profile is not one.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// There are too many.
    #[error("there are {MOST_READERS} profiles already")]
    TooMany,
    /// There is no such article.
    #[error("there is no such article")]
    NoArticle,
    /// The store failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<watchfire_store::StoreError> for ReaderProblem {
    fn from(error: watchfire_store::StoreError) -> Self {
        Self::Engine(error.into())
    }
}

/// What a reader does with an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Opens it.
    Open,
    /// Dismisses it.
    Dismiss,
    /// Takes back what they did.
    TakeBack,
}

/// Somebody with a profile.
pub(super) struct Reader {
    pub(super) id: UserId,
    pub(super) profile: CompiledProfile,
    pub(super) leaning: Leaning,
}

/// Everybody with a profile.
#[derive(Default)]
pub(super) struct Readers {
    by_name: RwLock<HashMap<String, Arc<Reader>>>,
    /// Held by whoever reads what is stored of a reader and writes it anew: two at once would learn from one only.
    writing: Mutex<()>,
}

impl Readers {
    /// Those that the store has. A profile that another version wrote and this one can't read scores nothing.
    pub(super) fn open(store: &Store, now: i64) -> Result<Self, EngineError> {
        let mut readers = HashMap::new();
        for row in store.articles().profiles()? {
            match reader(store, &row, now) {
                Ok(reader) => drop(readers.insert(row.user.clone(), Arc::new(reader))),
                Err(ReaderProblem::Engine(error)) => return Err(error),
                Err(problem) => {
                    tracing::warn!(%problem, user = %watchfire_judge::tame(&row.user, 80), "a profile is passed over");
                }
            }
        }
        Ok(Self { by_name: RwLock::new(readers), writing: Mutex::default() })
    }

    pub(super) fn of(&self, user: &str) -> Option<Arc<Reader>> {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner).get(user).cloned()
    }

    fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> Vec<Arc<Reader>> {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn put(&self, user: &str, reader: Option<Reader>) {
        let mut readers = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        match reader {
            Some(reader) => drop(readers.insert(user.to_owned(), Arc::new(reader))),
            None => drop(readers.remove(user)),
        }
    }

    fn count(&self) -> usize {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}

fn reader(store: &Store, row: &ProfileRow, now: i64) -> Result<Reader, ReaderProblem> {
    let profile = Profile::from_json(row.body.as_bytes())?;
    let profile = CompiledProfile::new(&profile)?;
    Ok(Reader { id: row.id, profile, leaning: taste(store, row.id)?.at(moment(now)) })
}

fn taste(store: &Store, user: UserId) -> Result<Taste, EngineError> {
    let stored = store.articles().taste(user)?;
    Ok(stored.and_then(|body| serde_json::from_str(&body).ok()).unwrap_or_default())
}

fn moment(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms).unwrap_or_else(|| Timestamp::from_millis(0).unwrap_or_default())
}

impl ArticleService {
    /// All profiles, by name.
    pub fn profiles(&self) -> Result<Vec<ProfileRow>, EngineError> {
        let mut profiles = self.shared.store.articles().profiles()?;
        profiles.sort_by(|one, other| one.user.cmp(&other.user));
        Ok(profiles)
    }

    /// A profile.
    pub fn profile(&self, user: &str) -> Result<Option<ProfileRow>, EngineError> {
        Ok(self.shared.store.articles().profile(user)?)
    }

    /// The number of a reader.
    pub fn reader(&self, user: &str) -> Option<UserId> {
        self.shared.readers.of(user).map(|reader| reader.id)
    }

    /// How severe a stored article is, and why. It has to be read with its title, text, entities, places and feed.
    pub fn graded(&self, read: &ListedArticle) -> Result<Graded, EngineError> {
        self.shared.with_stored(read, severity)
    }

    /// Gives somebody a profile, in the place of the one they had. Articles that come from now on are scored by it; those
    /// that are there, when that is asked for ([`ArticleService::calculate`]).
    pub fn put_profile(&self, profile: &Profile) -> Result<ProfileRow, ReaderProblem> {
        // Whatever can't score is refused before anything is stored.
        CompiledProfile::new(profile)?;
        let shared = &self.shared;
        let _writing = shared.readers.writing();
        if shared.readers.of(&profile.user).is_none() && shared.readers.count() >= MOST_READERS {
            return Err(ReaderProblem::TooMany);
        }
        let now = shared.clock.unix_millis();
        let body = serde_json::to_string(profile).map_err(|_| EngineError::Corrupt("profile"))?;
        let row = shared.store.articles().put_profile(&profile.user, &body, now)?;
        shared.readers.put(&profile.user, Some(reader(&shared.store, &row, now)?));
        shared.lists.changed_for(row.id);
        Ok(row)
    }

    /// Takes a profile away, with all that belongs to it. Blocks.
    pub fn remove_profile(&self, user: &str) -> Result<(), ReaderProblem> {
        let _writing = self.shared.readers.writing();
        let row = self.shared.store.articles().profile(user)?;
        let row = row.ok_or_else(|| ReaderProblem::Nobody(user.to_owned()))?;
        self.shared.readers.put(user, None);
        let removed = (|| {
            while !self.shared.store.articles().remove_user(row.id, 1_000)? {}
            Ok(())
        })();
        self.shared.lists.changed_for(row.id);
        removed
    }

    /// Notes what a reader does with an article, and learns from it. Twice the same is once. Blocks.
    pub fn act(&self, user: &str, article: ArticleId, act: Act) -> Result<(), ReaderProblem> {
        let shared = &self.shared;
        let _writing = shared.readers.writing();
        let reader = shared.readers.of(user).ok_or_else(|| ReaderProblem::Nobody(user.to_owned()))?;
        let now = shared.clock.unix_millis();
        let store = shared.store.articles();
        let read = store.article(article, None, READ)?;
        let read = read.ok_or(ReaderProblem::NoArticle)?;
        let before = match act {
            Act::Open => store.act(reader.id, article, Action::Opened, now)?,
            Act::Dismiss => store.act(reader.id, article, Action::Dismissed, now)?,
            Act::TakeBack => store.take_back(reader.id, article)?,
        };
        // That is written, whatever becomes of what is learned.
        shared.lists.changed_for(reader.id);
        let mut taste = taste(&shared.store, reader.id)?;
        let features = shared.with_stored(&read, |reading| reader.profile.features(reading))?;
        let done = |action| Done { action, at: moment(now) };
        let deed = |action| match action {
            Action::Opened => Deed::Opened,
            Action::Dismissed => Deed::Dismissed,
        };
        let previous = before.map(|(action, at)| Done { action: deed(action), at: moment(at) });
        match (act, previous) {
            (Act::Open, previous) => taste.learn(&features, previous, done(Deed::Opened)),
            (Act::Dismiss, previous) => taste.learn(&features, previous, done(Deed::Dismissed)),
            (Act::TakeBack, Some(previous)) => taste.unlearn(&features, previous),
            (Act::TakeBack, None) => return Ok(()),
        }
        let body = serde_json::to_string(&taste).map_err(|_| EngineError::Corrupt("taste"))?;
        store.put_taste(reader.id, &body, now)?;
        if let Some(row) = store.profile(user)? {
            shared.readers.put(user, Some(self::reader(&shared.store, &row, now)?));
        }
        Ok(())
    }
}

impl Shared {
    /// Scores articles that have just been stored, for everybody.
    pub(super) fn score_fresh(
        &self,
        feed: &FeedRow,
        fresh: &[(ArticleId, Prepared)],
        countries: &HashMap<ArticleId, Vec<String>>,
    ) -> Result<(), EngineError> {
        let readers = self.readers.all();
        if readers.is_empty() || fresh.is_empty() {
            return Ok(());
        }
        let none = Vec::new();
        let settings = super::FeedSettings::read(&feed.settings);
        let mut rows: HashMap<UserId, Vec<RelevanceRow>> = HashMap::new();
        for (id, one) in fresh {
            let subject = Subject {
                title: &one.article.title,
                text: &one.article.text,
                entities: &one.entities,
                exploited: &one.exploited,
                countries: countries.get(id).unwrap_or(&none),
                source: named(feed),
                source_weight: settings.source_weight(),
                ..Subject::default()
            };
            let reading = Reading::of(subject);
            for reader in &readers {
                let relevance = reader.profile.score(&reading, &one.graded, &reader.leaning);
                rows.entry(reader.id).or_default().push(row(*id, &relevance));
            }
        }
        for (user, rows) in rows {
            self.store.articles().put_relevance(user, &rows)?;
        }
        Ok(())
    }

    /// Scores stored articles for one reader. Those that are gone are passed over.
    pub(super) fn score_stored(&self, reader: &Reader, articles: &[ArticleId]) -> Result<(), EngineError> {
        let mut rows = Vec::with_capacity(articles.len());
        for id in articles {
            let Some(read) = self.store.articles().article(*id, None, READ)? else { continue };
            let relevance = self.with_stored(&read, |reading| {
                reader.profile.score(reading, &severity(reading), &reader.leaning)
            })?;
            rows.push(row(*id, &relevance));
        }
        self.store.articles().put_relevance(reader.id, &rows)?;
        self.lists.changed_for(reader.id);
        Ok(())
    }

    /// Scores stored articles for everybody: their places have become known, and are about to be stored.
    pub(super) fn score_located(&self, located: &[(ArticleId, Vec<PlaceRow>)]) -> Result<(), EngineError> {
        let readers = self.readers.all();
        if readers.is_empty() {
            return Ok(());
        }
        let mut rows: HashMap<UserId, Vec<RelevanceRow>> = HashMap::new();
        for (id, places) in located {
            let Some(mut read) = self.store.articles().article(*id, None, READ)? else { continue };
            read.places.clone_from(places);
            self.with_stored(&read, |reading| {
                let graded = severity(reading);
                for reader in &readers {
                    let relevance = reader.profile.score(reading, &graded, &reader.leaning);
                    rows.entry(reader.id).or_default().push(row(*id, &relevance));
                }
            })?;
        }
        for (user, rows) in rows {
            self.store.articles().put_relevance(user, &rows)?;
            self.lists.changed_for(user);
        }
        Ok(())
    }

    /// Reads a stored article as it was read when it came.
    pub(super) fn with_stored<T>(
        &self,
        read: &ListedArticle,
        work: impl FnOnce(&Reading<'_>) -> T,
    ) -> Result<T, EngineError> {
        let entities: Vec<Entity> = read
            .entities
            .iter()
            .filter_map(|(kind, value)| {
                Some(Entity { kind: EntityKind::from_id(*kind)?, value: value.clone() })
            })
            .collect();
        let exploited = self.exploited(&entities);
        let countries = super::intake::countries_of(&read.places);
        let feed = match read.feed {
            Some(feed) => self.store.articles().feed(feed)?,
            None => None,
        };
        let settings =
            feed.as_ref().map(|feed| super::FeedSettings::read(&feed.settings)).unwrap_or_default();
        let subject = Subject {
            title: read.title.as_deref().unwrap_or_default(),
            text: read.text.as_deref().unwrap_or_default(),
            entities: &entities,
            exploited: &exploited,
            countries: &countries,
            source: feed.as_ref().map_or("", named),
            source_weight: settings.source_weight(),
            ..Subject::default()
        };
        Ok(work(&Reading::of(subject)))
    }
}

/// What readers call a feed.
fn named(feed: &FeedRow) -> &str {
    if feed.title.is_empty() { &feed.url } else { &feed.title }
}

/// What is not wanted is stored as what does not matter, so that a list leaves it out.
fn row(article: ArticleId, relevance: &Relevance) -> RelevanceRow {
    RelevanceRow {
        article,
        score: if relevance.is_wanted { relevance.score } else { 0 },
        reasons: serde_json::to_string(&relevance.reasons).unwrap_or_default(),
    }
}
