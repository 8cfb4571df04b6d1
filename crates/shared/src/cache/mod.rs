//! A cache that several workers share, with copies near at hand; see [`SharedCache`].

use crate::connection::Connection;
use crate::line::{Event, Line};
use crate::settings::{RedisError, RedisSettings, unique};
use redis::Script;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::time::timeout;
use watchfire_flow::{FlightStatistics, Fresh, SingleFlight};

/// Names of keys that wait to be heard by those who wait for them; whoever misses one looks again.
const MOST_NEWS: usize = 256;
/// A value that takes more bytes is not shared.
const MOST_BYTES: usize = 1 << 20;

/// Bounds of a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedCacheSettings {
    /// Values that are kept near at hand, about.
    pub entries: usize,
    /// For how long at most; a value that is shared may live longer than its copies.
    pub near: Duration,
    /// How long others wait for somebody who loads and is not heard of.
    pub lease: Duration,
}

impl Default for SharedCacheSettings {
    fn default() -> Self {
        Self { entries: 1_000, near: Duration::from_secs(60), lease: Duration::from_secs(10) }
    }
}

/// Values by key, loaded once however many tasks of however many workers want them.
///
/// A hit is answered from the copy at hand, without a word to the server. A miss asks the server; if it has no value
/// either, one worker of all loads and the others wait to hear of it, or until its lease is over. What is forgotten is
/// forgotten by all, copies too, and a value whose load began before that is not kept. Where the server can't be reached,
/// each worker has its copies and loads for itself; once it can be again the copies are dropped, since nobody knows what
/// was forgotten meanwhile.
///
/// Keys are hashed before they leave, so any text may be one, and none is seen on the server. Values are kept as JSON; one
/// that can't be read, because another version wrote it, is loaded anew and replaced.
#[derive(Debug)]
pub struct SharedCache<V, E> {
    near: Arc<RwLock<Near<V, E>>>,
    news: broadcast::Sender<Arc<str>>,
    line: Line,
    names: Names,
    settings: SharedCacheSettings,
    scripts: Scripts,
    token: String,
    loads: AtomicU64,
}

type Near<V, E> = Arc<SingleFlight<Arc<str>, V, E>>;

#[derive(Debug)]
struct Names {
    settings: RedisSettings,
    name: String,
    channel: String,
}

struct Scripts {
    look: Script,
    store: Script,
    forget: Script,
}

impl std::fmt::Debug for Scripts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scripts")
    }
}

/// What the server says of a key.
enum Looked {
    Value(Vec<u8>, Duration),
    Ours(String),
    Theirs(Duration),
}

impl<V, E> SharedCache<V, E>
where
    V: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    /// A cache that all share who use this name on this server. Returns at once. Must be called on a tokio runtime with time
    /// and network, which has to outlive it.
    pub fn start(
        redis: &RedisSettings,
        name: &str,
        settings: SharedCacheSettings,
    ) -> Result<Self, RedisError> {
        redis.check()?;
        let channel = redis.key("cache", name, "news");
        let near = Arc::new(RwLock::new(Arc::new(SingleFlight::new(settings.entries))));
        let (news, _) = broadcast::channel(MOST_NEWS);
        let hears = {
            let (near, news) = (Arc::clone(&near), news.clone());
            move |event: Event, _: Option<&Connection>| match event {
                Event::Connected => {
                    let mut near = near.write().unwrap_or_else(PoisonError::into_inner);
                    *near = Arc::new(SingleFlight::new(settings.entries));
                }
                Event::Said(said) => {
                    let Ok(said) = std::str::from_utf8(&said) else { return };
                    let Some((kind, key)) = said.split_once(' ') else { return };
                    let key: Arc<str> = key.into();
                    if kind == "forget" {
                        let near: Near<V, E> =
                            Arc::clone(&near.read().unwrap_or_else(PoisonError::into_inner));
                        near.invalidate(&key);
                    }
                    drop(news.send(key));
                }
                Event::Gone => {}
            }
        };
        Ok(Self {
            near,
            news,
            line: Line::start(redis.clone(), channel.clone(), hears),
            names: Names { settings: redis.clone(), name: name.to_owned(), channel },
            settings,
            scripts: Scripts {
                look: Script::new(include_str!("look.lua")),
                store: Script::new(include_str!("store.lua")),
                forget: Script::new(include_str!("forget.lua")),
            },
            token: unique()?,
            loads: AtomicU64::new(0),
        })
    }

    /// The value of a key: at hand, shared, or loaded by whoever asks first; see [`SingleFlight::get`]. The time that a loaded
    /// value brings is how long it is shared.
    ///
    /// Dropping this while it loads ends the load: others of this worker begin their own at once, those of other workers when
    /// the lease is over.
    pub async fn get<L, F>(&self, key: &str, load: L) -> Result<V, E>
    where
        L: FnOnce() -> F,
        F: Future<Output = Result<Fresh<V>, E>>,
    {
        let key: Arc<str> = blake3::hash(key.as_bytes()).to_hex().as_str().into();
        let near = self.near();
        near.get(&key, || self.look(Arc::clone(&key), load)).await
    }

    /// Forgets a key, everywhere. An error means that others may have the value until it is too old; here it is forgotten.
    pub async fn forget(&self, key: &str) -> Result<(), RedisError> {
        let key: Arc<str> = blake3::hash(key.as_bytes()).to_hex().as_str().into();
        self.near().invalidate(&key);
        let Some(connection) = self.line.get() else {
            return Err(RedisError::Answer { problem: "there is no connection".to_owned() });
        };
        let message = format!("forget {key}");
        let arguments = [self.names.channel.as_bytes(), message.as_bytes()];
        connection.run_script::<i64>(&self.scripts.forget, &self.names.keys(&key), &arguments).await?;
        // What was loading here meanwhile may be old, too.
        self.near().invalidate(&key);
        Ok(())
    }

    /// How gets of this worker were answered, by its copies first.
    pub fn statistics(&self) -> FlightStatistics {
        self.near().statistics()
    }

    /// How often this worker loaded a value.
    pub fn loads(&self) -> u64 {
        self.loads.load(Ordering::Relaxed)
    }

    /// Waits until the server is reached.
    pub async fn connected(&self) {
        self.line.connected().await;
    }

    fn near(&self) -> Near<V, E> {
        Arc::clone(&self.near.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is not at hand.
    async fn look<L, F>(&self, key: Arc<str>, load: L) -> Result<Fresh<V>, E>
    where
        L: FnOnce() -> F,
        F: Future<Output = Result<Fresh<V>, E>>,
    {
        loop {
            let Some(connection) = self.line.get() else { return self.load(load).await };
            // Listening before looking, so that what happens in between is heard.
            let mut news = self.news.subscribe();
            match self.ask(&connection, &key).await {
                Ok(Looked::Value(bytes, left)) => {
                    return match serde_json::from_slice(&bytes) {
                        Ok(value) => Ok(Fresh::new(value, left.min(self.settings.near))),
                        Err(_) => self.load(load).await,
                    };
                }
                Ok(Looked::Ours(token)) => {
                    let loaded = self.load(load).await;
                    let (bytes, ttl) = match &loaded {
                        Ok(fresh) => (serde_json::to_vec(&fresh.value).unwrap_or_default(), fresh.ttl),
                        Err(_) => (Vec::new(), Duration::ZERO),
                    };
                    let kept = self.keep(&connection, &key, &token, bytes, ttl).await;
                    return loaded.map(|fresh| match kept {
                        Ok(true) => Fresh::new(fresh.value, fresh.ttl.min(self.settings.near)),
                        // Forgotten meanwhile, or nobody knows: only for those who wait now.
                        Ok(false) | Err(_) => Fresh::new(fresh.value, Duration::ZERO),
                    });
                }
                Ok(Looked::Theirs(left)) => {
                    let heard = async { while news.recv().await.is_ok_and(|other| other != key) {} };
                    drop(timeout(left + Duration::from_millis(1), heard).await);
                }
                Err(_) => return self.load(load).await,
            }
        }
    }

    async fn load<L, F>(&self, load: L) -> Result<Fresh<V>, E>
    where
        L: FnOnce() -> F,
        F: Future<Output = Result<Fresh<V>, E>>,
    {
        self.loads.fetch_add(1, Ordering::Relaxed);
        load().await
    }

    async fn ask(&self, connection: &Connection, key: &str) -> Result<Looked, RedisError> {
        // One for each load: a load of this worker that was given up is not this one.
        let token = format!("{}.{}", self.token, self.loads.load(Ordering::Relaxed));
        let lease = self.settings.lease.as_millis().max(1).to_string();
        let arguments = [token.as_bytes(), lease.as_bytes()];
        let keys = self.names.keys(key);
        let (what, value, left): (i64, Option<Vec<u8>>, i64) =
            connection.run_script(&self.scripts.look, &keys, &arguments).await?;
        let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
        match (what, value) {
            (1, Some(value)) => Ok(Looked::Value(value, left)),
            (2, _) => Ok(Looked::Ours(token)),
            (3, _) => Ok(Looked::Theirs(left)),
            _ => Err(RedisError::Answer { problem: "a value is neither there nor not".to_owned() }),
        }
    }

    /// True if it is kept, false if it was forgotten meanwhile.
    async fn keep(
        &self,
        connection: &Connection,
        key: &str,
        token: &str,
        bytes: Vec<u8>,
        ttl: Duration,
    ) -> Result<bool, RedisError> {
        let fits = !bytes.is_empty() && bytes.len() <= MOST_BYTES;
        let ttl = if fits { ttl.as_millis().min(u128::from(u32::MAX)).to_string() } else { "0".to_owned() };
        let message = format!("loaded {key}");
        let arguments =
            [token.as_bytes(), ttl.as_bytes(), self.names.channel.as_bytes(), message.as_bytes(), &bytes];
        let kept: i64 = connection.run_script(&self.scripts.store, &self.names.keys(key), &arguments).await?;
        Ok(kept == 1)
    }
}

impl Names {
    fn keys(&self, key: &str) -> [String; 2] {
        let name = format!("{}:{key}", self.name);
        ["value", "loads"].map(|part| self.settings.key("cache", &name, part))
    }
}
