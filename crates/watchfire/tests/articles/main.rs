//! Feeds and articles from the command line, as docs/feeds.md and the README show them: files are taken in once, articles
//! are listed by what they matter to somebody, lists of feeds come and go, feeds are asked politely, and whatever is wrong is
//! told with what to do about it.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod checking;
mod feed_lists;
mod geo;
mod ingesting;
mod polling;
mod reading;
mod web;

use support::{Workbench, example};

/// A folder in which the example feed was taken in.
fn with_example() -> Workbench {
    let bench = Workbench::new();
    bench.run(["feeds", "ingest", example("feeds").to_str().unwrap()]).ends_with(0);
    bench
}
