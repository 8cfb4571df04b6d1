//! The robots.txt of hosts, read at most daily.
//!
//! RFC 9309, section 2.3.1: what is refused (4xx) allows all; what is out of reach, be it by the server's fault (5xx) or the
//! network's, disallows all. For that time what was known before goes on to hold, if there is something. "Too many requests"
//! (429) is counted to the second kind, because it says nothing about the file. Five redirects are followed, to other hosts as
//! well.

use super::robots::Robots;
use quick_cache::sync::Cache;
use quick_cache::{OptionsBuilder, Weighter};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use watchfire_http::HttpError;

/// So many bytes of rules are kept.
const MAX_WEIGHT: u64 = 32 << 20;
/// A host with rules weighs about this much.
const USUAL_WEIGHT: usize = 2 << 10;

/// What is known of a host.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// The rules, or `None` where they are out of reach.
    pub(super) rules: Option<Arc<Robots>>,
    /// Until when, in milliseconds since 1970.
    pub(super) until_ms: i64,
}

/// What came of asking for a robots.txt.
#[derive(Debug)]
pub(super) enum Heard {
    /// The host has one.
    File(bytes::Bytes),
    /// It has none.
    None,
    /// Nobody knows.
    OutOfReach,
}

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<String, Known> for Bytes {
    fn weight(&self, origin: &String, known: &Known) -> u64 {
        (origin.len() + 64 + known.rules.as_ref().map_or(0, |rules| rules.weight())) as u64
    }
}

/// What is known of the hosts.
#[derive(Debug)]
pub(super) struct RobotsCache {
    known: Cache<String, Known, Bytes>,
    age: Duration,
    retry: Duration,
}

impl RobotsCache {
    /// Where rules are good for `age`, and what is out of reach is tried again after `retry`.
    pub(super) fn new(age: Duration, retry: Duration) -> Self {
        // One shard, so that a file of the greatest size has room in it.
        let options = OptionsBuilder::new()
            .estimated_items_capacity(MAX_WEIGHT as usize / USUAL_WEIGHT)
            .weight_capacity(MAX_WEIGHT)
            .shards(1)
            .build();
        let known = match options {
            Ok(options) => Cache::with_options(
                options,
                Bytes,
                quick_cache::DefaultHashBuilder::default(),
                quick_cache::sync::DefaultLifecycle::default(),
            ),
            Err(_) => Cache::with_weighter(MAX_WEIGHT as usize / USUAL_WEIGHT, MAX_WEIGHT, Bytes),
        };
        Self { known, age, retry }
    }

    /// What is known of an origin; `ask` is asked if that is nothing or too old. Of many who want to know at once, one asks.
    /// An error is told and not kept.
    ///
    /// If this is dropped while it asks, the next who waits asks.
    pub(super) async fn of<A>(
        &self,
        origin: &str,
        now_ms: i64,
        ask: impl FnOnce() -> A,
    ) -> Result<Known, HttpError>
    where
        A: Future<Output = Result<Heard, HttpError>>,
    {
        let (guard, before) = match self.known.get_value_or_guard_async(origin).await {
            Ok(known) if now_ms < known.until_ms => return Ok(known),
            Ok(old) => {
                // Somebody else may have been faster, and theirs is left.
                self.known.remove_if(origin, |known| known.until_ms <= now_ms);
                match self.known.get_value_or_guard_async(origin).await {
                    Ok(known) => return Ok(known),
                    Err(guard) => (guard, old.rules),
                }
            }
            Err(guard) => (guard, None),
        };
        let known = self.learn(before, now_ms, ask().await?);
        // What does not fit is asked for again.
        let _ = guard.insert(known.clone());
        Ok(known)
    }

    fn learn(&self, before: Option<Arc<Robots>>, now_ms: i64, heard: Heard) -> Known {
        let (rules, wait) = match heard {
            Heard::File(bytes) => (Some(Arc::new(Robots::read(&bytes))), self.age),
            Heard::None => (Some(Arc::default()), self.age),
            Heard::OutOfReach => (before, self.retry),
        };
        Known { rules, until_ms: now_ms.saturating_add(wait.as_millis() as i64) }
    }
}
