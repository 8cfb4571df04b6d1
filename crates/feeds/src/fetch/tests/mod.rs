//! Against servers on this machine that answer by hand, because what matters is what no good server would send.
//!
//! They are private addresses, so the sources are allowed to be. What is public is the network that nothing here reaches.

mod hostile;
mod polite;
mod redirects;
mod server;
mod validators;

use super::{FetchSettings, Fetched, Fetcher, Outcome, Source};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use watchfire_flow::Clock;

/// 2026-11-21, noon.
const NOW_MS: i64 = 1_795_262_400_000;

/// The time that the runtime has, so that it can be paused.
struct RuntimeClock(Instant);

impl Clock for RuntimeClock {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn unix_millis(&self) -> i64 {
        NOW_MS + self.0.elapsed().as_millis() as i64
    }
}

fn settings() -> FetchSettings {
    // What is asked of a host besides would be in the way of most tests.
    FetchSettings { robots: false, host_pause: Duration::ZERO, ..FetchSettings::default() }
}

fn fetcher(settings: FetchSettings) -> Fetcher {
    Fetcher::new(settings, Arc::new(RuntimeClock(Instant::now())))
}

async fn fetch(url: &str) -> Fetched {
    fetcher(settings()).fetch(&Source::feed(url).private()).await
}

/// The body of an answer that has to be there.
fn body(fetched: Fetched) -> bytes::Bytes {
    match fetched.outcome {
        Outcome::New(document) => document.bytes,
        other => panic!("{other:?}"),
    }
}
