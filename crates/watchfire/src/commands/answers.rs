//! What a proposition service said, kept on Redis for all instances of `serve` that ask it.

use crate::config::Settings;
use crate::exit::{Problem, Status};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::sleep;
use watchfire_engine::service::{Answering, Consultant, Inquiry, NotAsked, SharedAnswers};
use watchfire_judge::tame;
use watchfire_shared::{RedisError, SharedCache, SharedCacheSettings};

/// Types whose answers are kept near at hand.
const NEAR: usize = 1_000;
/// How long others wait for an instance that asks and is not heard of, beyond what the service may take.
const LEASE: Duration = Duration::from_secs(2);
/// How long after it could not be said that something is forgotten it is said again.
const AGAIN: Duration = Duration::from_secs(5);
/// Characters of a failure that are logged.
const MOST_SAID: usize = 300;

/// The cache, and where what need not be waited for is done.
struct OnRedis {
    cache: Arc<SharedCache<String, NotAsked>>,
    /// The service's address: another service's answers are others.
    url: String,
    runtime: Handle,
}

/// The same service; where Redis is set, its answers are shared. Must be called on the runtime that requests are answered on.
pub(super) fn shared(consultant: Consultant, settings: &Settings) -> Result<Consultant, Problem> {
    let Some(redis) = settings.redis.settings()? else { return Ok(consultant) };
    let lease = Duration::from_secs_f64(settings.propositions.timeout_s) + LEASE;
    let bounds = SharedCacheSettings { entries: NEAR, lease, ..SharedCacheSettings::default() };
    let cache = SharedCache::start(&redis, "propositions", bounds)
        .map_err(|error| Problem::from_error(Status::Usage, &error, error.hint()))?;
    let url = settings.propositions.url.clone().unwrap_or_default();
    let shared = OnRedis { cache: Arc::new(cache), url, runtime: Handle::current() };
    Ok(consultant.sharing(Arc::new(shared)))
}

impl OnRedis {
    fn key(&self, rule: &str) -> String {
        format!("{}\n{rule}", self.url)
    }
}

impl SharedAnswers for OnRedis {
    fn get<'a>(&'a self, rule: &'a str, ask: Inquiry<'a>) -> Answering<'a, String> {
        Box::pin(async move { self.cache.get(&self.key(rule), ask).await })
    }

    fn forget(&self, rule: &str) {
        let (cache, key) = (Arc::clone(&self.cache), self.key(rule));
        drop(self.runtime.spawn(async move {
            while let Err(error) = cache.forget(&key).await {
                warn(&error);
                sleep(AGAIN).await;
            }
        }));
    }
}

fn warn(error: &RedisError) {
    let error = tame(&error.to_string(), MOST_SAID);
    tracing::warn!(%error, "Redis does not answer: until it does, instances may go on proposing what somebody chose against");
}
